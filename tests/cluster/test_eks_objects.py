"""Every Kubernetes object of the AWS stacks, judged by a real API server with the real definitions of all kinds."""

import json
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from local import toolchain
from tests.standin.account import ENVIRONMENTS, an_account

pytestmark = pytest.mark.cluster

KINDS_OF_OTHERS = {
    "EC2NodeClass",
    "NodePool",
    "ScaledObject",
    "Gateway",
    "HTTPRoute",
    "GRPCRoute",
    "EnvoyProxy",
    "BackendTrafficPolicy",
    "PodMonitor",
    "PrometheusRule",
}


def kubectl(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("kubectl", *arguments), input=given, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.fixture(scope="module")
def karpenters_kinds(cluster: None) -> Generator[None]:
    """Karpenter's definitions, for as long as they are needed."""
    toolchain.ensure(["karpenter"])
    definitions: Path = toolchain.tool("karpenter").artifact.folder / "manifests" / "crds"
    applied = kubectl("apply", "--server-side", f"--filename={definitions}")
    assert applied.returncode == 0, applied.stdout
    kubectl("wait", "--for=condition=Established", f"--filename={definitions}", "--timeout=30s")
    yield
    kubectl("delete", f"--filename={definitions}")


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def objects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What a stack places in its cluster, in a namespace that no other has."""
    with an_account(request.param, tmp_path_factory) as account:
        account.up({**account.config, "namespace": "plimsoll-eks"})
        return account.objects.objects


@pytest.fixture
def namespace(cluster: None) -> Generator[None]:
    """The namespace, for real: nothing can be tried in one that is not there."""
    kubectl("create", "namespace", "plimsoll-eks")
    yield
    kubectl("delete", "namespace", "plimsoll-eks", "--wait=false")


def test_a_real_api_server_takes_every_object_and_knows_every_field(
    karpenters_kinds: None, namespace: None, objects: list[dict[str, object]]
) -> None:
    assert {str(each["kind"]) for each in objects} >= KINDS_OF_OTHERS
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})

    tried = kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "--filename=-",
        given=everything,
    )  # fmt: skip

    assert tried.returncode == 0, tried.stdout
    assert tried.stdout.count("serverside-applied") == len(objects)


def test_a_field_that_no_definition_has_is_an_error(
    karpenters_kinds: None, namespace: None, objects: list[dict[str, object]]
) -> None:
    [pool] = [each for each in objects if each["kind"] == "NodePool"][:1]
    misspelt = json.loads(json.dumps(pool).replace("consolidateAfter", "consolidatesAfter"))

    tried = kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-",
                    given=json.dumps(misspelt))  # fmt: skip

    assert tried.returncode != 0
    assert "consolidatesAfter" in tried.stdout
