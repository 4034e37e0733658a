"""A build's containers run here as the kubelet would run them: with the real `aws` against moto, and IAM enforced.

TensorRT is the one for RTX GPUs, which builds real plans without a GPU; what can't be known here is what a plan
computes, and how NVIDIA's image builds one (tests/tensorrt/trtexec.py).
"""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import os
import re
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.eks import iam
from components.eks.engine_builder import EngineBuilder, EngineBuilderArgs, builder
from components.eks.model_bucket import ModelBucket, ModelBucketArgs
from model_repo import Engine, assemble_all
from stacks.schema import Stack, parse
from tests.components.conftest import Build, RecordingEngine
from tests.stacks.configs import put, with_gpus
from tests.standin.moto_server import enforce_iam, moto
from tests.standin.principals import ACCOUNT, REGION, client, principal
from tests.tensorrt import tools

pytestmark = pytest.mark.engine

BUCKET = "models"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/models"


def a_stack(**engine: Any) -> Stack:
    return parse(put(with_gpus(), "services.digits.engine", {"kind": "tensorrt", "precision": "fp16", **engine}))


def placed(build: Build, stack: Stack) -> RecordingEngine:
    """What the component places for the digits of a stack."""

    def program() -> None:
        bucket = ModelBucket("models", ModelBucketArgs(key_arn=KEY))
        bucket.bucket_name = pulumi.Output.from_input(BUCKET)
        bucket.bucket_arn = pulumi.Output.from_input(f"arn:aws:s3:::{BUCKET}")
        EngineBuilder(
            "digits-engines",
            EngineBuilderArgs(
                name="digits",
                service=stack.services["digits"],
                repositories=assemble_all(stack)["digits"],
                images=stack.images,
                bucket=bucket,
                key_arn=KEY,
                cluster_name="plimsoll-test",
                account_id=ACCOUNT,
                region=REGION,
                namespace="models",
                role_prefix="plimsoll-test",
                after=[],
            ),
        )

    return build(program)


@dataclass(frozen=True)
class Ran:
    """How a build's pod ended."""

    failed: str | None
    """The container that did not end well."""
    said: str


