"""The whole of what one environment asks for."""

from collections.abc import Mapping

from pydantic import Field

from stacks.schema.addons import Addons, PreinstalledAddons
from stacks.schema.base import Name, Spec
from stacks.schema.budget import Budget
from stacks.schema.cluster import Cluster
from stacks.schema.emergency import Emergency
from stacks.schema.gateway import Gateway
from stacks.schema.gpu_pool import GpuPool
from stacks.schema.images import Images
from stacks.schema.model_repository import ModelRepository
from stacks.schema.monitoring import Monitoring
from stacks.schema.service import Service

STACK_TYPE = "plimsoll:stacks:Stack"
"""The type of the Pulumi resource whose one input is what a stack asks for."""


class Stack(Spec):
    """One environment, as `plimsoll:stack` in its stack file says it. Holds no secrets."""

    namespace: Name = Field(
        default="plimsoll",
        description="The Kubernetes namespace that everything goes into.",
    )
    cluster: Cluster = Field(
        description="The Kubernetes cluster to run on. Always said, because each kind is built and paid for "
        "differently.",
        examples=[{"kind": "local"}],
    )
    addons: Addons = Field(
        default=PreinstalledAddons(),
        description="Who installs KEDA, Prometheus Operator and Envoy Gateway: the cluster's owner, or this "
        "stack. Never both.",
    )
    gpu_pools: Mapping[Name, GpuPool] = Field(
        default={},
        description="Groups of GPU nodes by name. The name becomes the label that pods find their nodes by, and "
        "names stay short enough for the Kubernetes names built from them, which end at 63 characters.",
    )
    model_repository: ModelRepository = Field(
        description="Where Triton reads its models from. Always said, because the cluster must be able to reach it.",
        examples=[{"kind": "volume"}],
    )
    services: Mapping[Name, Service] = Field(
        min_length=1,
        description="The served models by name; at least one, or there is nothing to run. Names stay short enough "
        "for the Kubernetes names built from them, which end at 63 characters.",
        examples=[{"digits": {"model": "digits", "version": 1, "engine": {"kind": "onnxruntime"}}}],
    )
    gateway: Gateway = Field(
        default=Gateway(),
        description="The way in for callers, and what it lets through.",
    )
    monitoring: Monitoring | None = Field(
        default=None,
        description="The Prometheus that watches the stack. Absent: nothing is watched, no alert fires and no replica "
        "is added.",
    )
    images: Images = Field(
        default=Images(),
        description="Where each container image comes from.",
    )
    budget: Budget | None = Field(
        default=None,
        description="A ceiling on what the stack may cost. Absent: none.",
    )
    emergency: Emergency | None = Field(
        default=None,
        description="The brake: no node above the pools' floors, no replica above the services' fewest. Absent: "
        "released.",
    )

    @property
    def in_force(self) -> "Stack":
        """What is to be built: the stack itself, or, with the brake on, the stack at its least."""
        if not self.emergency:
            return self
        pools = {
            name: pool.model_copy(update={"nodes": pool.nodes.model_copy(update={"max": pool.nodes.min})})
            for name, pool in self.gpu_pools.items()
        }
        services = {name: service.at_least_replicas for name, service in self.services.items()}
        return self.model_copy(update={"gpu_pools": pools, "services": services})

    def gpus_wanted(self, pool: str) -> int:
        """How many GPUs of a pool its services ask for when all are at full scale, canaries included."""
        return sum(service.max_replicas for service in self.services.values() if service.pool == pool)

    @property
    def longest_request_ms(self) -> int:
        """The largest timeout of any service, in milliseconds."""
        return max(service.traffic.request_timeout_ms for service in self.services.values())
