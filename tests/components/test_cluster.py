from pathlib import Path
from typing import Any

import pytest
import yaml

from components import reachable
from stacks.schema import Stack, StackError, parse
from tests.factories import a_stack, a_stack_config


def a_stack_on(context: str) -> Stack:
    existing: dict[str, Any] = {
        "cluster": {"kind": "existing", "context": context},
        "modelRepository": {"kind": "volume", "claim": {"name": "models", "mountedAt": "/mnt/models"}},
    }
    return parse({**a_stack_config(), **existing})


@pytest.fixture(autouse=True)
def _kubeconfigs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [tmp_path / name for name in ("work", "home")]
    for file in files:
        file.write_text(yaml.safe_dump({"contexts": [{"name": file.name}]}))
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, files)))


@pytest.mark.parametrize("stack", [a_stack_on("work"), a_stack_on("home"), a_stack()], ids=["first", "second", "local"])
def test_a_context_of_any_kubeconfig_passes(stack: Stack) -> None:
    assert reachable(stack) == stack


def test_a_context_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(StackError) as refusal:
        reachable(a_stack_on("production"))

    [problem] = refusal.value.problems
    assert problem.path == "cluster.context"
    assert problem.limit == "one of: home, work"
