"""A GPU pool: its floor is a managed node group of fixed size, what lies above it is Karpenter's, within a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import eks
from pulumi_kubernetes import apiextensions

from components.eks.control_plane import ControlPlane
from components.eks.nodes import ROOT_DEVICE, NodeTemplate
from components.metadata import metadata
from components.triton_pod import GPU, POOL_LABEL
from economics import GPU_VOLUME
from stacks.schema import GpuPool

NODE_LIFETIME = "720h"
"""After which a burst node is replaced, so that no kernel grows older than a month."""

CONSOLIDATE_AFTER = "5m"
"""How long a burst node may stand idle: as long as the autoscaler waits before it takes replicas away."""

DRAIN_LIMIT = "10m"
"""How long pods may take to leave a burst node that has to go."""


@dataclass(frozen=True, kw_only=True)
class GpuNodePoolArgs:
    """What the stack asks of a pool, and the cluster that it belongs to."""

    spec: GpuPool
    control_plane: ControlPlane
    kubernetes_version: str
    image_release: str
    subnet_ids: Sequence[pulumi.Input[str]]
    """Of the zones in which one of its types is to be had."""
    tags: Mapping[str, str]
    instance_profile: pulumi.Input[str]
    karpenter: Sequence[pulumi.Resource]
    """What burst nodes need to be there first."""


class GpuNodePool(pulumi.ComponentResource):
    """Nodes for model servers and nobody else: labelled with the pool's name, tainted for whoever needs no GPU.

    So the pool never has more than `nodes.max` nodes: the floor can't grow, and Karpenter stops at the rest.
    """

    def __init__(
        self,
        name: str,
        args: GpuNodePoolArgs,
        *,
        kubernetes: pulumi.ProviderResource,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("plimsoll:eks:GpuNodePool", name, None, opts)
        self._name, self._args = name, args
        if args.spec.nodes.min:
            self._floor()
        if args.spec.burst_nodes:
            self._burst(kubernetes)
        self.register_outputs({})

    def _floor(self) -> None:
        args, name = self._args, f"{self._args.tags['plimsoll:stack']}-{self._name}"
        template = NodeTemplate(
            f"{self._name}-floor", volume=GPU_VOLUME, tags=args.tags, opts=pulumi.ResourceOptions(parent=self)
        )
        eks.NodeGroup(
            f"{self._name}-floor",
            cluster_name=args.control_plane.cluster.name,
            node_group_name=name,
            node_role_arn=args.control_plane.node_role_arn,
            subnet_ids=args.subnet_ids,
            ami_type="AL2023_x86_64_NVIDIA",
            capacity_type="ON_DEMAND",
            instance_types=list(args.spec.instance_types),
            version=args.kubernetes_version,
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=args.spec.nodes.min, desired_size=args.spec.nodes.min, max_size=args.spec.nodes.min
            ),
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            labels={POOL_LABEL: self._name},
            taints=[eks.NodeGroupTaintArgs(key=GPU, value="true", effect="NO_SCHEDULE")],
            launch_template=template.reference,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _burst(self, kubernetes: pulumi.ProviderResource) -> None:
        args = self._args
        node_class = apiextensions.CustomResource(
            f"{self._name}-class",
            api_version="karpenter.k8s.aws/v1",
            kind="EC2NodeClass",
            metadata=metadata(self._name),
            spec=pulumi.Output.all(
                args.instance_profile, args.control_plane.security_group_id, pulumi.Output.all(*args.subnet_ids)
            ).apply(lambda known: node_class_spec(args.image_release, args.tags, *known)),
            opts=pulumi.ResourceOptions(parent=self, provider=kubernetes, depends_on=list(args.karpenter)),
        )
        apiextensions.CustomResource(
            f"{self._name}-pool",
            api_version="karpenter.sh/v1",
            kind="NodePool",
            metadata=metadata(self._name),
            spec=node_pool_spec(self._name, args.spec),
            opts=pulumi.ResourceOptions(parent=self, provider=kubernetes, depends_on=[node_class]),
        )


def node_class_spec(
    image_release: str,
    tags: Mapping[str, str],
    instance_profile: str,
    security_group_id: str,
    subnet_ids: Sequence[str],
) -> dict[str, Any]:
    """How burst nodes are launched: as the floor's, by Karpenter."""
    return {
        "instanceProfile": instance_profile,
        "amiSelectorTerms": [{"alias": f"al2023@{image_release}"}],  # Karpenter takes its NVIDIA build on GPU types
        "subnetSelectorTerms": [{"id": subnet} for subnet in subnet_ids],
        "securityGroupSelectorTerms": [{"id": security_group_id}],
        "metadataOptions": {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1},
        "blockDeviceMappings": [
            {
                "deviceName": ROOT_DEVICE,
                "ebs": {
                    "volumeType": "gp3",
                    "volumeSize": f"{GPU_VOLUME.gib}Gi",
                    "throughput": GPU_VOLUME.throughput_mib,
                    "iops": GPU_VOLUME.iops,
                    "encrypted": True,
                    "deleteOnTermination": True,
                },
            }
        ],
        "tags": dict(tags),
    }


def node_pool_spec(name: str, pool: GpuPool) -> dict[str, Any]:
    """Which burst nodes there may be, how many, and when they go."""
    # Spot capacity runs out; a pool that may have it falls back on what is always to be had.
    capacity = ["spot", "on-demand"] if pool.capacity == "spot" else ["on-demand"]
    return {
        "template": {
            "metadata": {"labels": {POOL_LABEL: name}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.k8s.aws", "kind": "EC2NodeClass", "name": name},
                "requirements": [
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
                    {
                        "key": "node.kubernetes.io/instance-type",
                        "operator": "In",
                        "values": list(pool.instance_types),
                    },
                    {"key": "karpenter.sh/capacity-type", "operator": "In", "values": capacity},
                ],
                "taints": [{"key": GPU, "value": "true", "effect": "NoSchedule"}],
                "expireAfter": NODE_LIFETIME,
                "terminationGracePeriod": DRAIN_LIMIT,
            },
        },
        "limits": {"nodes": str(pool.burst_nodes)},
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": CONSOLIDATE_AFTER,
            "budgets": [{"nodes": "1"}],  # one at a time: each takes a server or more along
        },
    }
