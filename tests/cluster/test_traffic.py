"""Requests through the gateway: how they are split, what protects them, and that none is lost."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Generator, Sequence
from typing import Any

import pytest

from local.cluster import gateway_certificate, lifecycle
from model_repo.digits.images import held_out
from observability.metrics import REQUESTS_SUCCEEDED
from observability.variants import SERVICE_LABEL, VARIANT_HEADER, Variant
from ops.load import Answer, Request, SteadyLoad, Via, answers
from ops.stack import ServedModel, from_outputs, metrics, reach_gateway
from tests.cluster.callers import failures
from tests.cluster.conftest import (
    SERVING_AGAIN_SECONDS,
    SLOW_VERSION,
    eventually,
    get,
    kubectl,
    pods,
    processes_of,
    ready_pods,
)
from tests.conftest import NAMESPACE, Project, a_test_stack_config

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("back_to_normal")]

IMAGE = held_out().pixels[:1]
ENVOY_SETTINGS_SECONDS = 15
"""How long Envoy takes over a change of what it keeps by backend."""


@pytest.fixture(scope="module")
def gateway(deployed: Project) -> Generator[str]:
    with reach_gateway(NAMESPACE) as address:
        yield address


def leaving_pods() -> list[dict[str, Any]]:
    """The service's pods, of both sides, that are on their way out."""
    every = get("pods", "--selector", f"{SERVICE_LABEL}=digits")["items"]
    return [pod for pod in every if "deletionTimestamp" in pod["metadata"]]


def with_canary(deployed: Project, **canary: Any) -> ServedModel:
    """The service, with a canary of version 3 beside its version 2."""
    done = deployed.up(a_test_stack_config(canary={"version": 3, **canary}))
    assert done.code == 0, done.output
    return served(deployed)


def served(deployed: Project) -> ServedModel:
    [digits] = from_outputs(deployed.outputs())
    return digits


def send(gateway: str, digits: ServedModel, via: Via, count: int, **headers: str) -> list[Answer]:
    return asyncio.run(answers(gateway, Request(digits, "image", IMAGE, headers), via, count=count))


def succeeded(digits: ServedModel, variant: Variant) -> float:
    return metrics(digits, variant).get(REQUESTS_SUCCEEDED, 0)


def test_a_canary_answers_its_share_by_the_header_and_by_the_servers_own_count(deployed: Project, gateway: str) -> None:
    digits = with_canary(deployed, weight=10)
    # Pods on their way out answer what they have, and are not asked for their counts.
    eventually(lambda: not leaving_pods(), within_seconds=60)

    for via in Via:
        before = {variant: succeeded(digits, variant) for variant in Variant}
        sent = send(gateway, digits, via, 20_000)
        by_server = {variant: succeeded(digits, variant) - before[variant] for variant in Variant}

        by_header = Counter(answer.variant for answer in sent)
        assert failures(sent) == {}
        assert 0.093 <= by_header[Variant.CANARY] / len(sent) <= 0.107
        assert by_server == by_header
        assert {(answer.variant, answer.version) for answer in sent} == {("stable", "2"), ("canary", "3")}


def test_a_header_picks_the_side_whatever_the_weight(deployed: Project, gateway: str) -> None:
    digits = with_canary(deployed, weight=0)
    eventually(lambda: not send(gateway, digits, Via.HTTP, 1, **{VARIANT_HEADER: "canary"})[0].error, 60)

    for via in Via:
        for variant, version in ((Variant.CANARY, "3"), (Variant.STABLE, "2")):
            asked = send(gateway, digits, via, 50, **{VARIANT_HEADER: variant})
            assert {(answer.variant, answer.version) for answer in asked} == {(variant, version)}
        assert {answer.version for answer in send(gateway, digits, via, 200)} == {"2"}


def test_a_shadow_gets_every_request_and_answers_none(deployed: Project, gateway: str) -> None:
    digits = with_canary(deployed, mirror=True)
    before = succeeded(digits, Variant.CANARY)

    sent = [answer for via in Via for answer in send(gateway, digits, via, 2_500)]

    assert {(answer.variant, answer.version, answer.error) for answer in sent} == {("stable", "2", "")}
    eventually(lambda: abs(succeeded(digits, Variant.CANARY) - before - 5_000) <= 50, within_seconds=10)


STEPS: Sequence[tuple[dict[str, Any], set[str]]] = (
    ({"version": 2}, {"2"}),
    ({"version": 2, "canary": {"version": 3, "weight": 0}}, {"2"}),
    ({"version": 2, "canary": {"version": 3, "weight": 10}}, {"2", "3"}),
    ({"version": 2, "canary": {"version": 3, "weight": 50}}, {"2", "3"}),
    ({"version": 3}, {"3"}),
    ({"version": 3, "canary": {"version": 1, "weight": 10}}, {"1", "3"}),
    ({"version": 3, "canary": {"version": 1, "weight": 0}}, {"3"}),
    ({"version": 3}, {"3"}),
)
"""A canary's way to the stable version, and the next one's way back: what the config says, and who may then answer."""


