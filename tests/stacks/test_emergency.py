"""The brake: what is left of a stack when it is on."""

from stacks.schema import parse
from tests.stacks.configs import committed, put

PROD = "Pulumi.prod.yaml"


def test_with_the_brake_on_pools_are_at_their_floor_and_services_at_their_fewest_replicas() -> None:
    stack = parse(put(committed(PROD), "emergency", {"stop": True})).in_force

    assert {name: (pool.nodes.min, pool.nodes.max) for name, pool in stack.gpu_pools.items()} == {
        "l4": (2, 2),
        "a10g": (0, 0),
    }
    assert {name: service.scaling.replicas.max for name, service in stack.services.items()} == {
        "digits": 2,
        "digits-archive": 0,
    }


def test_released_it_changes_nothing() -> None:
    stack = parse(committed(PROD))

    assert stack.in_force is stack
