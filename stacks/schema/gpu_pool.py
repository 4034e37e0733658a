"""Groups of GPU nodes, and the instance types that may be in one.

Instance facts: EC2 DescribeInstanceTypes as recorded in moto 5.2.5 (2026-10-27). Compute capabilities: NVIDIA, "CUDA
GPUs". Supporting another type is one line in `GPU_INSTANCES`.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticKnownError

from stacks.schema.base import Spec


@dataclass(frozen=True)
class Gpu:
    """One GPU model."""

    model: str
    memory_gib: float
    compute_capability: tuple[int, int]


T4 = Gpu("T4", memory_gib=16, compute_capability=(7, 5))
A10G = Gpu("A10G", memory_gib=22.4, compute_capability=(8, 6))
L4 = Gpu("L4", memory_gib=22.4, compute_capability=(8, 9))
L40S = Gpu("L40S", memory_gib=44.7, compute_capability=(8, 9))
RTX_PRO_6000 = Gpu("RTX PRO 6000", memory_gib=96, compute_capability=(12, 0))
A100_40GB = Gpu("A100 40GB", memory_gib=40, compute_capability=(8, 0))
A100_80GB = Gpu("A100 80GB", memory_gib=80, compute_capability=(8, 0))
H100 = Gpu("H100", memory_gib=80, compute_capability=(9, 0))
H200 = Gpu("H200", memory_gib=141, compute_capability=(9, 0))
B200 = Gpu("B200", memory_gib=179.1, compute_capability=(10, 0))


@dataclass(frozen=True)
class GpuInstance:
    """What one node of an EC2 instance type has; the GPU is of one model, `gpus` times."""

    gpu: Gpu
    gpus: int
    vcpu: int
    memory_gib: int


GPU_INSTANCES: dict[str, GpuInstance] = {
    "g4dn.xlarge": GpuInstance(T4, gpus=1, vcpu=4, memory_gib=16),
    "g4dn.2xlarge": GpuInstance(T4, gpus=1, vcpu=8, memory_gib=32),
    "g4dn.4xlarge": GpuInstance(T4, gpus=1, vcpu=16, memory_gib=64),
    "g4dn.8xlarge": GpuInstance(T4, gpus=1, vcpu=32, memory_gib=128),
    "g4dn.12xlarge": GpuInstance(T4, gpus=4, vcpu=48, memory_gib=192),
    "g4dn.16xlarge": GpuInstance(T4, gpus=1, vcpu=64, memory_gib=256),
    "g5.xlarge": GpuInstance(A10G, gpus=1, vcpu=4, memory_gib=16),
    "g5.2xlarge": GpuInstance(A10G, gpus=1, vcpu=8, memory_gib=32),
    "g5.4xlarge": GpuInstance(A10G, gpus=1, vcpu=16, memory_gib=64),
    "g5.8xlarge": GpuInstance(A10G, gpus=1, vcpu=32, memory_gib=128),
    "g5.12xlarge": GpuInstance(A10G, gpus=4, vcpu=48, memory_gib=192),
    "g5.16xlarge": GpuInstance(A10G, gpus=1, vcpu=64, memory_gib=256),
    "g5.24xlarge": GpuInstance(A10G, gpus=4, vcpu=96, memory_gib=384),
    "g5.48xlarge": GpuInstance(A10G, gpus=8, vcpu=192, memory_gib=768),
    "g6.xlarge": GpuInstance(L4, gpus=1, vcpu=4, memory_gib=16),
    "g6.2xlarge": GpuInstance(L4, gpus=1, vcpu=8, memory_gib=32),
    "g6.4xlarge": GpuInstance(L4, gpus=1, vcpu=16, memory_gib=64),
    "g6.8xlarge": GpuInstance(L4, gpus=1, vcpu=32, memory_gib=128),
    "g6.12xlarge": GpuInstance(L4, gpus=4, vcpu=48, memory_gib=192),
    "g6.16xlarge": GpuInstance(L4, gpus=1, vcpu=64, memory_gib=256),
    "g6.24xlarge": GpuInstance(L4, gpus=4, vcpu=96, memory_gib=384),
    "g6.48xlarge": GpuInstance(L4, gpus=8, vcpu=192, memory_gib=768),
    "g6e.xlarge": GpuInstance(L40S, gpus=1, vcpu=4, memory_gib=32),
    "g6e.2xlarge": GpuInstance(L40S, gpus=1, vcpu=8, memory_gib=64),
    "g6e.4xlarge": GpuInstance(L40S, gpus=1, vcpu=16, memory_gib=128),
    "g6e.8xlarge": GpuInstance(L40S, gpus=1, vcpu=32, memory_gib=256),
    "g6e.12xlarge": GpuInstance(L40S, gpus=4, vcpu=48, memory_gib=384),
    "g6e.16xlarge": GpuInstance(L40S, gpus=1, vcpu=64, memory_gib=512),
    "g6e.24xlarge": GpuInstance(L40S, gpus=4, vcpu=96, memory_gib=768),
    "g6e.48xlarge": GpuInstance(L40S, gpus=8, vcpu=192, memory_gib=1536),
    "g7e.2xlarge": GpuInstance(RTX_PRO_6000, gpus=1, vcpu=8, memory_gib=64),
    "g7e.4xlarge": GpuInstance(RTX_PRO_6000, gpus=1, vcpu=16, memory_gib=128),
    "g7e.8xlarge": GpuInstance(RTX_PRO_6000, gpus=1, vcpu=32, memory_gib=256),
    "g7e.12xlarge": GpuInstance(RTX_PRO_6000, gpus=2, vcpu=48, memory_gib=512),
    "g7e.24xlarge": GpuInstance(RTX_PRO_6000, gpus=4, vcpu=96, memory_gib=1024),
    "g7e.48xlarge": GpuInstance(RTX_PRO_6000, gpus=8, vcpu=192, memory_gib=2048),
    "p4d.24xlarge": GpuInstance(A100_40GB, gpus=8, vcpu=96, memory_gib=1152),
    "p4de.24xlarge": GpuInstance(A100_80GB, gpus=8, vcpu=96, memory_gib=1152),
    "p5.4xlarge": GpuInstance(H100, gpus=1, vcpu=16, memory_gib=256),
    "p5.48xlarge": GpuInstance(H100, gpus=8, vcpu=192, memory_gib=2048),
    "p5en.48xlarge": GpuInstance(H200, gpus=8, vcpu=192, memory_gib=2048),
    "p6-b200.48xlarge": GpuInstance(B200, gpus=8, vcpu=192, memory_gib=2048),
}
"""The instance types a pool may name: x86-64, NVIDIA GPUs, not bare metal (which takes too long to start)."""


def _supported(name: str) -> str:
    if name not in GPU_INSTANCES:
        raise PydanticKnownError("literal_error", {"expected": ", ".join(map(repr, GPU_INSTANCES))})
    return name


InstanceType = Annotated[
    str, AfterValidator(_supported), WithJsonSchema({"type": "string", "enum": list(GPU_INSTANCES)})
]
"""The name of a supported GPU instance type: a key of `GPU_INSTANCES`."""


MAX_NODES = 450


class Nodes(Spec):
    """How many nodes a pool has: `min` stand always, up to `max` come and go with the pods."""

    min: int = Field(
        ge=0,
        le=MAX_NODES,
        description="The floor: nodes that stand whether or not they are needed, in nodes. At most 450, which is what "
        "one EKS node group holds unless AWS raises the quota.",
        examples=[1],
    )
    max: int = Field(
        ge=1,
        le=MAX_NODES,
        description="The most nodes the pool may grow to, in nodes. Bounds what the pool can cost; at most 450, which "
        "is what one EKS node group holds unless AWS raises the quota.",
        examples=[1],
    )


class GpuPool(Spec):
    """A group of interchangeable GPU nodes."""

    instance_types: Annotated[tuple[InstanceType, ...], Strict(strict=False)] = Field(
        min_length=1,
        max_length=20,
        description="The EC2 instance types its nodes may have, one to twenty. A replica must run on any of them, so "
        "the smallest and the oldest set the limits.",
        examples=[["g6.2xlarge"]],
    )
    nodes: Nodes = Field(
        description="How many nodes the pool has, at least and at most.",
    )
    capacity: Literal["spot", "onDemand"] = Field(
        default="onDemand",
        description="How the nodes above the floor are bought. Spot is cheaper and can be taken back at two minutes' "
        "notice.",
    )

    @property
    def instances(self) -> tuple[GpuInstance, ...]:
        """The facts of each instance type, in the order written."""
        return tuple(GPU_INSTANCES[name] for name in self.instance_types)

    @property
    def burst_nodes(self) -> int:
        """How many nodes may come on top of the floor."""
        return self.nodes.max - self.nodes.min

    @property
    def max_gpus(self) -> int:
        """GPUs the pool has for certain at `nodes.max`, should every node be of its smallest type."""
        return self.nodes.max * min(instance.gpus for instance in self.instances)

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPU models that its nodes may have, each once."""
        return tuple(dict.fromkeys(instance.gpu for instance in self.instances))

    @property
    def compute_capability(self) -> tuple[int, int]:
        """What every GPU of the pool can do: the oldest one's compute capability, as (major, minor)."""
        return min(instance.gpu.compute_capability for instance in self.instances)
