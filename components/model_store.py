"""The volume that model servers read their repositories from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_kubernetes import core

from components.metadata import metadata
from local.cluster import layout
from model_repo import Repository, publish
from stacks.schema import S3Repository, VolumeRepository

CAPACITY = "100Gi"  # a claim must name a size; a folder has none to enforce


@dataclass(frozen=True, kw_only=True)
class ModelStoreArgs:
    """Where models lie, and the repositories that must lie there before any server looks for them."""

    repository: VolumeRepository | S3Repository
    content: Sequence[Repository]
    namespace: pulumi.Input[str]


class ModelStore(pulumi.ComponentResource):
    """A read-only claim on content-addressed repositories: `<digest>/<model>/<version>/…`.

    An update first writes the content that is not there yet (a preview writes nothing). Old content stays, so going
    back is as quick as going on. Raises PublishError if the folder can't take it.
    """

    claim_name: pulumi.Output[str]

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:ModelStore", name, None, opts)
        if isinstance(args.repository, S3Repository):
            raise NotImplementedError("components/buildable.py refuses it first")
        if claim := args.repository.claim:
            folder = Path(claim.mounted_at)
            self.claim_name = pulumi.Output.from_input(claim.name)
        else:
            folder = layout.models()
            self.claim_name = self._claim_on_node_folder(name, folder, args.namespace)
        if not pulumi.runtime.is_dry_run():
            for repository in args.content:
                publish(repository, folder)
        self.register_outputs({"claim_name": self.claim_name})

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
