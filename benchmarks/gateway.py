"""What the gateway adds to a request: one caller, one request after another, direct to the server and through it.

The local stack's digits, on the embedded cluster, with one replica, so that both ways end in the same server. The two
ways are called in turns, so that whatever else the machine does falls on both.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console

from benchmarks import projects, stack_config
from benchmarks.cluster import cluster
from benchmarks.projects import CHECKOUT
from benchmarks.report import Report, Table
from model_repo.digits import images
from ops.clients import GrpcClient, HttpClient, TensorClient
from ops.prove import wait_until_ready
from ops.stack import ServedModel, from_outputs, reach_gateway

NAMESPACE = "plimsoll-benchmark-gateway"
ROUNDS = 20
REQUESTS = 200
ADDED_P50_TARGET_MS = 0.5
PROTOCOLS = ("HTTP", "gRPC")

console = Console(stderr=True)


@dataclass(frozen=True)
class Round:
    """Requests of one protocol, both ways, in milliseconds."""

    protocol: str
    direct_p50_ms: float
    direct_p95_ms: float
    gateway_p50_ms: float
    gateway_p95_ms: float


def run() -> Report:
    """Deploy, call, and take everything away again."""
    with cluster(), tempfile.TemporaryDirectory() as folder:
        project = projects.create(CHECKOUT, Path(folder, "project"))
        one_replica = {"digits": {"scaling": {"replicas": {"min": 1, "max": 1}}}}
        project.configure({"stack": stack_config.local_stack(NAMESPACE, one_replica)})
        try:
            console.print("deploying")
            project.pulumi("up", "--yes", "--skip-preview")
            [served] = from_outputs(project.outputs)
            with reach_gateway(NAMESPACE) as gateway:
                wait_until_ready(served, gateway)
                rounds = list(_rounds(served, gateway))
        finally:
            project.pulumi("destroy", "--yes", "--skip-preview")
    return _report(rounds)


def _rounds(served: ServedModel, gateway: str) -> Iterator[Round]:
    callers: Mapping[str, tuple[Callable[[], TensorClient], Callable[[], TensorClient]]] = {
        "HTTP": (
            lambda: HttpClient(served.stable.http, served.model),
            lambda: HttpClient(gateway, served.model, served.http_host),
        ),
        "gRPC": (
            lambda: GrpcClient(served.stable.grpc, served.model),
            lambda: GrpcClient(gateway, served.model, served.grpc_host),
        ),
    }
    for number in range(ROUNDS):
        for protocol in PROTOCOLS:
            direct, through = callers[protocol]
            with direct() as straight, through() as around:
                # Every other round backwards, so that neither always goes first.
                if number % 2 == 0:
                    of_direct, of_gateway = _latencies_ms(straight), _latencies_ms(around)
                else:
                    of_gateway, of_direct = _latencies_ms(around), _latencies_ms(straight)
            result = Round(protocol, *_percentiles(of_direct), *_percentiles(of_gateway))
            console.print(
                f"round {number + 1} of {ROUNDS}, {protocol}: p50 {result.direct_p50_ms:.2f} ms direct, "
                f"{result.gateway_p50_ms:.2f} ms through the gateway",
                highlight=False,
            )
            yield result


def _latencies_ms(client: TensorClient) -> list[float]:
    image = images.held_out().pixels[:1]
    latencies: list[float] = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        client.infer("image", image, "probabilities")
        latencies.append((time.perf_counter() - began) * 1000)
    return latencies


def _percentiles(latencies_ms: Sequence[float]) -> tuple[float, float]:
    p50, p95 = np.percentile(latencies_ms, [50, 95])
    return round(float(p50), 3), round(float(p95), 3)


def _report(rounds: Sequence[Round]) -> Report:
    return Report(
        name="gateway",
        title="What the gateway adds",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" {ROUNDS} rounds of {REQUESTS} requests each way; figures are medians over the rounds, and what is "
        + "added is the median of the differences round by round.",
        tables=[
            Table(
                title="Direct → through the gateway",
                columns=("protocol", "p50 ms", "p95 ms", "added p50 ms", "added p95 ms"),
                rows=[_row(protocol, [each for each in rounds if each.protocol == protocol]) for protocol in PROTOCOLS],
            )
        ],
        findings=[_finding(protocol, rounds) for protocol in PROTOCOLS],
        data={"rounds": [asdict(each) for each in rounds]},
    )


def _row(protocol: str, rounds: Sequence[Round]) -> tuple[str, ...]:
    return (
        protocol,
        f"{median(each.direct_p50_ms for each in rounds):.2f} → {median(each.gateway_p50_ms for each in rounds):.2f}",
        f"{median(each.direct_p95_ms for each in rounds):.2f} → {median(each.gateway_p95_ms for each in rounds):.2f}",
        f"{_added_p50_ms(rounds):.2f}",
        f"{median(each.gateway_p95_ms - each.direct_p95_ms for each in rounds):.2f}",
    )


def _added_p50_ms(rounds: Sequence[Round]) -> float:
    return median(each.gateway_p50_ms - each.direct_p50_ms for each in rounds)


def _finding(protocol: str, rounds: Sequence[Round]) -> str:
    added = _added_p50_ms([each for each in rounds if each.protocol == protocol])
    verdict = "met" if added <= ADDED_P50_TARGET_MS else "MISSED"
    return f"{protocol}: {added:.2f} ms more at p50, target at most {ADDED_P50_TARGET_MS:g} ms: {verdict}."
