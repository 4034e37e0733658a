"""The platform answers: real inputs, real servers, and what must hold around them."""

import subprocess

import pytest

from model_repo.digits.images import held_out
from ops.clients import GrpcClient, HttpClient
from ops.prove import Examples, measure
from ops.stack import ServedModel
from tests.cluster.callers import Burst, RetryingCaller
from tests.cluster.conftest import SLOW_VERSION, eventually, get, kubectl, pods, ready_pods
from tests.conftest import NAMESPACE, UPDATE, Project, a_test_stack_config

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("back_to_normal")]

HELD_OUT = held_out()
DIGITS = Examples("image", HELD_OUT.pixels, "probabilities", HELD_OUT.labels, least_accuracy=0.97)


@pytest.mark.parametrize("protocol", [GrpcClient, HttpClient])
def test_held_out_digits_come_back_right(digits: ServedModel, protocol: type[GrpcClient | HttpClient]) -> None:
    url = digits.stable.grpc if protocol is GrpcClient else digits.stable.http

    outcome = measure(digits, DIGITS, lambda: protocol(url, digits.model))

    assert outcome.accuracy >= DIGITS.least_accuracy
    assert outcome.mean_batch_size > 1, "concurrent requests are gathered into batches"


def test_an_update_with_nothing_to_do_says_so(deployed: Project) -> None:
    preview = deployed.preview(a_test_stack_config(), "--expect-no-changes")

    assert preview.code == 0, preview.output


def test_the_namespace_admits_no_privileged_pod(deployed: Project) -> None:
    privileged = (
        *("run", "intruder", "--image=plimsoll.local/triton:2.51.0", "--restart=Never"),
        *("--privileged", "--dry-run=server"),
    )  # fmt: skip

    refused = subprocess.run(
        ("kubectl", "--namespace", NAMESPACE, *privileged), check=False, capture_output=True, text=True
    )

    assert refused.returncode != 0
    assert 'violates PodSecurity "restricted' in refused.stderr


def test_servers_hold_no_token_for_the_api(digits: ServedModel) -> None:
    [*volumes] = [volume for pod in pods() for volume in pod["spec"]["volumes"]]

    assert not [volume for volume in volumes if "projected" in volume]


@pytest.mark.parametrize(("namespace", "reached"), [(NAMESPACE, True), ("default", False)])
def test_only_pods_of_the_stacks_namespace_reach_its_servers(
    digits: ServedModel, namespace: str, reached: bool
) -> None:
    where = (digits.stable.address, digits.stable.http_port)
    connect = f"import socket; socket.create_connection({where}, 3); print('reached')"
    caller = f"caller-{int(reached)}"
    manifest = f"""
apiVersion: v1
kind: Pod
metadata: {{name: {caller}, namespace: {namespace}}}
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: {{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: caller
      image: plimsoll.local/triton:2.51.0
      command: [python3, -c, "{connect}"]
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
"""

    def phase() -> str:
        return kubectl("--namespace", namespace, "get", "pod", caller, "--output", "jsonpath={.status.phase}")

    kubectl("apply", "--filename", "-", stdin=manifest)
    try:
        eventually(lambda: phase() in {"Succeeded", "Failed"}, within_seconds=60)
        assert (phase() == "Succeeded") is reached
    finally:
        kubectl("--namespace", namespace, "delete", "pod", caller, "--wait=false", "--ignore-not-found")


def test_a_new_version_rolls_the_pods_and_an_objective_does_not(deployed: Project, digits: ServedModel) -> None:
    before = {pod["metadata"]["uid"] for pod in pods()}
    loose = {"availabilityPercent": 99.0, "latency": {"thresholdMs": 100, "percent": 95}}
    assert deployed.up(a_test_stack_config(slo=loose)).code == 0
    assert {pod["metadata"]["uid"] for pod in pods()} == before

    assert deployed.up(a_test_stack_config(version=3)).code == 0
    assert not {pod["metadata"]["uid"] for pod in pods()} & before
    with GrpcClient(digits.stable.grpc, digits.model) as client:
        answers = client.infer("image", HELD_OUT.pixels[:32], "probabilities").argmax(axis=1)
    assert (answers == HELD_OUT.labels[:32]).mean() > 0.9


def test_no_request_is_lost_while_pods_roll(deployed: Project, digits: ServedModel) -> None:
    deployed.configure(a_test_stack_config(instances=3))

    with RetryingCaller(digits, tries=1) as caller:
        rolling = deployed.start(*UPDATE)
        output, _ = rolling.communicate()

    assert rolling.returncode == 0, output
    assert caller.answered > 100
    assert caller.lost == []


def test_an_overloaded_server_refuses_quickly_instead_of_queueing_without_end(
    slow: Project, digits: ServedModel
) -> None:
    tiny = {"maxBatchSize": 1, "maxQueueDelayMs": 0, "maxQueueSize": 4}
    deployed = slow.up(a_test_stack_config(version=SLOW_VERSION, batching=tiny))
    assert deployed.code == 0, deployed.output

    with Burst(digits) as burst:
        burst.send(100)
        # Refused for want of room and not of time: nothing waits for its turn to be refused.
        eventually(lambda: burst.refused_for("Exceeds maximum queue size") >= 100 - len(pods()) * (2 + 4), 5)
        eventually(lambda: burst.unanswered == 0, within_seconds=30)

    assert len(burst.answers) == 100 - burst.refused_for("Exceeds maximum queue size"), burst.refusals


def test_the_stack_survives_its_own_eviction_budget(digits: ServedModel) -> None:
    budget = get("poddisruptionbudget", "digits")

    assert budget["status"]["disruptionsAllowed"] == 1
    assert ready_pods() == 2
