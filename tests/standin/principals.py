"""Who asks moto for something: a principal with a policy of its own, and clients that carry its key."""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import Any

import boto3

from components.eks import iam

REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's


@dataclass(frozen=True)
class Key:
    """What calls are signed with."""

    id: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """For a command that reads it from there."""
        return {"AWS_ACCESS_KEY_ID": self.id, "AWS_SECRET_ACCESS_KEY": self.secret}


ANYBODY = Key("test", "test")
"""For a moto that asks nobody who they are."""


def client(endpoint: str, service: str, key: Key = ANYBODY) -> Any:
    """A client of one of moto's services."""
    return boto3.client(
        service,  # pyright: ignore[reportArgumentType, reportCallIssue] - by name
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
    )


def principal(endpoint: str, name: str, *statements: iam.Statement) -> Key:
    """The key of a new principal that may do what the statements say, once IAM is enforced."""
    admin = client(endpoint, "iam")
    admin.create_user(UserName=name)
    admin.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=iam.document(*statements))
    key = admin.create_access_key(UserName=name)["AccessKey"]
    return Key(key["AccessKeyId"], key["SecretAccessKey"])
