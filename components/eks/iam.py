"""IAM: who may become a role, what a role may do. Documents are pure answers; `role` places them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import eks, iam

Statement = Mapping[str, Any]
"""One statement of a policy document, as IAM spells it."""

MANAGED = "arn:aws:iam::aws:policy"
"""Where AWS' own policies are."""

PODS = "pods.eks.amazonaws.com"
"""EKS Pod Identity: it hands a role's short-lived credentials to pods of the service accounts it is bound to."""


def document(*statements: Statement) -> str:
    """A policy document, as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Sequence[str], resources: Sequence[str], **conditions: Mapping[str, object]) -> Statement:
    """A statement that allows the actions on the resources, while each condition (`StringEquals=…`) holds."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": conditions} if conditions else statement


def allow_key_for_s3(actions: Sequence[str], key_arn: str) -> Statement:
    """A statement that allows a KMS key to be used for S3's objects, and for nothing else."""
    return allow(actions, [key_arn], StringLike={"kms:ViaService": "s3.*.amazonaws.com"})


def trusted(service: str, account_id: str) -> str:
    """The trust policy of a role that an AWS service takes on, on behalf of this account only."""
    actions = ["sts:AssumeRole", "sts:TagSession"] if service == PODS else ["sts:AssumeRole"]
    # Services that act for many accounts could be talked into acting with this role for another one's sake. EC2 names
    # no account when it hands a node its role.
    deputy = {} if service == "ec2.amazonaws.com" else {"StringEquals": {"aws:SourceAccount": account_id}}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": actions,
            **({"Condition": deputy} if deputy else {}),
        }
    )


def role(
    name: str,
    *,
    trusts: str,
    account_id: pulumi.Input[str],
    parent: pulumi.Resource,
    managed: Sequence[str] = (),
    policy: pulumi.Input[str] | None = None,
) -> iam.Role:
    """Place a role: the AWS service that may take it on, AWS' policies by name, and one of its own as JSON."""
    child = pulumi.ResourceOptions(parent=parent)
    trust = pulumi.Output.from_input(account_id).apply(lambda account: trusted(trusts, account))
    made = iam.Role(name, name=name, assume_role_policy=trust, opts=child)
    for policy_name in managed:
        iam.RolePolicyAttachment(
            f"{name}-{policy_name.rpartition('/')[2]}",
            role=made.name,
            policy_arn=f"{MANAGED}/{policy_name}",
            opts=child,
        )
    if policy is not None:
        iam.RolePolicy(name, name="own", role=made.name, policy=policy, opts=child)
    return made


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """What a role may do, as JSON, and the service accounts of a cluster whose pods have it."""

    policy: pulumi.Input[str]
    account_id: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_accounts: Iterable[str]


class PodRole(pulumi.ComponentResource):
    """A role of pods. Whatever waits for it waits for its rights as well, which are resources of their own."""

    def __init__(self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:PodRole", name, None, opts)
        made = role(name, trusts=PODS, account_id=args.account_id, policy=args.policy, parent=self)
        for account in args.service_accounts:
            eks.PodIdentityAssociation(
                account,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_account=account,
                role_arn=made.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
