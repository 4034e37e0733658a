"""Where the pods of a Kubernetes object stand in it."""

from collections.abc import Iterator, Mapping, Sequence

from policies.policy import Props, Resource, below, each

POD_SPECS: Mapping[str, Sequence[str]] = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
"""By kind."""

CONTAINERS = ("initContainers", "containers")


def pod_spec(resource: Resource) -> tuple[str, Props] | None:
    """Where an object's pods are described, and how; None for an object that has none."""
    keys = POD_SPECS.get(resource.kind) if resource.type.startswith("kubernetes:") else None
    if keys is None:
        return None
    return f"{resource.path}: {'.'.join(keys)}", below(resource.props, *keys)


def containers(path: str, spec: Props) -> Iterator[tuple[str, Props]]:
    """Each container of a pod, and where it stands."""
    for group in CONTAINERS:
        for index, container in enumerate(each(spec, group)):
            yield f"{path}.{group}[{index}]", container
