"""Where what policies have to know is read from."""

import pytest

from policies.change import Asked, NotKnownError
from policies.deployed import asked_in, context_of, health_reader
from stacks.schema import STACK_TYPE, ExistingCluster, LocalCluster, parse
from tests.policies.changes import prod
from tests.stacks.configs import committed

PROD = committed("Pulumi.prod.yaml")
ROOT = {"type": "pulumi:pulumi:Stack"}
POD = {"type": "kubernetes:core/v1:Pod", "custom": True}


def a_state(*resources: object) -> dict[str, object]:
    return {"deployment": {"resources": list(resources)}}


def test_what_is_deployed_is_what_the_last_update_was_asked_for() -> None:
    asked = {"type": STACK_TYPE, "inputs": {"asked": PROD, "versions": {"digits/2": "a2"}}}

    assert asked_in(a_state(ROOT, asked, POD)) == Asked(parse(PROD), {"digits/2": "a2"})


def test_before_the_first_update_nothing_is() -> None:
    assert asked_in({"deployment": None}) is None
    assert asked_in(a_state(ROOT, {"type": "pulumi:providers:kubernetes", "custom": True})) is None


@pytest.mark.parametrize(
    "resources",
    [
        (ROOT, POD),
        (ROOT, {"type": STACK_TYPE, "inputs": {"asked": {"of": "old"}, "versions": {}}}),
        (ROOT, {"type": STACK_TYPE, "inputs": {"asked": PROD}}),
    ],
)
def test_a_state_that_does_not_say_it_is_not_known(resources: tuple[object, ...]) -> None:
    with pytest.raises(NotKnownError):
        asked_in(a_state(*resources))


def test_a_stack_without_monitoring_has_no_evidence() -> None:
    read_health = health_reader("prod", minutes=30)

    with pytest.raises(NotKnownError, match="has no monitoring"):
        read_health(prod().model_copy(update={"monitoring": None}), "digits", 1)


def test_evidence_is_of_the_stacks_own_cluster() -> None:
    assert context_of("prod", prod().cluster) == "plimsoll-prod"
    assert context_of("team", ExistingCluster(context="shared")) == "shared"
    assert context_of("local", LocalCluster()) is None
