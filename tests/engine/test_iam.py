"""What the roles of an AWS stack may do and may not, asked of moto with IAM enforced."""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from collections.abc import Callable, Generator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.eks import engine_builder, iam, karpenter, model_bucket
from tests.standin.moto_server import enforce_iam, moto
from tests.standin.principals import ACCOUNT, REGION, client, principal

pytestmark = pytest.mark.engine

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/models"

Client = Callable[[str], Any]


@pytest.fixture
def endpoint() -> Generator[str]:
    """A moto with two buckets of models and a node of each of two clusters."""
    with moto() as address:
        s3 = client(address, "s3")
        for bucket in ("models", "others"):
            s3.create_bucket(Bucket=bucket)
            for service in ("digits", "faces"):
                s3.put_object(Bucket=bucket, Key=f"{service}/0123/{service}/config.pbtxt", Body=b"")
        yield address


def somebody_with(endpoint: str, *statements: iam.Statement) -> Client:
    """Clients of a principal that may do what the statements say, with IAM enforced from now on."""
    key = principal(endpoint, "role", *statements)
    enforce_iam()
    return lambda service: client(endpoint, service, key)


def denied(call: Callable[..., Any], **arguments: Any) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
    return False


def test_a_server_reads_and_lists_its_own_prefix_and_nothing_else(endpoint: str) -> None:
    s3 = somebody_with(endpoint, *model_bucket.reader("arn:aws:s3:::models", KEY, "digits"))("s3")

    assert not denied(s3.get_object, Bucket="models", Key="digits/0123/digits/config.pbtxt")
    assert not denied(s3.list_objects_v2, Bucket="models", Prefix="digits/0123/")
    assert denied(s3.get_object, Bucket="models", Key="faces/0123/faces/config.pbtxt")
    assert denied(s3.get_object, Bucket="others", Key="digits/0123/digits/config.pbtxt")
    assert denied(s3.list_objects_v2, Bucket="models")
    assert denied(s3.list_objects_v2, Bucket="models", Prefix="faces/")
    assert denied(s3.list_objects_v2, Bucket="others", Prefix="digits/")
    assert denied(s3.list_buckets)


def test_a_server_writes_and_deletes_nothing(endpoint: str) -> None:
    s3 = somebody_with(endpoint, *model_bucket.reader("arn:aws:s3:::models", KEY, "digits"))("s3")

    assert denied(s3.put_object, Bucket="models", Key="digits/new", Body=b"")
    assert denied(s3.delete_object, Bucket="models", Key="digits/0123/digits/config.pbtxt")
    assert denied(s3.put_bucket_policy, Bucket="models", Policy="{}")


def nodes(endpoint: str) -> dict[str, str]:
    """A node of each of two clusters, by the cluster's name."""
    ec2 = client(endpoint, "ec2")
    started: dict[str, str] = {}
    image = ec2.describe_images()["Images"][0]["ImageId"]
    for cluster in ("ours", "theirs"):
        tags = [
            {"Key": f"kubernetes.io/cluster/{cluster}", "Value": "owned"},
            {"Key": "karpenter.sh/nodepool", "Value": "l4"},
        ]
        [node] = ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}]
        )["Instances"]
        started[cluster] = node["InstanceId"]
    return started


def test_a_build_reads_its_services_sources_and_writes_its_engines_and_nothing_else(endpoint: str) -> None:
    admin = client(endpoint, "s3")
    for service in ("digits", "faces"):
        admin.put_object(Bucket="models", Key=f"{service}/sources/0123/model.onnx", Body=b"")
    s3 = somebody_with(endpoint, *engine_builder.builder("arn:aws:s3:::models", KEY, "digits"))("s3")
    engine = "engines/4567/digits/2/model.plan"

    assert not denied(s3.get_object, Bucket="models", Key="digits/sources/0123/model.onnx")
    assert not denied(s3.list_objects_v2, Bucket="models", Prefix="digits/sources/0123/")
    assert not denied(s3.put_object, Bucket="models", Key=f"digits/{engine}", Body=b"plan")
    assert not denied(s3.head_object, Bucket="models", Key=f"digits/{engine}")
    assert denied(s3.put_object, Bucket="models", Key=f"faces/{engine}", Body=b"")
    assert denied(s3.put_object, Bucket="others", Key=f"digits/{engine}", Body=b"")
    assert denied(s3.put_object, Bucket="models", Key="digits/0123/digits/config.pbtxt", Body=b"")
    assert denied(s3.put_object, Bucket="models", Key="digits/engines/4567/digits/configs/1.pbtxt", Body=b"")
    assert denied(s3.put_object, Bucket="models", Key="digits/sources/0123/model.onnx", Body=b"")
    assert denied(s3.delete_object, Bucket="models", Key=f"digits/{engine}")
    assert denied(s3.get_object, Bucket="models", Key="faces/sources/0123/model.onnx")
    assert denied(s3.list_objects_v2, Bucket="models", Prefix="faces/")
    assert denied(s3.list_buckets)


def test_karpenter_ends_nodes_of_its_own_cluster_and_of_no_other(endpoint: str) -> None:
    node = nodes(endpoint)
    statements = karpenter.statements(
        REGION,
        "ours",
        f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/ours",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:ours",
        f"arn:aws:iam::{ACCOUNT}:role/ours-node",
    )
    ec2 = somebody_with(endpoint, *statements)("ec2")

    assert denied(ec2.terminate_instances, InstanceIds=[node["theirs"]])
    assert not denied(ec2.terminate_instances, InstanceIds=[node["ours"]])
    assert denied(ec2.create_tags, Resources=[node["theirs"]], Tags=[{"Key": "Name", "Value": "mine"}])
    assert denied(ec2.run_instances, ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    assert not denied(ec2.describe_instances)


def test_karpenter_may_give_no_role_but_the_nodes_and_make_no_profile(endpoint: str) -> None:
    node_role = f"arn:aws:iam::{ACCOUNT}:role/ours-node"
    statements = karpenter.statements(REGION, "ours", "arn", "arn", node_role)
    actions = {action: each["Resource"] for each in statements for action in each["Action"]}

    assert actions["iam:PassRole"] == [node_role]
    assert not any(action.startswith(("iam:Create", "iam:Add", "iam:Put", "iam:Attach")) for action in actions)
    assert json.dumps([each for each in statements if each["Resource"] == ["*"]]).count("Terminate") == 0
