"""A GPU pool can hold all that may be asked of it, and is no larger than its owner allows."""

from collections.abc import Iterator

from stacks.schema import Problem

from policies.change import Change
from policies.policy import OfStack


def problems(change: Change) -> Iterator[Problem]:
    """Pools that are too small for their services, or too large for their owner."""
    stack, limits = change.stack.in_force, change.limits
    for name, pool in stack.gpu_pools.items():
        if pool.nodes.max > limits.gpu_pools.max_nodes:
            yield Problem(
                path=f"gpuPools.{name}.nodes.max",
                found=f"{pool.nodes.max} nodes",
                limit=f"{limits.gpu_pools.max_nodes}, by policies/limits.yaml",
                reason="what a pool may grow to is what a loop of retries, or a fault of an autoscaler, will buy",
                way_out=f"lower it, or ask {limits.owner} for a higher limit",
            )
        if (wanted := stack.gpus_wanted(name)) > pool.max_gpus:
            yield Problem(
                path=f"gpuPools.{name}.nodes.max",
                found=f"its services may ask for {wanted} GPUs, canaries included, and it has {pool.max_gpus}",
                limit=f"at least {wanted} GPUs",
                reason="the replicas beyond would wait for a node that never comes, when they are needed most",
                way_out="raise nodes.max, or lower replicas.max of its services",
            )


POLICY = OfStack("pool-ceiling", "A GPU pool holds its services' worst case, within its owner's limit.", problems)
