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
        ("cluster.kind", {"cluster": {"kind": "eks", "version": "1.35"}, "modelRepository": {"kind": "s3"}}),
        ("addons.kind", {"addons": {"kind": "helm"}}),
    ],
)
def test_what_has_none_is_refused_by_name(path: str, change: dict[str, Any]) -> None:
    with pytest.raises(StackError) as refusal:
        buildable(parse({**a_stack_config(), **change}))

    assert path in [problem.path for problem in refusal.value.problems]


def test_everything_that_has_none_is_named_at_once() -> None:
    budget = {"monthlyUsd": 100, "owner": "ml-platform"}

    with pytest.raises(StackError) as refusal:
        buildable(parse({**a_stack_config(), "addons": {"kind": "helm"}, "budget": budget}))

    assert [problem.path for problem in refusal.value.problems] == ["addons.kind", "budget"]
