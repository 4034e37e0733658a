"""Which container images run."""

import re
from typing import Annotated

from pydantic import Field

from stacks.schema.base import Spec

_NAME = "([a-z0-9][-.a-z0-9]*(:[0-9]+)?/)?[a-z0-9][-._/a-z0-9]*"
_TAG = ":[A-Za-z0-9_][-.A-Za-z0-9_]{0,127}"
_DIGEST = "@sha256:[0-9a-f]{64}"

ImageReference = Annotated[
    str,
    Field(
        # That the tag is not "latest" stands in checks.py: patterns here have no look-ahead.
        pattern=f"^{_NAME}({_TAG}|({_TAG})?{_DIGEST})$",
        max_length=512,
        json_schema_extra={"patternErrorMessage": "an image with an exact tag or digest, as in registry/image:1.2.3"},
    ),
]
"""A container image with an exact tag or a sha256 digest."""


class Images(Spec):
    """Where each image comes from; an air-gapped or local stack names its own registry here."""

    triton: ImageReference = Field(
        default="nvcr.io/nvidia/tritonserver:25.06-py3",
        description="The Triton Inference Server image. With an exact tag or digest: a moving tag gives two replicas "
        "of one service different servers.",
    )
    tensorrt: ImageReference = Field(
        default="nvcr.io/nvidia/tensorrt:25.06-py3",
        description="The image that builds TensorRT engines. Of the same NVIDIA release as Triton's: a server reads "
        "only what its own TensorRT built.",
    )
    aws_cli: ImageReference = Field(
        default="public.ecr.aws/aws-cli/aws-cli:2.37.1",
        description="The image that brings a model to where its engine is built, and the engine to the bucket.",
    )
    envoy: ImageReference = Field(
        default="docker.io/envoyproxy/envoy:distroless-v1.39.1",
        description="The gateway's Envoy image. With an exact tag or digest, as every image.",
    )


_RELEASE = re.compile(r":(\d\d\.\d\d)-")


def nvidia_release(image: str) -> str | None:
    """The NVIDIA release that an image's tag names, as in `25.06-py3`; all images of one release share a TensorRT."""
    found = _RELEASE.search(image)
    return found[1] if found else None
