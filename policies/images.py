"""Containers run exactly the image that was reviewed, from a registry that is trusted.

A moving tag (`latest`, or none) lets a node that restarts a pod run other code than its neighbour, and a rollback bring
back something that was never tried.
"""

from collections.abc import Iterator

from stacks.schema import Problem

from policies.limits import Limits
from policies.pods import containers, pod_spec
from policies.policy import OfResource, Resource, below

MOVING_TAGS = frozenset({"latest", "main", "master", "nightly", "stable", "dev"})
ENVOY = ("spec", "provider", "kubernetes", "envoyDeployment", "container")
"""Where Envoy Gateway's EnvoyProxy holds the container that it runs."""


def problems(resource: Resource, limits: Limits) -> Iterator[Problem]:
    """A problem for each container whose image may change under its name, or comes from elsewhere."""
    for path, image in _images(resource):
        if not is_exact(image):
            yield Problem(
                path=path,
                found=f"'{image}'",
                limit="a sha256 digest, or a tag that names one release",
                reason="a moving tag makes replicas differ and rollbacks lie",
                way_out="name the release in the stack's `images`",
            )
        if not image.startswith(tuple(f"{registry}/" for registry in limits.registries)):
            yield Problem(
                path=path,
                found=f"'{image}'",
                limit=f"an image from one of: {', '.join(limits.registries)}",
                reason="who can push to a registry runs code here, beside the models and their callers' data",
                way_out="mirror it to one of those, and name it in the stack's `images`; or ask "
                f"{limits.owner} to add the registry in policies/limits.yaml",
            )


def _images(resource: Resource) -> Iterator[tuple[str, str]]:
    if found := pod_spec(resource):
        for path, container in containers(*found):
            yield f"{path}.image", str(container.get("image", ""))
    if resource.kind == "EnvoyProxy":
        yield f"{resource.path}: {'.'.join(ENVOY)}.image", str(below(resource.props, *ENVOY).get("image", ""))


def is_exact(image: str) -> bool:
    """Whether an image reference names one release: by digest, or by a tag that isn't known to move."""
    name, _, digest = image.partition("@")
    if digest:
        return digest.startswith("sha256:")
    tag = name.rpartition("/")[2].partition(":")[2]
    return bool(tag) and tag.lower() not in MOVING_TAGS


POLICY = OfResource("images", "Containers run exactly the image that was reviewed, from a trusted registry.", problems)
