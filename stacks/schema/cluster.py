"""Which Kubernetes cluster a stack runs on."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stacks.schema.base import Spec, kind_is_text


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


class EksCluster(Spec):
    """An Amazon EKS cluster that this stack creates and owns."""

    kind: Literal["eks"] = "eks"
    version: str = Field(
        pattern=r"^1\.[0-9]{2}$",
        description="The Kubernetes version. Text, because YAML reads 1.30 without quotes as the number 1.3.",
        examples=["1.35"],
        json_schema_extra={"patternErrorMessage": "a Kubernetes minor version in quotes, as in '1.35'"},
    )


Cluster = Annotated[
    LocalCluster | ExistingCluster | EksCluster, Field(discriminator="kind"), BeforeValidator(kind_is_text)
]
"""Where the stack runs: local, existing or eks."""