class Node:
    """Runs the pods of builds: their paths in a folder of its own, `aws` on moto as the role of builds."""

    def __init__(self, folder: Path, commands: Path, environment: dict[str, str]) -> None:
        self._folder, self._commands = folder, commands
        self._environment = environment

    def run(self, made: RecordingEngine, *, gpus: str = "8.9") -> Ran:
        """Run the one Job there is, container after container, until one fails."""
        pod_folder = self._folder / "pod"
        shutil.rmtree(pod_folder, ignore_errors=True)
        for volume in ("scratch", "builder", "tmp"):
            (pod_folder / volume).mkdir(parents=True)
        [job], [config] = made.inputs_of("Job"), made.inputs_of("ConfigMap")
        for name, text in config["data"].items():
            (pod_folder / "builder" / name).write_text(text)
        pod = job["spec"]["template"]["spec"]
        said = ""
        for container in (*pod["initContainers"], *pod["containers"]):
            command = [self._moved(part) for part in container["command"]]
            given = {each["name"]: self._moved(each["value"]) for each in container["env"]}
            path = f"{self._commands}:{os.environ['PATH']}"
            done = subprocess.run(
                command,
                env={**self._environment, **given, "PATH": path, "GPUS": gpus},
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            said += done.stdout
            if done.returncode != 0:
                return Ran(container["name"], said)
        return Ran(None, said)

    def _moved(self, text: str) -> str:
        """A text with the pod's folders in this node's."""
        return re.sub(r"(/(scratch|builder|tmp)\b)", rf"{self._folder}/pod\1", text)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tools.commands(tmp_path_factory.mktemp("bin"))


@dataclass(frozen=True)
class Account:
    """An account with the bucket of models and the sources of the digits' engines, where IAM is enforced."""

    s3: Any
    """A client that may do all."""
    builder: dict[str, str]
    """The environment of one that may do what builds may."""

    def objects(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def publish(self, stack: Stack) -> None:
        """Put an engine's sources where Pulumi puts them."""
        engine = engine_of(stack)
        for file in engine.sources:
            self.s3.upload_file(str(file.source), BUCKET, f"digits/sources/{engine.source_digest}/{file.path}")


@pytest.fixture
def account() -> Generator[Account]:
    with moto() as endpoint:
        admin = principal(endpoint, "admin", iam.allow(["*"], ["*"]))
        role = principal(endpoint, "builder", *builder(f"arn:aws:s3:::{BUCKET}", KEY, "digits"))
        enforce_iam()
        s3 = client(endpoint, "s3", admin)
        s3.create_bucket(Bucket=BUCKET)
        there = Account(s3, {**role.environment, "AWS_ENDPOINT_URL": endpoint})
        there.publish(a_stack())
        yield there


def engine_of(stack: Stack) -> Engine:
    engine = assemble_all(stack)["digits"].stable.engine
    assert engine
    return engine


@pytest.fixture
def node(account: Account, commands: Path, tmp_path: Path) -> Node:
    """A node whose pods have the credentials of the build's role."""
    return Node(tmp_path, commands, account.builder)


def test_a_build_puts_a_plan_and_what_it_was_made_of_beside_the_models(
    build: Build, account: Account, node: Node
) -> None:
    engine = engine_of(a_stack())
    folder = f"digits/engines/{engine.key}"

    ran = node.run(placed(build, a_stack()))

    assert ran.failed is None, ran.said
    assert account.objects(folder) == [f"{folder}/{engine.plan}", f"{folder}/{engine.record}"]
    plan = account.s3.get_object(Bucket=BUCKET, Key=f"{folder}/{engine.plan}")["Body"].read()
    record = json.loads(account.s3.get_object(Bucket=BUCKET, Key=f"{folder}/{engine.record}")["Body"].read())
    assert plan[1:4] == b"trt"
    assert record["sources"]["model.onnx"] == engine.sources[-1].sha256
    assert 0 < record["errorsPercent"]["probabilities"] < 1


def test_an_engine_that_is_there_is_not_built_again(build: Build, account: Account, node: Node) -> None:
    made = placed(build, a_stack())
    node.run(made)
    key = f"digits/engines/{engine_of(a_stack()).key}/digits/2/model.plan"
    first = account.s3.head_object(Bucket=BUCKET, Key=key)["LastModified"]

    ran = node.run(made)

    assert ran.failed is None
    assert "nothing to build" in ran.said
    assert "trtexec" not in ran.said
    assert account.s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] == first


def test_an_engine_that_answers_otherwise_than_the_model_is_not_published(
    build: Build, account: Account, node: Node
) -> None:
    coarse = a_stack(precision="int8", maxErrorPercent=0.01)

    ran = node.run(placed(build, coarse))

    assert ran.failed == "build"
    assert "no engine: output 'probabilities' is" in ran.said
    assert "choose a wider precision, or allow more with engine.maxErrorPercent" in ran.said
    assert account.objects("digits/engines/") == []


def test_a_model_that_tensorrt_cannot_read_gives_no_engine_and_the_reason(
    build: Build, account: Account, node: Node
) -> None:
    source = f"digits/sources/{engine_of(a_stack()).source_digest}/model.onnx"
    account.s3.put_object(Bucket=BUCKET, Key=source, Body=b"no network")

    ran = node.run(placed(build, a_stack()))

    assert ran.failed == "build"
    assert "no engine: trtexec ended with 1" in ran.said
    assert account.objects("digits/engines/") == []


@pytest.mark.parametrize("gpus", ["8.6", "8.9 8.6", ""])
def test_an_engine_is_built_on_no_other_gpu_than_the_one_it_is_for(
    build: Build, account: Account, node: Node, gpus: str
) -> None:
    ran = node.run(placed(build, a_stack()), gpus=gpus)

    assert ran.failed == "build"
    assert "the engine is for a L4 with compute capability 8.9" in ran.said
    assert account.objects("digits/engines/") == []


def test_a_build_without_its_sources_fails_before_it_begins(build: Build, account: Account, node: Node) -> None:
    for key in account.objects("digits/sources/"):
        account.s3.delete_object(Bucket=BUCKET, Key=key)

    assert node.run(placed(build, a_stack())).failed in {"fetch", "build"}
    assert account.objects("digits/engines/") == []


def test_a_build_fits_the_restricted_standard_and_waits_for_a_gpu_of_its_pool(build: Build) -> None:
    [job] = placed(build, a_stack()).inputs_of("Job")
    pod = job["spec"]["template"]["spec"]

    assert pod["nodeSelector"] == {"plimsoll.dev/pool": "l4"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    containers = [*pod["initContainers"], *pod["containers"]]
    assert all(each["securityContext"]["readOnlyRootFilesystem"] for each in containers)
    assert [each["resources"]["limits"].get("nvidia.com/gpu") for each in containers] == [None, "1", None]


def test_a_build_that_fails_is_not_tried_again_and_one_whose_node_goes_is(build: Build) -> None:
    [job] = placed(build, a_stack()).inputs_of("Job")

    [rule] = job["spec"]["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"] == {"containerName": "build", "operator": "In", "values": [1]}
    assert job["spec"]["backoffLimit"] == 3
