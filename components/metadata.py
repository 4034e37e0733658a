"""Names and labels of everything that a stack places in Kubernetes."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import meta

from observability.variants import SERVICE_LABEL, VARIANT_LABEL, Variant, server_name

FIELD_MANAGER = "plimsoll"

SERVER = {"app.kubernetes.io/name": "triton"}
"""What finds the pods of every model server."""

ENGINE_BUILD = {"app.kubernetes.io/name": "engine-build"}
"""What finds the pods that build TensorRT engines."""


def metadata(
    name: pulumi.Input[str],
    *,
    namespace: pulumi.Input[str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> meta.v1.ObjectMetaArgs:
    """An object's metadata, with a fixed name and a fixed field manager.

    Both make an update repeatable: one that was cut off between creating an object and noting it finds the object again
    as its own, where random names would leave orphans and random managers would conflict with themselves.
    """
    return meta.v1.ObjectMetaArgs(
        name=name,
        namespace=namespace,
        labels={"app.kubernetes.io/part-of": "plimsoll", **(labels or {})},
        annotations={"pulumi.com/patchFieldManager": FIELD_MANAGER, **(annotations or {})},
    )


def selector(service: str, variant: Variant) -> dict[str, str]:
    """What finds the pods of one side, and never changes: Kubernetes forbids editing a selector."""
    return {SERVICE_LABEL: service, VARIANT_LABEL: variant}


def server_labels(service: str, variant: Variant) -> dict[str, str]:
    """The selector's labels, and those by which common tools group things."""
    return {**SERVER, "app.kubernetes.io/instance": server_name(service, variant), **selector(service, variant)}
