"""Which Kubernetes cluster a stack runs on."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from stacks.schema.base import Spec, kind_is_text

CIDR_PATTERN = r"^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$"


def _is_a_network(text: str) -> str:
    try:
        IPv4Network(text)
    except ValueError as error:
        raise PydanticCustomError("string_pattern_mismatch", "{error}", {"error": str(error)}) from None
    return text


Cidr = Annotated[
    str,
    Field(
        pattern=CIDR_PATTERN,
        json_schema_extra={"patternErrorMessage": "an IPv4 network in CIDR notation, as in 10.64.0.0/16"},
    ),
    AfterValidator(_is_a_network),
]
"""An IPv4 network as text; no bit is set beyond its prefix."""

ZoneId = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{3,5}[0-9]-az[0-9]$",
        json_schema_extra={"patternErrorMessage": "the ID of an Availability Zone, as in use1-az4"},
    ),
]
"""An Availability Zone by its ID, which means the same place in every account; its name does not."""

SystemInstanceType = Literal["m6i.large", "m6i.xlarge", "m7i.large", "m7i.xlarge", "m7i.2xlarge"]
"""What the add-ons' nodes may be: x86-64, as all images of theirs, and 8 GiB of memory or more."""


class LocalCluster(Spec):
    """The embedded cluster on this machine."""

    kind: Literal["local"] = "local"


class ExistingCluster(Spec):
    """A cluster that is already there, reached through a kubeconfig context."""

    kind: Literal["existing"] = "existing"
    context: str = Field(
        min_length=1,
        max_length=253,
        description="The kubeconfig context to use. Always named, so that a stack never lands in whichever cluster "
        "happens to be the current one.",
        examples=["my-cluster"],
    )


class Network(Spec):
    """The VPC of an EKS cluster: private subnets for nodes and pods, public ones for the way out."""

    cidr: Cidr = Field(
        default="10.64.0.0/16",
        description="The VPC's addresses. A quarter of them goes to each zone's nodes and pods, so between /16, the "
        "largest that AWS takes, and /20, which leaves a zone 1,019 addresses. Changing it builds another VPC, which "
        "the protection of the cluster refuses.",
    )
    zones: Annotated[tuple[ZoneId, ...], Strict(strict=False)] = Field(
        min_length=2,
        max_length=3,
        description="The IDs of the Availability Zones to spread over, two or three: EKS asks for two, and a quarter "
        "of the network is each one's. IDs, because use1-az4 is the same place in every account and us-east-1a is not.",
        examples=[["use1-az4", "use1-az5", "use1-az6"]],
    )
    nat_gateways: Literal["perZone", "single"] = Field(
        default="perZone",
        description="Where connections leave from: a NAT gateway in every zone, or one for all, which costs a third "
        "and takes every zone's way out with it when its zone fails.",
    )


class SystemNodes(Spec):
    """The nodes that the add-ons run on: CoreDNS, Karpenter, KEDA, Envoy, Prometheus. Never a model server."""

    instance_type: SystemInstanceType = Field(
        default="m7i.xlarge",
        description="Their EC2 instance type.",
    )
    count: int = Field(
        default=2,
        ge=2,
        le=20,
        description="How many there are. At least 2, on different hosts, so that one can be replaced; above 20 is "
        "taken for a slip.",
    )


class PublicAccess(Spec):
    """Who may reach the Kubernetes API from outside the VPC."""

    cidrs: Annotated[tuple[Cidr, ...], Strict(strict=False)] = Field(
        min_length=1,
        max_length=40,
        description="The networks that may connect, one to forty, each a /16 or smaller: the API asks for credentials, "
        "but a whole internet that may try them is a matter of time.",
        examples=[["203.0.113.0/24"]],
    )


RolePrincipal = Annotated[
    str,
    Field(
        pattern="^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$",
        max_length=600,
        json_schema_extra={"patternErrorMessage": "an IAM role, as in arn:aws:iam::111122223333:role/deploy"},
    ),
]
"""An IAM role. Users have long-lived keys, and root has everything."""

KUBERNETES_VERSIONS = ("1.35", "1.36")
"""The versions in EKS' standard support for which this release pins add-ons that go together, oldest first."""


def _supported_version(version: str) -> str:
    if version not in KUBERNETES_VERSIONS:
        raise PydanticCustomError("literal_error", "unsupported")
    return version


class EksCluster(Spec):
    """An Amazon EKS cluster that this stack creates and owns."""

    kind: Literal["eks"] = "eks"
    region: str = Field(
        pattern="^[a-z]{2}(-[a-z]+){1,2}-[0-9]$",
        max_length=20,
        description="The AWS region of everything that the stack makes.",
        examples=["us-east-1"],
        json_schema_extra={"patternErrorMessage": "an AWS region, as in us-east-1"},
    )
    version: Annotated[
        str,
        AfterValidator(_supported_version),
        WithJsonSchema({"type": "string", "enum": list(KUBERNETES_VERSIONS)}),
    ] = Field(
        description="The Kubernetes version. Text, because YAML reads 1.30 without quotes as the number 1.3. Only "
        "versions in standard support: extended support costs six times as much an hour.",
        examples=["1.35"],
    )
    administrators: Annotated[tuple[RolePrincipal, ...], Strict(strict=False)] = Field(
        min_length=1,
        max_length=20,
        description="The IAM roles that administer the cluster, one to twenty, among them the one that Pulumi runs "
        "as: whoever creates a cluster gets no rights of its own in it.",
        examples=[["arn:aws:iam::111122223333:role/deploy"]],
    )
    network: Network = Field(
        description="The VPC that the cluster lies in. Always said, for its zones decide which GPUs are to be had.",
        examples=[{"zones": ["use1-az4", "use1-az5", "use1-az6"]}],
    )
    public_access: PublicAccess | None = Field(
        default=None,
        description="Who may reach the Kubernetes API from outside the VPC. Absent: nobody, so Pulumi has to run "
        "inside, or in a network that is connected to it.",
    )
    system_nodes: SystemNodes = Field(
        default=SystemNodes(),
        description="The nodes that the add-ons run on.",
    )
    node_image: str = Field(
        pattern="^v20[0-9]{6}$",
        description="The release of Amazon's EKS image, Amazon Linux 2023, that burst nodes start from. An exact one, "
        "so that nodes of one day are like those of another; a floor's nodes get what is current when they are made.",
        examples=["v20260903"],
        json_schema_extra={"patternErrorMessage": "a release of amazon-eks-ami, as in v20260903"},
    )
    log_retention_days: Literal[7, 14, 30, 90, 180, 365] = Field(
        default=90,
        description="How long CloudWatch keeps the control plane's and the network's logs, in days.",
    )

    @staticmethod
    def name(stack: str) -> str:
        """What the cluster of a stack is called, and the kubeconfig context that leads to it."""
        return f"plimsoll-{stack}"


Cluster = Annotated[
    LocalCluster | ExistingCluster | EksCluster, Field(discriminator="kind"), BeforeValidator(kind_is_text)
]
"""Where the stack runs: local, existing or eks."""
