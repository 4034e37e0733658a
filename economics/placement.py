"""Whether AWS has what a stack asks for, where it asks for it."""

from collections.abc import Iterator, Mapping

from stacks.schema import EksCluster, Problem, Stack

from economics.offerings import ZONES_WITHOUT_EKS, Offerings, load

MIB = 2**20
GIB = 2**30

RUNTIME_GIB = 1.0
"""What CUDA, Triton and a backend keep of a GPU's memory before any model: about half a GiB to one. An estimate."""


def misplaced(stack: Stack) -> Iterator[Problem]:
    """Every region, zone and instance type of an EKS stack that is not to be had."""
    if not isinstance(stack.cluster, EksCluster):
        return
    cluster, offerings = stack.cluster, load()
    if cluster.region not in offerings.regions:
        yield Problem(
            path="cluster.region",
            found=f"'{cluster.region}' is no region that is known here",
            limit=f"one of: {', '.join(offerings.regions)}",
            reason=f"which instance types are where is known for those ({offerings.source}, {offerings.date})",
            way_out="choose one of them, or write economics/offerings.json anew: make offerings",
        )
        return
    wrong_zones = list(_zones(cluster, offerings))
    yield from wrong_zones
    yield from _pools(stack, cluster, offerings, zones_are_known=not wrong_zones)
    if not wrong_zones:
        yield from _system_nodes(cluster, offerings)


def models_too_large(stack: Stack, model_bytes: Mapping[str, int]) -> Iterator[Problem]:
    """Every service whose model, so many times as it has instances, is more than a GPU of its pool holds.

    `model_bytes` has the size of each service's weights; what computing takes comes on top, and only a trial tells it.
    """
    for name, service in stack.services.items():
        if not service.pool:
            continue
        smallest = min(stack.gpu_pools[service.pool].instances, key=lambda instance: instance.gpu.memory_gib).gpu
        needed_gib = model_bytes[name] * service.instances / GIB + RUNTIME_GIB
        if needed_gib > smallest.memory_gib:
            yield Problem(
                path=f"services.{name}.instances",
                found=f"{service.instances} copies of {service.model} need {needed_gib:.1f} GiB of GPU memory, and a "
                f"{smallest.model} of pool '{service.pool}' has {smallest.memory_gib:g}",
                limit=f"at most {smallest.memory_gib:g} GiB",
                reason=f"each instance has the weights ({model_bytes[name] / MIB:,.0f} MiB) in the GPU's memory, and "
                f"the server itself takes about {RUNTIME_GIB:g} GiB",
                way_out="lower instances, choose types with larger GPUs for the pool, or a smaller model",
            )


def _zones(cluster: EksCluster, offerings: Offerings) -> Iterator[Problem]:
    usable = offerings.zones(cluster.region)
    for index, zone in enumerate(cluster.network.zones):
        path = f"cluster.network.zones[{index}]"
        if zone in ZONES_WITHOUT_EKS:
            yield Problem(
                path=path,
                found=f"'{zone}' has no EKS control plane",
                limit=f"one of: {', '.join(usable)}",
                reason="EKS refuses subnets in it",
                way_out="choose another zone of the region",
            )
        elif zone not in usable:
            yield Problem(
                path=path,
                found=f"'{zone}' is not in {cluster.region}",
                limit=f"one of: {', '.join(usable)}",
                reason="all of a VPC lies in one region",
                way_out="choose zones of the region; their IDs are the same in every account",
            )


def _pools(stack: Stack, cluster: EksCluster, offerings: Offerings, *, zones_are_known: bool) -> Iterator[Problem]:
    region = cluster.region
    for name, pool in stack.gpu_pools.items():
        for index, instance_type in enumerate(pool.instance_types):
            path = f"gpuPools.{name}.instanceTypes[{index}]"
            where = offerings.zones_with(region, instance_type)
            if not where:
                yield Problem(
                    path=path,
                    found=f"'{instance_type}' is not to be had in {region}",
                    limit="types that AWS offers in the cluster's region",
                    reason=f"no node of it would ever come ({offerings.source}, {offerings.date})",
                    way_out=f"choose another type, or one of its regions: "
                    f"{', '.join(offerings.regions_with(instance_type))}",
                )
            elif zones_are_known and not set(where) & set(cluster.network.zones):
                yield Problem(
                    path=path,
                    found=f"'{instance_type}' is in none of {', '.join(cluster.network.zones)}",
                    limit="types that AWS offers in one of the cluster's zones",
                    reason=f"no node of it would ever come ({offerings.source}, {offerings.date})",
                    way_out=f"put one of its zones into cluster.network.zones: {', '.join(where)}; or choose another "
                    "type",
                )


def _system_nodes(cluster: EksCluster, offerings: Offerings) -> Iterator[Problem]:
    instance_type = cluster.system_nodes.instance_type
    where = offerings.zones_with(cluster.region, instance_type)
    without = [zone for zone in cluster.network.zones if zone not in where]
    if without:
        yield Problem(
            path="cluster.systemNodes.instanceType",
            found=f"'{instance_type}' is not to be had in {', '.join(without)}",
            limit="a type that AWS offers in each of the cluster's zones",
            reason=f"the add-ons' nodes are spread over all of them ({offerings.source}, {offerings.date})",
            way_out="choose another type, or other zones",
        )
