"""Each process of the node, and a server, is killed without warning: the cluster serves again without help."""

import os
import signal

import pytest

from local.cluster import lifecycle
from ops.stack import ServedModel
from tests.cluster.callers import RetryingCaller
from tests.cluster.conftest import SERVING_AGAIN_SECONDS, eventually, kubectl, pods, processes_of, ready_pods

pytestmark = pytest.mark.cluster

PROCESSES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "containerd",
    "kubelet",
    "kube-proxy",
)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_killed_process_is_started_again_and_no_request_is_lost(digits: ServedModel, process: str) -> None:
    victim = lifecycle.host_pids()[process]

    with RetryingCaller(digits) as caller:
        os.kill(victim, signal.SIGKILL)
        eventually(
            lambda: lifecycle.read_status().ready and lifecycle.host_pids().get(process, victim) != victim,
            SERVING_AGAIN_SECONDS,
        )
        _runs_a_new_pod()

    assert caller.lost == []
    assert caller.answered > 10


def test_a_killed_server_is_started_again_and_its_twin_answers(digits: ServedModel) -> None:
    victim = pods()[0]
    [server] = processes_of(victim, "tritonserver")

    def restarted() -> bool:
        [pod] = [pod for pod in pods() if pod["metadata"]["uid"] == victim["metadata"]["uid"]]
        return pod["status"]["containerStatuses"][0]["restartCount"] > 0 and ready_pods() == 2

    with RetryingCaller(digits) as caller:
        os.kill(server, signal.SIGKILL)
        eventually(restarted, SERVING_AGAIN_SECONDS)

    assert caller.lost == []


def _runs_a_new_pod() -> None:
    """The whole control plane at work: an API call, a controller, the scheduler, the kubelet and containerd."""
    kubectl("--namespace=kube-system", "rollout", "restart", "deployment/coredns")
    kubectl("--namespace=kube-system", "rollout", "status", "deployment/coredns", f"--timeout={SERVING_AGAIN_SECONDS}s")
