"""What goes wrong in a stack that makes its cluster: where the change is put, what is put, where it is refused."""

from typing import Any

from tests.stacks.configs import Config, committed, put

CLUSTER, NETWORK, L4 = "cluster", "cluster.network", "gpuPools.l4"
DIGITS = "services.digits"
DEPLOY = "arn:aws:iam::111122223333:role/deploy"

BAD_EKS: tuple[tuple[str, Any, str], ...] = (
    # Versions and images
    (f"{CLUSTER}.version", "1.29", "cluster.version"),  # AWS has ended it
    (f"{CLUSTER}.version", "1.33", "cluster.version"),  # extended support
    (f"{CLUSTER}.version", "1.99", "cluster.version"),
    (f"{CLUSTER}.version", 1.36, "cluster.version"),
    (f"{CLUSTER}.version", "v1.36", "cluster.version"),
    (f"{CLUSTER}.nodeImage", "latest", "cluster.nodeImage"),
    (f"{CLUSTER}.nodeImage", "al2@v20240703", "cluster.nodeImage"),  # the GPU image that AWS ended
    (f"{CLUSTER}.nodeImage", "AL2_x86_64_GPU", "cluster.nodeImage"),
    # Regions and zones
    (f"{CLUSTER}.region", "us-east-9", "cluster.region"),
    (f"{CLUSTER}.region", "us-east-1a", "cluster.region"),
    (f"{CLUSTER}.region", "Virginia", "cluster.region"),
    (f"{CLUSTER}.region", "eu-central-1", "cluster.network.zones[0]"),
    (f"{NETWORK}.zones", ["use1-az4"], "cluster.network.zones"),
    (f"{NETWORK}.zones", [], "cluster.network.zones"),
    (f"{NETWORK}.zones", ["use1-az1", "use1-az2", "use1-az4", "use1-az6"], "cluster.network.zones"),
    (f"{NETWORK}.zones", ["use1-az4", "use1-az4"], "cluster.network.zones[1]"),
    (f"{NETWORK}.zones", ["us-east-1a", "us-east-1b"], "cluster.network.zones[0]"),
    (f"{NETWORK}.zones", ["use1-az4", "usw2-az1"], "cluster.network.zones[1]"),
    (f"{NETWORK}.zones", ["use1-az3", "use1-az4"], "cluster.network.zones[0]"),  # no EKS there
    (f"{NETWORK}.zones", "use1-az4", "cluster.network.zones"),
    # Addresses
    (f"{NETWORK}.cidr", "10.64.0.0/24", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "10.64.0.0/21", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "10.0.0.0/8", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "10.64.0.1/16", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "10.64.0.0", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "300.0.0.0/16", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "8.8.0.0/16", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "172.20.0.0/16", "cluster.network.cidr"),
    (f"{NETWORK}.cidr", "fd00::/48", "cluster.network.cidr"),
    (f"{NETWORK}.natGateways", "none", "cluster.network.natGateways"),
    (f"{NETWORK}.natGateways", 3, "cluster.network.natGateways"),
    # Who gets in
    (f"{CLUSTER}.publicAccess", {"cidrs": ["0.0.0.0/0"]}, "cluster.publicAccess.cidrs[0]"),
    (f"{CLUSTER}.publicAccess", {"cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}, "cluster.publicAccess.cidrs[1]"),
    (f"{CLUSTER}.publicAccess", {"cidrs": ["203.0.113.0/24", "52.0.0.0/8"]}, "cluster.publicAccess.cidrs[1]"),
    (f"{CLUSTER}.publicAccess", {"cidrs": ["10.0.0.0/16"]}, "cluster.publicAccess.cidrs[0]"),
    (f"{CLUSTER}.publicAccess", {"cidrs": []}, "cluster.publicAccess.cidrs"),
    (f"{CLUSTER}.publicAccess", True, "cluster.publicAccess"),
    (f"{CLUSTER}.administrators", [], "cluster.administrators"),
    (f"{CLUSTER}.administrators", ["arn:aws:iam::111122223333:root"], "cluster.administrators[0]"),
    (f"{CLUSTER}.administrators", ["arn:aws:iam::111122223333:user/me"], "cluster.administrators[0]"),
    (f"{CLUSTER}.administrators", ["*"], "cluster.administrators[0]"),
    (f"{CLUSTER}.administrators", [DEPLOY, DEPLOY], "cluster.administrators[1]"),
    # Nodes
    (f"{CLUSTER}.systemNodes", {"count": 1}, "cluster.systemNodes.count"),
    (f"{CLUSTER}.systemNodes", {"instanceType": "t3.micro"}, "cluster.systemNodes.instanceType"),
    (f"{CLUSTER}.systemNodes", {"instanceType": "m7g.large"}, "cluster.systemNodes.instanceType"),  # ARM
    (f"{CLUSTER}.logRetentionDays", 0, "cluster.logRetentionDays"),
    (f"{L4}.instanceTypes", ["m7i.large"], "gpuPools.l4.instanceTypes[0]"),
    (f"{L4}.instanceTypes", ["g6.metal"], "gpuPools.l4.instanceTypes[0]"),
    (f"{L4}.instanceTypes", ["p5e.48xlarge"], "gpuPools.l4.instanceTypes[0]"),
    (f"{L4}.nodes", {"min": 3, "max": 1}, "gpuPools.l4.nodes.min"),
    (f"{L4}.nodes", {"min": 0, "max": 0}, "gpuPools.l4.nodes.max"),
    (f"{L4}.nodes", {"min": 0, "max": 1000}, "gpuPools.l4.nodes.max"),
    (f"{L4}.capacity", "reserved", "gpuPools.l4.capacity"),
    # Services on them
    (f"{DIGITS}.pool", None, "services.digits.pool"),
    (f"{DIGITS}.pool", "h100", "services.digits.pool"),
    (f"{DIGITS}.scaling.replicas.max", 64, "services.digits.scaling.replicas.max"),
    (f"{DIGITS}.resources", {"cpu": 8, "memoryMib": 4096}, "services.digits.resources.cpu"),
    (f"{DIGITS}.resources", {"cpu": 1, "memoryMib": 65_536}, "services.digits.resources.memoryMib"),
    # Money
    ("budget.monthlyUsd", 0, "budget.monthlyUsd"),
    ("budget.monthlyUsd", "$12000", "budget.monthlyUsd"),
    ("budget.email", "ml-platform", "budget.email"),
    ("budget.owner", "ML Platform", "budget.owner"),
    ("emergency", {"stop": False}, "emergency.stop"),
    ("emergency", True, "emergency"),
    # What does not go together
    ("addons.kind", "terraform", "addons.kind"),
    ("modelRepository", {"kind": "volume"}, "modelRepository.claim"),
    ("modelRepository", {"kind": "gcs"}, "modelRepository.kind"),
    ("images", {"triton": "nvcr.io/nvidia/tritonserver:latest"}, "images.triton"),
    # Engines
    (f"{DIGITS}.engine", {"kind": "tensorrt"}, f"{DIGITS}.engine.precision"),
    (f"{DIGITS}.engine", {"kind": "tensorrt", "precision": "fp4"}, f"{DIGITS}.engine.precision"),
    (
        f"{DIGITS}.engine",
        {"kind": "tensorrt", "precision": "fp16", "maxErrorPercent": 0},
        f"{DIGITS}.engine.maxErrorPercent",
    ),
    (f"{L4}.instanceTypes", ["g6.2xlarge", "g6e.2xlarge"], f"{DIGITS}.pool"),  # one engine for two GPU models
    ("images", {"tensorrt": "nvcr.io/nvidia/tensorrt:24.01-py3"}, "images.tensorrt"),
)


def bad(place: str, value: object) -> Config:
    """The committed dev stack with one thing wrong; None takes the key out."""
    config = put(committed("Pulumi.dev.yaml"), place, value)
    if value is None:
        *above, last = place.split(".")
        holder: Any = config
        for key in above:
            holder = holder[key]
        del holder[last]
    return config
