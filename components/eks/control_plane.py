"""The EKS cluster itself: control plane, who administers it, AWS' own add-ons, and the nodes that add-ons run on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, eks

from components.eks import iam
from components.eks.nodes import NodeTemplate, node_role
from economics import SYSTEM_VOLUME
from stacks.schema import SERVICE_CIDR, EksCluster

LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")

ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


@dataclass(frozen=True)
class SystemAddon:
    """An add-on that AWS maintains, in exact versions, and what its pods may do in AWS."""

    name: str
    versions: Mapping[str, str]
    """By Kubernetes version."""
    settings: Mapping[str, object] | None = None
    service_account: str | None = None
    """Whose pods take on a role; needs `policy`."""
    policy: str | None = None
    """AWS' policy of that role."""
    needs_nodes: bool = False
    """Whether its pods have nowhere to run before there are nodes."""


SYSTEM_ADDONS = (
    SystemAddon(
        "vpc-cni",
        {"1.35": "v1.21.1-eksbuild.3", "1.36": "v1.22.3-eksbuild.1"},
        settings={"enableNetworkPolicy": "true"},
        service_account="aws-node",
        policy="AmazonEKS_CNI_Policy",
    ),
    SystemAddon("kube-proxy", {"1.35": "v1.35.0-eksbuild.2", "1.36": "v1.36.0-eksbuild.13"}),
    SystemAddon("eks-pod-identity-agent", {"1.35": "v1.3.10-eksbuild.3", "1.36": "v1.3.10-eksbuild.3"}),
    SystemAddon("coredns", {"1.35": "v1.13.2-eksbuild.1", "1.36": "v1.14.3-eksbuild.3"}, needs_nodes=True),
    SystemAddon(
        "aws-ebs-csi-driver",
        {"1.35": "v1.57.1-eksbuild.1", "1.36": "v1.63.1-eksbuild.1"},
        service_account="ebs-csi-controller-sa",
        settings={"defaultStorageClass": {"enabled": True}},
        policy="service-role/AmazonEBSCSIDriverPolicy",
        needs_nodes=True,
    ),
)
"""Sets that ran together on a cluster of that version, as its owners published them in 2026. Another Kubernetes version
is a column here; `aws eks describe-addon-versions --kubernetes-version 1.37` lists what there is."""


