"""What of a stack on AWS is paid for by time, beside instances: the same facts make it and price it."""

from dataclasses import dataclass

INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr")
"""What nodes ask at every start, once a layer of an image: through NAT each GiB would be paid for. One in each zone."""


@dataclass(frozen=True)
class Volume:
    """A gp3 volume, as each node has one."""

    gib: int
    iops: int = 3000
    """Those that are included in the price. EBS gives a quarter of a MiB a second for each, so they are enough."""
    throughput_mib: int = 500
    """A second. Images of ten GiB and more are what a GPU node waits for first."""


GPU_VOLUME = Volume(gib=200)
"""Of a GPU node: Triton's image has 20 GiB unpacked, and engines and models are cached beside it."""

SYSTEM_VOLUME = Volume(gib=80)
