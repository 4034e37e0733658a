import pytest

from stacks.schema import GPU_INSTANCES, GpuPool, Nodes


def a_pool(*instance_types: str, max_nodes: int = 3) -> GpuPool:
    return GpuPool(instance_types=instance_types, nodes=Nodes(min=1, max=max_nodes))


def test_a_pool_is_as_large_as_its_smallest_instance_type_makes_it() -> None:
    assert a_pool("g6.2xlarge", max_nodes=3).max_gpus == 3
    assert a_pool("g6.12xlarge", max_nodes=3).max_gpus == 12
    assert a_pool("g6.12xlarge", "g6.2xlarge", max_nodes=3).max_gpus == 3


def test_a_pool_can_do_what_its_oldest_gpu_can() -> None:
    assert a_pool("g6.2xlarge").compute_capability == (8, 9)
    assert a_pool("g6.2xlarge", "g4dn.2xlarge").compute_capability == (7, 5)


def test_compute_capabilities_are_ordered_by_number_not_by_text() -> None:
    assert a_pool("p5.48xlarge", "p6-b200.48xlarge").compute_capability == (9, 0)


@pytest.mark.parametrize(
    ("name", "model", "gpus", "vcpu", "memory_gib"),
    [
        ("g4dn.xlarge", "T4", 1, 4, 16),
        ("g5.12xlarge", "A10G", 4, 48, 192),
        ("g6e.48xlarge", "L40S", 8, 192, 1536),
        ("p5.48xlarge", "H100", 8, 192, 2048),
    ],
)
def test_instance_facts_are_those_aws_publishes(name: str, model: str, gpus: int, vcpu: int, memory_gib: int) -> None:
    instance = GPU_INSTANCES[name]

    assert (instance.gpu.model, instance.gpus, instance.vcpu, instance.memory_gib) == (model, gpus, vcpu, memory_gib)
