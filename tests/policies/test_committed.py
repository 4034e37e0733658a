"""What the committed stacks ask for passes the policies that judge a stack as a whole, before its first update."""

import pytest

from policies.all import POLICIES
from policies.limits import read_limits
from policies.policy import OfStack
from stacks.schema import parse
from tests.conftest import CHECKOUT
from tests.policies.changes import a_change
from tests.stacks.configs import committed

STACKS = sorted(file.name for file in (CHECKOUT / "stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", STACKS)
def test_a_committed_stack_passes(file: str) -> None:
    limits, _ = read_limits().of(file.split(".")[1])
    change = a_change(parse(committed(file)), limits=limits)

    assert [str(each) for policy in POLICIES if isinstance(policy, OfStack) for each in policy.problems(change)] == []
