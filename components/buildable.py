"""What this release can build of all that a stack may ask for.

The schema speaks of the whole platform, so that stack files and editors are ready for it. Whatever no component builds
yet is refused here by name: a setting that is accepted and does nothing would be worse than an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stacks.schema import (
    EksCluster,
    ExistingCluster,
    HelmAddons,
    LocalCluster,
    Problem,
    S3Repository,
    Stack,
    StackError,
    TensorRt,
    VolumeRepository,
)


@dataclass(frozen=True)
class BuildableStack:
    """A stack whose every part has a component, with the kinds of those parts that a type can tell."""

    stack: Stack
    cluster: LocalCluster | ExistingCluster
    model_repository: VolumeRepository


def buildable(stack: Stack) -> BuildableStack:
    """The stack, if components exist for all it asks for. Raises StackError with everything that has none."""
    problems = tuple(_unbuildable(stack))
    if problems or isinstance(stack.cluster, EksCluster) or isinstance(stack.model_repository, S3Repository):
        raise StackError(problems)
    return BuildableStack(stack, stack.cluster, stack.model_repository)


def _unbuildable(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack.cluster, EksCluster):
        yield _not_yet("cluster.kind", "'eks'", "local or existing", "create the cluster and use kind: existing")
    if isinstance(stack.addons, HelmAddons):
        yield _not_yet("addons.kind", "'helm'", "preinstalled", "install the add-ons and use kind: preinstalled")
    if isinstance(stack.model_repository, S3Repository):
        yield _not_yet(
            "modelRepository.kind", "'s3'", "volume", "use kind: volume with a claim that many pods can read"
        )
    if stack.budget:
        yield _not_yet("budget", "a budget", "no budget", "remove it")
    for name, service in stack.services.items():
        path = f"services.{name}"
        if isinstance(service.engine, TensorRt):
            yield _not_yet(f"{path}.engine.kind", "'tensorrt'", "onnxruntime or python", "use kind: onnxruntime")


def _not_yet(path: str, asked_for: str, limit: str, way_out: str) -> Problem:
    return Problem(
        path=path,
        found=f"{asked_for} can't be built yet",
        limit=limit,
        reason="this release has no component for it, and a setting that does nothing would mislead",
        way_out=way_out,
    )
