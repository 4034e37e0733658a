"""What a stack costs a month: at its least, as it is expected to run, and at its worst.

Counted is what is paid for by the time that it is there. What is paid for by use is not: traffic, logs, requests to S3,
and what models take there.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from observability.autoscaling import BUSY_SHARE
from stacks.schema import EksCluster, GpuPool, Problem, Service, Stack, StackError, Utilisation

from economics.hourly import GPU_VOLUME, INTERFACE_ENDPOINTS, SYSTEM_VOLUME, Volume
from economics.prices import Prices, priced_regions, prices_in

HOURS_A_MONTH = 730


@dataclass(frozen=True)
class Cost:
    """Something that is paid for, in US dollars a month."""

    of: str
    floor: float
    """While nothing is asked of the stack."""
    expected: float
    """At the load that services say is usual; one that says none, or was not measured, counts at its most."""
    worst: float
    """With every pool at its most nodes, each of its dearest type."""


@dataclass(frozen=True)
class MonthlyCost:
    """All that a stack makes, and by which prices."""

    items: tuple[Cost, ...]
    prices: Prices

    @property
    def floor(self) -> float:
        """US dollars a month while nothing is asked of the stack."""
        return sum(item.floor for item in self.items)

    @property
    def expected(self) -> float:
        """US dollars a month at the usual load."""
        return sum(item.expected for item in self.items)

    @property
    def worst(self) -> float:
        """The most US dollars a month that it can cost."""
        return sum(item.worst for item in self.items)


def monthly_cost(stack: Stack) -> MonthlyCost | None:
    """What a stack costs; None where it makes nothing that is paid for, on a cluster that is there.

    Raises StackError with every price that is not known: nothing is ever taken for free.
    """
    if not isinstance(stack.cluster, EksCluster):
        return None
    prices = prices_in(stack.cluster.region)
    if problems := list(unpriced(stack, stack.cluster, prices)):
        raise StackError(problems)
    assert prices  # noqa: S101 - without them there is a problem
    return MonthlyCost((*_always(stack.cluster, prices), *_pools(stack, prices)), prices)


def unpriced(stack: Stack, cluster: EksCluster, prices: Prices | None) -> Iterator[Problem]:
    """Everything in a stack whose price is not known."""
    if prices is None:
        yield Problem(
            path="cluster.region",
            found=f"no price is known in '{cluster.region}'",
            limit=f"one of: {', '.join(priced_regions())}",
            reason="what a stack costs has to be known before it is made",
            way_out="choose one of them, or add the region to economics/prices.json: make prices",
        )
        return
    places = {
        "cluster.systemNodes.instanceType": cluster.system_nodes.instance_type,
        **{
            f"gpuPools.{name}.instanceTypes[{index}]": instance_type
            for name, pool in stack.gpu_pools.items()
            for index, instance_type in enumerate(pool.instance_types)
        },
    }
    for path, instance_type in places.items():
        if instance_type not in prices.instance_hour:
            yield Problem(
                path=path,
                found=f"the price of '{instance_type}' in {cluster.region} is not known",
                limit=f"types with a price ({prices.source}, {prices.read})",
                reason="what a stack costs has to be known before it is made",
                way_out="choose another type, or add its price to economics/prices.json",
            )


def usd_per_thousand_inferences(stack: Stack, name: str, prices: Prices, utilisation: float) -> float | None:
    """What a thousand requests to a service cost in nodes, with replicas asked for a share of their capacity.

    `utilisation` is that share, above 0 and at most 1. None where the service has no pool or was not measured.
    """
    service = stack.services[name]
    if not service.pool or not service.capacity:
        return None
    pool = stack.gpu_pools[service.pool]
    replica_hour = max(
        (prices.instance_hour[name] + prices.volume_month(GPU_VOLUME) / HOURS_A_MONTH) / instance.gpus
        for name, instance in zip(pool.instance_types, pool.instances, strict=True)
    )
    return 1000 * replica_hour / (service.capacity.requests_per_second * utilisation * 3600)


def usd_per_million_tokens(per_thousand_inferences: float, tokens_per_inference: float) -> float:
    """What a million tokens cost, where each request makes so many on average."""
    return per_thousand_inferences * 1000 / tokens_per_inference


def expected_replicas(service: Service) -> int:
    """How many replicas, the canary's included, a service is expected to run at its usual load.

    Without a usual load or a measured capacity nobody knows, and it counts at its most.
    """
    usual, capacity, replicas = service.traffic.usual_requests_per_second, service.capacity, service.scaling.replicas
    if usual is None or capacity is None:
        return service.max_replicas
    signal = service.scaling.signal
    share = signal.target_percent / 100 if isinstance(signal, Utilisation) else BUSY_SHARE
    needed = math.ceil(usual / (capacity.requests_per_second * share))
    stable = min(max(needed, replicas.min), replicas.max)
    return stable + service.canary_replicas(stable)


def _always(cluster: EksCluster, prices: Prices) -> Iterator[Cost]:
    """What is there as long as the stack is."""
    zones = len(cluster.network.zones)
    gateways = zones if cluster.network.nat_gateways == "perZone" else 1
    gateway_hour = prices.nat_gateway_hour + prices.public_address_hour
    nodes = cluster.system_nodes
    for of, usd in {
        "EKS control plane": prices.cluster_hour * HOURS_A_MONTH,
        f"{nodes.count} system nodes, {nodes.instance_type}": nodes.count
        * _node_month(nodes.instance_type, SYSTEM_VOLUME, prices),
        f"NAT gateways: {gateways}": gateways * gateway_hour * HOURS_A_MONTH,
        f"interface endpoints: {len(INTERFACE_ENDPOINTS)} in {zones} zones": len(INTERFACE_ENDPOINTS)
        * zones
        * prices.endpoint_hour
        * HOURS_A_MONTH,
        "KMS key": prices.key_month,
    }.items():
        yield Cost(of, usd, usd, usd)


def _pools(stack: Stack, prices: Prices) -> Iterator[Cost]:
    gpus: dict[str, int] = dict.fromkeys(stack.gpu_pools, 0)
    for service in stack.services.values():
        if service.pool:
            gpus[service.pool] += expected_replicas(service)
    for name, pool in stack.gpu_pools.items():
        months = [_node_month(instance_type, GPU_VOLUME, prices) for instance_type in pool.instance_types]
        # Of a node group EKS takes the first type that is written, Karpenter the cheapest. Spot costs less than
        # counted here: its price changes by the hour, and a pool may have to do without it.
        floor = pool.nodes.min * months[0]
        burst = expected_nodes(pool, gpus[name]) - pool.nodes.min
        yield Cost(
            f"pool {name}: {pool.nodes.min} to {pool.nodes.max} nodes",
            floor,
            floor + burst * min(months),
            pool.nodes.max * max(months),
        )


def expected_nodes(pool: GpuPool, gpus: int) -> int:
    """How many nodes a pool is expected to have for so many GPUs that are asked for."""
    needed = math.ceil(gpus / min(instance.gpus for instance in pool.instances))
    return min(max(needed, pool.nodes.min), pool.nodes.max)


def _node_month(instance_type: str, volume: Volume, prices: Prices) -> float:
    return prices.instance_hour[instance_type] * HOURS_A_MONTH + prices.volume_month(volume)