@dataclass(frozen=True, kw_only=True)
class ControlPlaneArgs:
    """What the stack asks of its cluster, and what the cluster stands on."""

    spec: EksCluster
    account_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class ControlPlane(pulumi.ComponentResource):
    """A cluster with access entries for users, encrypted Secrets, and an API that is private but for a list."""

    cluster: eks.Cluster
    node_role_name: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    """What nodes and control plane reach each other by."""
    kubeconfig: pulumi.Output[str]
    """Says how to fetch a token; holds none."""

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:ControlPlane", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.cluster = self._cluster()
        self.security_group_id = self.cluster.vpc_config.apply(lambda vpc: vpc.cluster_security_group_id or "")
        authority = self.cluster.certificate_authority.apply(lambda authority: authority.data or "")
        self.kubeconfig = pulumi.Output.all(self.cluster.name, self.cluster.endpoint, authority).apply(
            lambda known: kubeconfig(known[0], args.spec.region, known[1], known[2])
        )
        for role in args.spec.administrators:
            self._administrator(role)
        nodes = node_role(f"{name}-node", account_id=args.account_id, parent=self)
        self.node_role_name, self.node_role_arn = nodes.name, nodes.arn
        before = [self._addon(addon) for addon in SYSTEM_ADDONS if not addon.needs_nodes]
        system = self._system_nodes(before)
        for addon in SYSTEM_ADDONS:
            if addon.needs_nodes:
                self._addon(addon, depends_on=[system])
        self.register_outputs({})

    def _cluster(self) -> eks.Cluster:
        spec, public = self._args.spec, self._args.spec.public_access
        logs = cloudwatch.LogGroup(
            f"{self._name}-control-plane",
            name=f"/aws/eks/{self._name}/cluster",  # where EKS writes; made first, it keeps retention and key
            retention_in_days=spec.log_retention_days,
            kms_key_id=self._args.key_arn,
            opts=self._child,
        )
        role = iam.role(
            f"{self._name}-cluster",
            trusts="eks.amazonaws.com",
            account_id=self._args.account_id,
            managed=["AmazonEKSClusterPolicy"],
            parent=self,
        )
        return eks.Cluster(
            self._name,
            name=self._name,
            version=spec.version,
            role_arn=role.arn,
            vpc_config=eks.ClusterVpcConfigArgs(
                subnet_ids=list(self._args.subnet_ids.values()),
                endpoint_private_access=True,
                endpoint_public_access=public is not None,
                public_access_cidrs=list(public.cidrs) if public else None,
            ),
            access_config=eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            encryption_config=eks.ClusterEncryptionConfigArgs(
                provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=self._args.key_arn), resources=["secrets"]
            ),
            kubernetes_network_config=eks.ClusterKubernetesNetworkConfigArgs(service_ipv4_cidr=str(SERVICE_CIDR)),
            enabled_cluster_log_types=list(LOGS),
            upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            bootstrap_self_managed_addons=False,
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[logs]),
        )

    def _administrator(self, role: str) -> None:
        name = f"{self._name}-{role.rpartition('/')[2]}"
        entry = eks.AccessEntry(name, cluster_name=self.cluster.name, principal_arn=role, opts=self._child)
        eks.AccessPolicyAssociation(
            name,
            cluster_name=self.cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=ADMINISTRATOR,
            access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=self._child,
        )

    def _addon(self, addon: SystemAddon, depends_on: list[pulumi.Resource] | None = None) -> eks.Addon:
        name = f"{self._name}-{addon.name}"
        identities = None
        if addon.service_account and addon.policy:
            role = iam.role(
                name, trusts=iam.PODS, account_id=self._args.account_id, managed=[addon.policy], parent=self
            )
            identities = [eks.AddonPodIdentityAssociationArgs(role_arn=role.arn, service_account=addon.service_account)]
        return eks.Addon(
            name,
            cluster_name=self.cluster.name,
            addon_name=addon.name,
            addon_version=addon.versions[self._args.spec.version],
            configuration_values=json.dumps(addon.settings) if addon.settings else None,
            pod_identity_associations=identities,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )

    def _system_nodes(self, addons: list[eks.Addon]) -> eks.NodeGroup:
        name, wanted = f"{self._name}-system", self._args.spec.system_nodes
        template = NodeTemplate(name, volume=SYSTEM_VOLUME, tags=self._args.tags, opts=self._child)
        return eks.NodeGroup(
            name,
            cluster_name=self.cluster.name,
            node_group_name=name,
            node_role_arn=self.node_role_arn,
            subnet_ids=list(self._args.subnet_ids.values()),
            ami_type="AL2023_x86_64_STANDARD",
            instance_types=[wanted.instance_type],
            version=self._args.spec.version,
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=wanted.count, desired_size=wanted.count, max_size=wanted.count
            ),
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            launch_template=template.reference,
            opts=pulumi.ResourceOptions(parent=self, depends_on=addons),
        )


def kubeconfig(cluster: str, region: str, endpoint: str, authority: str) -> str:
    """How to reach a cluster: the AWS CLI fetches a token of fifteen minutes with whatever credentials there are."""
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", cluster, "--output", "json"]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": cluster,
            "clusters": [{"name": cluster, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
            "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": "aws"}}],
            "users": [
                {
                    "name": "aws",
                    "user": {
                        "exec": {
                            "apiVersion": "client.authentication.k8s.io/v1",
                            "command": "aws",
                            "args": arguments,
                            "interactiveMode": "Never",
                        }
                    },
                }
            ],
        }
    )
