"""The volume that model servers read their repositories from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pulumi
from pulumi_kubernetes import core

from components.metadata import metadata
from components.triton_pod import Models, ModelsOnVolume
from local.cluster import layout
from model_repo import Repositories, publish
from stacks.schema import S3Repository, VolumeClaim, VolumeRepository

Publish = Callable[[str, Repositories], Models]
"""Makes a service's repositories readable for its servers, and says where they are."""

CAPACITY = "100Gi"  # a claim must name a size; a folder has none to enforce


def fill_store(spec: VolumeRepository | S3Repository, repositories: Mapping[str, Repositories]) -> None:
    """Write the content that a volume has not yet; a preview writes nothing, and what goes to S3 is a resource.

    Comes before every resource, so that a store that can't take it stops an update before it has changed anything. Old
    content stays, so going back is as quick as going on. Raises PublishError.
    """
    if isinstance(spec, VolumeRepository) and not pulumi.runtime.is_dry_run():
        for repository in chain.from_iterable(repositories.values()):
            publish(repository, _folder(spec))


@dataclass(frozen=True, kw_only=True)
class ModelStoreArgs:
    """Where models lie, and the namespace of the servers that read them."""

    spec: VolumeRepository
    namespace: pulumi.Input[str]


class ModelStore(pulumi.ComponentResource):
    """A read-only claim on content-addressed repositories: `<digest>/<model>/<version>/…`."""

    models: ModelsOnVolume

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:ModelStore", name, None, opts)
        match args.spec:
            case VolumeRepository(claim=VolumeClaim(name=given)):
                claim = pulumi.Output.from_input(given)
            case spec:
                claim = self._claim_on_node_folder(name, _folder(spec), args.namespace)
        self.models = ModelsOnVolume(claim=claim)
        self.register_outputs({"claim_name": claim})

    def _claim_on_node_folder(self, name: str, folder: Path, namespace: pulumi.Input[str]) -> pulumi.Output[str]:
        """Pods of a "restricted" namespace may not name a folder of their node; a claim on one they may use."""
        volume = core.v1.PersistentVolume(
            f"{name}-volume",
            metadata=metadata(pulumi.Output.concat(namespace, "-", name)),
            spec=core.v1.PersistentVolumeSpecArgs(
                access_modes=["ReadOnlyMany"],
                storage_class_name="",
                capacity={"storage": CAPACITY},
                persistent_volume_reclaim_policy="Retain",
                host_path=core.v1.HostPathVolumeSourceArgs(path=str(folder), type="Directory"),
                claim_ref=core.v1.ObjectReferenceArgs(namespace=namespace, name=name),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        claim = core.v1.PersistentVolumeClaim(
            name,
            metadata=metadata(name, namespace=namespace),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                access_modes=["ReadOnlyMany"],
                storage_class_name="",
                volume_name=volume.metadata.name,
                resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": CAPACITY}),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return claim.metadata.name


def _folder(spec: VolumeRepository) -> Path:
    """Where this machine sees the store."""
    match spec:
        case VolumeRepository(claim=VolumeClaim(mounted_at=folder)):
            return Path(folder)
        case _:
            return layout.models()
