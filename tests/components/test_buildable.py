from typing import Any

import pytest

from components import buildable
from stacks.schema import StackError, parse
from tests.factories import a_stack, a_stack_config


def test_what_has_a_component_passes() -> None:
    assert buildable(a_stack()).stack == a_stack()


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (
            "addons.kind",
            {
                "cluster": {"kind": "existing", "context": "mine"},
                "modelRepository": {"kind": "volume", "claim": {"name": "models", "mountedAt": "/mnt/models"}},
                "addons": {"kind": "helm"},
            },
        ),
        ("budget", {"budget": {"monthlyUsd": 100, "owner": "ml-platform", "email": "ml@example.com"}}),
    ],
)
def test_what_has_none_is_refused_by_name(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(StackError) as refusal:
        buildable(parse({**a_stack_config(), **change}))

    assert path in [problem.path for problem in refusal.value.problems]


def test_everything_that_has_none_is_named_at_once() -> None:
    budget = {"monthlyUsd": 100, "owner": "ml-platform", "email": "ml@example.com"}
    existing = {
        "cluster": {"kind": "existing", "context": "mine"},
        "modelRepository": {"kind": "volume", "claim": {"name": "models", "mountedAt": "/mnt/models"}},
    }

    with pytest.raises(StackError) as refusal:
        buildable(parse({**a_stack_config(), **existing, "addons": {"kind": "helm"}, "budget": budget}))

    assert [problem.path for problem in refusal.value.problems] == ["addons.kind", "budget"]
