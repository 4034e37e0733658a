"""What this release can build of all that a stack may ask for.

The schema speaks of the whole platform, so that stack files and editors are ready for it. Whatever no component builds
yet is refused here by name: a setting that is accepted and does nothing would be worse than an error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from economics import misplaced, models_too_large
from model_repo import Repositories
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
class OnCluster:
    """A stack on a cluster that is there: which, and the volume that its models lie on."""

    cluster: LocalCluster | ExistingCluster
    models: VolumeRepository


@dataclass(frozen=True)
class OnEks:
    """A stack that makes its cluster, and perhaps a bucket for its models."""

    cluster: EksCluster
    models: VolumeRepository | S3Repository


@dataclass(frozen=True)
class BuildableStack:
    """A stack whose every part has a component, as it is to be built, and what it stands on."""

    stack: Stack
    target: OnCluster | OnEks


def buildable(stack: Stack) -> BuildableStack:
    """The stack as in force, if components exist for all it asks for. Raises StackError with all that can't be built.

    That is what has no component, and on AWS also what is not to be had where it is asked for.
    """
    problems = [*_unbuildable(stack), *misplaced(stack)]
    match stack.cluster, stack.model_repository:
        case EksCluster() as cluster, models if not problems:
            return BuildableStack(stack.in_force, OnEks(cluster, models))
        case (LocalCluster() | ExistingCluster()) as cluster, VolumeRepository() as volume if not problems:
            return BuildableStack(stack.in_force, OnCluster(cluster, volume))
        case _:
            raise StackError(problems)


def require_room(stack: Stack, repositories: Mapping[str, Repositories]) -> None:
    """Raises StackError with every service whose model is too large for the GPUs of its pool."""
    sizes = {name: max(repository.size_bytes for repository in each) for name, each in repositories.items()}
    if problems := list(models_too_large(stack, sizes)):
        raise StackError(problems)


def _unbuildable(stack: Stack) -> Iterator[Problem]:
    if isinstance(stack.addons, HelmAddons) and not isinstance(stack.cluster, EksCluster):
        yield _not_yet("addons.kind", "'helm'", "preinstalled", "install the add-ons and use kind: preinstalled")
    if stack.budget and not isinstance(stack.cluster, EksCluster):
        yield _not_yet("budget", "a budget", "no budget but on EKS", "remove it")
    for name, service in stack.services.items():
        if isinstance(service.engine, TensorRt) and not isinstance(stack.model_repository, S3Repository):
            yield Problem(
                path=f"services.{name}.engine.kind",
                found="'tensorrt', and models lie on a volume",
                limit="engines where models are in S3",
                reason="an engine is built in the cluster, on the GPUs it is for, and a volume is only read there",
                way_out="use modelRepository: {kind: s3}, or kind: onnxruntime",
            )


def _not_yet(path: str, asked_for: str, limit: str, way_out: str) -> Problem:
    return Problem(
        path=path,
        found=f"{asked_for} can't be built yet",
        limit=limit,
        reason="this release has no component for it, and a setting that does nothing would mislead",
        way_out=way_out,
    )
