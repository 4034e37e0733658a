"""Containers run exactly the image that was reviewed.

A moving tag (`latest`, or none) lets a node that restarts a pod run other code than its neighbour, and a rollback bring
back something that was never tried.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import EnforcementLevel, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy

MOVING_TAGS = frozenset({"latest", "main", "master", "nightly", "stable", "dev"})
POD_SPEC_PATHS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""Where each kind of workload holds its pods' spec."""


def violations(kind: str, props: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each container of a workload whose image may change under its name."""
    pod_spec: Mapping[str, Any] = props
    for key in POD_SPEC_PATHS[kind]:
        pod_spec = pod_spec.get(key) or {}
    for group in ("initContainers", "containers"):
        for container in pod_spec.get(group) or ():
            image = str(container.get("image", ""))
            if not is_exact(image):
                yield (
                    f"container '{container.get('name')}' runs image '{image}'. Allowed: a sha256 digest, or a tag "
                    "that names one release. A moving tag makes replicas differ and rollbacks lie. "
                    "Name the release in the stack's `images`."
                )


def is_exact(image: str) -> bool:
    """Whether an image reference names one release: by digest, or by a tag that isn't known to move."""
    name, _, digest = image.partition("@")
    if digest:
        return digest.startswith("sha256:")
    tag = name.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag.lower() not in MOVING_TAGS


def _validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
    package, _, kind = args.resource_type.rpartition(":")
    if package.startswith("kubernetes:") and kind in POD_SPEC_PATHS:
        for violation in violations(kind, args.props):
            report(violation, None)


EXACT_IMAGES = ResourceValidationPolicy(
    name="exact-images",
    description="Containers run exactly the image that was reviewed.",
    enforcement_level=EnforcementLevel.MANDATORY,
    validate=_validate,
)
