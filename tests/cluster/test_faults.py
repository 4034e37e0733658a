"""Each process of the node, and a server, is killed without warning: the cluster serves again without help."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest
from tritonclient.utils import InferenceServerException

from local.cluster import lifecycle
from model_repo.digits.images import held_out
from ops.clients import HttpClient
from ops.stack import ServedModel
from tests.cluster.conftest import SERVING_AGAIN_SECONDS, eventually, kubectl, ready_pods

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
TRIES = 5
HELD_OUT = held_out()


@dataclass
class RetryingCaller:
    """Sends one request after another and retries a failed one, as a client behind any load balancer does."""

    served: ServedModel
    answered: int = 0
    retried: int = 0
    lost: list[Exception] = field(default_factory=list[Exception])
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "RetryingCaller":
        self._thread = threading.Thread(target=self._call)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _call(self) -> None:
        image = HELD_OUT.pixels[:1]
        while not self._stop.is_set():
            for attempt in range(TRIES):
                try:
                    with HttpClient(f"{self.served.address}:{self.served.http_port}", self.served.model) as client:
                        assert client.infer("image", image, "probabilities").shape == (1, 10)
                    self.answered += 1
                    break
                except (OSError, InferenceServerException) as error:
                    self.retried += 1
                    if attempt == TRIES - 1:
                        self.lost.append(error)
                    time.sleep(0.1 * 2**attempt)
            time.sleep(0.01)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_killed_process_is_started_again_and_no_request_is_lost(digits: ServedModel, process: str) -> None:
    victim = lifecycle.host_pids()[process]

    with RetryingCaller(digits) as caller:
        os.kill(victim, signal.SIGKILL)
        eventually(
            lambda: lifecycle.read_status().ready and lifecycle.host_pids()[process] != victim, SERVING_AGAIN_SECONDS
        )
        _runs_a_new_pod()

    assert caller.lost == []
    assert caller.answered > 10


def test_a_killed_server_is_started_again_and_its_twin_answers(digits: ServedModel) -> None:
    victim = next(_server_processes())

    with RetryingCaller(digits) as caller:
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: ready_pods() < 2, within_seconds=15)
        eventually(lambda: ready_pods() == 2, SERVING_AGAIN_SECONDS)

    assert caller.lost == []


def _runs_a_new_pod() -> None:
    """The whole control plane at work: an API call, a controller, the scheduler, the kubelet and containerd."""
    kubectl("--namespace=kube-system", "rollout", "restart", "deployment/coredns")
    kubectl("--namespace=kube-system", "rollout", "status", "deployment/coredns", f"--timeout={SERVING_AGAIN_SECONDS}s")


def _server_processes() -> Iterator[int]:
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "tritonserver":
            yield process.pid
