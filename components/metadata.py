"""Names and labels of everything that a stack places in Kubernetes."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import meta

FIELD_MANAGER = "plimsoll"


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


def selector(service: str) -> dict[str, str]:
    """What finds a service's stable pods, and never changes: Kubernetes forbids editing a selector."""
    return {"plimsoll.dev/service": service, "plimsoll.dev/variant": "stable"}


def service_labels(service: str) -> dict[str, str]:
    """The selector's labels, and those by which common tools group things."""
    return {"app.kubernetes.io/name": "triton", "app.kubernetes.io/instance": service, **selector(service)}
