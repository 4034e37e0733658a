"""What Karpenter needs in AWS: rights on its own cluster's nodes, and word of those that are about to be taken back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, eks, sqs
from pulumi_aws import iam as aws_iam

from components.eks import iam
from components.eks.control_plane import ControlPlane

NAMESPACE = "kube-system"
SERVICE_ACCOUNT = "karpenter"

TAGS_OF_A_NODE = ("eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name")
"""What Karpenter may say of a node that runs."""

MESSAGE_SECONDS = 300  # a warning of two minutes is worth nothing after five

EVENTS: Mapping[str, tuple[str, str]] = {
    "spot-interruption": ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    "rebalance": ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    "state-change": ("aws.ec2", "EC2 Instance State-change Notification"),
    "health": ("aws.health", "AWS Health Event"),
}
"""What EventBridge passes on: source and detail type. Source: Karpenter, "Interruption"."""


@dataclass(frozen=True, kw_only=True)
class KarpenterArgs:
    """The cluster whose nodes it starts and ends."""

    control_plane: ControlPlane
    region: str
    account_id: pulumi.Input[str]


class Karpenter(pulumi.ComponentResource):
    """A role bound to Karpenter's service account, the profile its nodes start with, and the queue it listens to."""

    instance_profile: pulumi.Output[str]
    queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:Karpenter", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = args.control_plane.cluster
        # Made here, so that Karpenter needs no right to make profiles, which is one to give any role to a node.
        profile = aws_iam.InstanceProfile(
            f"{name}-node", name=f"{name}-node", role=args.control_plane.node_role_name, opts=child
        )
        self.instance_profile = profile.name
        queue = sqs.Queue(
            f"{name}-interruption",
            name=f"{name}-interruption",
            message_retention_seconds=MESSAGE_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        self.queue_name = queue.name
        sqs.QueuePolicy(
            f"{name}-interruption",
            queue_url=queue.url,
            policy=pulumi.Output.all(queue.arn, args.account_id).apply(lambda known: queue_policy(*known)),
            opts=child,
        )
        for event, (source, detail) in EVENTS.items():
            rule = cloudwatch.EventRule(
                f"{name}-{event}",
                name=f"{name}-{event}",
                event_pattern=json.dumps({"source": [source], "detail-type": [detail]}),
                opts=child,
            )
            cloudwatch.EventTarget(f"{name}-{event}", rule=rule.name, arn=queue.arn, target_id="queue", opts=child)
        role = iam.role(
            f"{name}-karpenter",
            trusts=iam.PODS,
            account_id=args.account_id,
            policy=pulumi.Output.all(cluster.name, cluster.arn, queue.arn, args.control_plane.node_role_arn).apply(
                lambda known: iam.document(*statements(args.region, *known))
            ),
            parent=self,
        )
        eks.PodIdentityAssociation(
            f"{name}-karpenter",
            cluster_name=cluster.name,
            namespace=NAMESPACE,
            service_account=SERVICE_ACCOUNT,
            role_arn=role.arn,
            opts=child,
        )
        self.register_outputs({})


def queue_policy(queue_arn: str, account_id: str) -> str:
    """EventBridge may write, for rules of this account; nobody may without TLS."""
    return iam.document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": queue_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def statements(
    region: str, cluster: str, cluster_arn: str, queue_arn: str, node_role_arn: str
) -> Sequence[iam.Statement]:
    """What Karpenter may do. It starts, tags and ends what carries this cluster's tag, and touches nothing else.

    After the policy in Karpenter's getting-started guide, without its rights on instance profiles.
    """
    ec2 = f"arn:aws:ec2:{region}"
    owned = f"kubernetes.io/cluster/{cluster}"
    launched = [f"{ec2}:*:{kind}/*" for kind in ("fleet", "instance", "volume", "network-interface", "launch-template")]
    asked_as_owned = {f"aws:RequestTag/{owned}": "owned", "aws:RequestTag/eks:eks-cluster-name": cluster}
    is_owned = {f"aws:ResourceTag/{owned}": "owned"}
    of_some_pool = {"aws:ResourceTag/karpenter.sh/nodepool": "*"}
    for_some_pool = {"aws:RequestTag/karpenter.sh/nodepool": "*"}
    starting = ["ec2:RunInstances", "ec2:CreateFleet"]
    return (
        iam.allow(
            starting,
            [
                f"{ec2}::image/*",
                f"{ec2}::snapshot/*",
                f"{ec2}:*:security-group/*",
                f"{ec2}:*:subnet/*",
                f"{ec2}:*:capacity-reservation/*",
            ],
        ),
        iam.allow(starting, [f"{ec2}:*:launch-template/*"], StringEquals=is_owned, StringLike=of_some_pool),
        iam.allow(
            [*starting, "ec2:CreateLaunchTemplate"],
            [*launched, f"{ec2}:*:spot-instances-request/*"],
            StringEquals=asked_as_owned,
            StringLike=for_some_pool,
        ),
        iam.allow(
            ["ec2:CreateTags"],
            [*launched, f"{ec2}:*:spot-instances-request/*"],
            StringEquals={
                **asked_as_owned,
                "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"],
            },
            StringLike=for_some_pool,
        ),
        iam.allow(
            ["ec2:CreateTags"],
            [f"{ec2}:*:instance/*"],
            StringEquals=is_owned,
            StringLike=of_some_pool,
            **{"ForAllValues:StringEquals": {"aws:TagKeys": TAGS_OF_A_NODE}},
        ),
        iam.allow(
            ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
            [f"{ec2}:*:instance/*", f"{ec2}:*:launch-template/*"],
            StringEquals=is_owned,
            StringLike=of_some_pool,
        ),
        iam.allow(
            [
                "ec2:DescribeCapacityReservations",
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeInstanceStatus",
                "ec2:DescribeInstanceTypeOfferings",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSpotPriceHistory",
                "ec2:DescribeSubnets",
            ],
            ["*"],
            StringEquals={"aws:RequestedRegion": region},
        ),
        iam.allow(["ssm:GetParameter"], [f"arn:aws:ssm:{region}::parameter/aws/service/*"]),
        iam.allow(["pricing:GetProducts"], ["*"]),
        iam.allow(["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"], [queue_arn]),
        iam.allow(["iam:PassRole"], [node_role_arn], StringEquals={"iam:PassedToService": "ec2.amazonaws.com"}),
        iam.allow(["iam:GetInstanceProfile"], [f"{node_role_arn.partition(':role/')[0]}:instance-profile/*"]),
        iam.allow(["eks:DescribeCluster"], [cluster_arn]),
    )
