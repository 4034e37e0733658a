"""The key that everything of a stack is encrypted with where AWS lets one choose."""

import pulumi
from pulumi_aws import kms

from components.eks import iam

DELETION_WINDOW_DAYS = 30


class Encryption(pulumi.ComponentResource):
    """One KMS key: Kubernetes Secrets, logs, and the models in S3."""

    key_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        region: str,
        account_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("plimsoll:eks:Encryption", name, None, opts)
        key = kms.Key(
            name,
            description=f"Plimsoll {name}: Kubernetes Secrets, logs and models",
            enable_key_rotation=True,
            deletion_window_in_days=DELETION_WINDOW_DAYS,
            policy=pulumi.Output.from_input(account_id).apply(lambda account: key_policy(region, account)),
            # Without the key, what it encrypted is gone.
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        kms.Alias(name, name=f"alias/{name}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=self))
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})


def key_policy(region: str, account_id: str) -> str:
    """The account's IAM decides who uses the key; CloudWatch may, for log groups of this account and no other."""
    return iam.document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account_id}:log-group:*"}
            },
        },
    )