def test_no_request_is_lost_on_the_way_of_a_canary_and_back(
    deployed: Project, digits: ServedModel, gateway: str
) -> None:
    request = Request(digits, "image", IMAGE)
    allowed: list[tuple[float, set[str]]] = [(0.0, {"2"})]
    rollback_began = 0.0

    with (
        SteadyLoad(gateway, request, Via.GRPC, per_second=200) as over_grpc,
        SteadyLoad(gateway, request, Via.HTTP, per_second=200) as over_http,
    ):
        for service, versions in STEPS[1:]:
            began = time.monotonic()
            allowed.append((began, allowed[-1][1] | versions))
            if service == STEPS[6][0]:
                rollback_began = began
            done = deployed.up(a_test_stack_config(**service))
            assert done.code == 0, done.output
            time.sleep(1)  # what the update left under way
            allowed.append((time.monotonic(), versions))
            time.sleep(2)

    for load in (over_grpc, over_http):
        assert failures(load.answers) == {}
        strangers = [
            (answer.version, versions)
            for answer in load.answers
            if answer.version
            not in (versions := next(v for moment, v in reversed(allowed) if moment <= answer.sent_at))
        ]
        assert strangers == []
        last = max(answer.sent_at + answer.latency_ms / 1000 for answer in load.answers if answer.version == "1")
        assert last - rollback_began <= 10, "seconds from the start of `pulumi up` to the canary's last answer"


@pytest.mark.parametrize("victim", ["server", "gateway controller", "kube-apiserver", "containerd", "kube-proxy"])
def test_no_request_is_lost_when_a_process_is_killed(digits: ServedModel, gateway: str, victim: str) -> None:
    def victims() -> list[int]:
        match victim:
            case "server":
                return processes_of(pods()[0], "tritonserver")
            case "gateway controller":
                [controller] = controllers()
                return processes_of(controller, "envoy-gateway")
            case process:
                return [pid for name, pid in lifecycle.host_pids().items() if name == process]

    [pid] = victims()
    request = Request(digits, "image", IMAGE)
    with (
        SteadyLoad(gateway, request, Via.GRPC, per_second=200) as over_grpc,
        SteadyLoad(gateway, request, Via.HTTP, per_second=200) as over_http,
    ):
        time.sleep(1)
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: victims() not in ([pid], []) and lifecycle.read_status().ready, SERVING_AGAIN_SECONDS)
        eventually(lambda: ready_pods() == 2, SERVING_AGAIN_SECONDS)
        time.sleep(2)

    for load in (over_grpc, over_http):
        assert len(load.answers) > 400
        assert failures(load.answers) == {}


def controllers() -> list[dict[str, Any]]:
    listed = kubectl(
        "--namespace", "envoy-gateway-system", "get", "pods", "-l", "control-plane=envoy-gateway", "-o", "json"
    )
    return json.loads(listed)["items"]


def test_what_is_too_much_at_once_is_refused_at_once(slow: Project, gateway: str) -> None:
    config = a_test_stack_config(version=SLOW_VERSION, traffic={"retries": 0})
    config["gateway"]["limits"] = {"parallelRequests": 16, "pendingRequests": 16}
    deployed = slow.up(config)
    assert deployed.code == 0, deployed.output
    time.sleep(ENVOY_SETTINGS_SECONDS)

    for via, refusal in ((Via.HTTP, "503"), (Via.GRPC, "UNAVAILABLE")):
        request = Request(served(slow), "image", IMAGE)
        # More connections than requests may be under way: each connection has several.
        with SteadyLoad(gateway, request, via, per_second=400, connections=100) as load:
            eventually(lambda: failures(load.answers).total() >= 100, within_seconds=5)
            refused = [answer for answer in load.answers if answer.error]
        assert all(refusal in answer.error for answer in refused), failures(refused)
        assert sorted(answer.latency_ms for answer in refused)[len(refused) // 2] < 100


def test_a_rate_limit_refuses_what_is_above_it(deployed: Project, gateway: str) -> None:
    assert deployed.up(a_test_stack_config(traffic={"rateLimit": {"requestsPerSecond": 50}})).code == 0

    sent = send(gateway, served(deployed), Via.HTTP, 300)

    kinds = Counter(answer.error.partition(",")[0] for answer in sent)
    assert set(kinds) == {"", "ClientResponseError: 429"}
    assert 50 <= kinds[""] <= 150


def post(gateway: str, digits: ServedModel, path: str, body: bytes) -> int:
    """The status of an answer, whatever it is."""
    with contextlib.closing(http.client.HTTPConnection(gateway, timeout=30)) as connection:
        connection.request("POST", path, body, {"Host": digits.http_host})
        return connection.getresponse().status


def test_a_request_that_is_too_large_is_refused_and_tensors_of_megabytes_are_not(
    digits: ServedModel, gateway: str
) -> None:
    path, mebibyte = "/v2/models/digits/infer", b" " * (1 << 20)

    assert post(gateway, digits, path, 15 * mebibyte) == 500, "Triton's word for no JSON: it got there"
    assert post(gateway, digits, path, 17 * mebibyte) == 413


def test_callers_over_tls_find_a_certificate_for_the_service(digits: ServedModel, gateway: str) -> None:
    authority = gateway_certificate.ensure("plimsoll.internal").authority
    trusting = ssl.create_default_context(cafile=str(authority))
    address = gateway.partition(":")[0]

    with (
        socket.create_connection((address, 443), timeout=5) as plain,
        trusting.wrap_socket(plain, server_hostname=digits.http_host) as secured,
    ):
        secured.sendall(
            f"GET /v2/health/ready HTTP/1.1\r\nHost: {digits.http_host}\r\nConnection: close\r\n\r\n".encode()
        )
        assert secured.recv(64).startswith(b"HTTP/1.1 200")
        assert secured.version() in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize(
    "path", ["/v2/repository/index", "/v2/models/digits/trace/setting", "/v2/systemsharedmemory/status"]
)
def test_what_changes_a_server_is_not_reached_through_the_gateway(digits: ServedModel, gateway: str, path: str) -> None:
    assert post(gateway, digits, path, b"{}") == 404
