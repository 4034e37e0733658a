"""Where Triton reads its models from."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stacks.schema.base import Spec, kind_is_text


class VolumeClaim(Spec):
    """A PersistentVolumeClaim that is both in the cluster and mounted where Pulumi runs, so that it can be filled."""

    name: str = Field(
        pattern=r"^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
        max_length=253,
        description="The PersistentVolumeClaim's name in the stack's namespace; many pods read it at once.",
        examples=["models"],
        json_schema_extra={"patternErrorMessage": "a Kubernetes name: lower-case letters, digits, hyphens and dots"},
    )
    mounted_at: str = Field(
        pattern="^/",
        max_length=4096,
        description="The folder where the same volume is mounted on the machine that runs Pulumi, which writes the "
        "models there. Absolute, because Pulumi's working folder differs from machine to machine.",
        examples=["/mnt/models"],
        json_schema_extra={"patternErrorMessage": "an absolute path, starting with /"},
    )


class VolumeRepository(Spec):
    """Models lie on a volume: a local cluster's own folder, or a claim on any other."""

    kind: Literal["volume"] = "volume"
    claim: VolumeClaim | None = Field(
        default=None,
        description="The claim that holds the models. Only a local cluster does without: its one node has the folder.",
    )


class S3Repository(Spec):
    """Models lie in an S3 bucket that this stack creates, under content-addressed prefixes."""

    kind: Literal["s3"] = "s3"


ModelRepository = Annotated[VolumeRepository | S3Repository, Field(discriminator="kind"), BeforeValidator(kind_is_text)]
"""Where the models lie: on a volume or in S3."""
