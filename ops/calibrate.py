"""`ops calibrate`: what one replica carries within its service's objectives, measured."""

import contextlib
import json
import platform
import re
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.request import urlopen

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console

from observability.variants import SERVICE_LABEL, VARIANT_LABEL
from ops.errors import CommandError
from ops.load import Answer, Request, SteadyLoad, Via
from ops.stack import ServedModel, StackUnreachableError, asked_for, forwarded, kubectl, pulumi, served_models
from stacks.schema import Latency

FIRST_PER_SECOND = 10.0
GROWTH = 1.5
"""From one rate to the next, until one is too much."""
PRECISION = 1.05
"""How close the highest rate that passes and the lowest that does not may get before it is enough."""
MOST_PER_SECOND = 5_000.0
"""More than this client can send: a replica that carries it is measured no further."""
SETTLING_SHARE = 0.25
"""Of each measurement, left out: queues that the rate before left behind."""
FAILED_SHARE = 0.001
"""Of the requests, may fail at a rate that passes."""

ANSWER_SECONDS = 10

console = Console()


@dataclass(frozen=True)
class Measurement:
    """One rate, and what came of it."""

    per_second: float
    latency_ms: float
    """At the objective's percentile, over all that was answered."""
    failed_share: float
    sent_share: float
    """Of the requests that were due: below 1 this client was too slow, and nothing is known."""

    def passes(self, latency: Latency) -> bool:
        """Whether callers got what is promised."""
        return self.latency_ms <= latency.threshold_ms and self.failed_share <= FAILED_SHARE and self.sent_share > 0.95


def command(
    service: Annotated[str, typer.Argument(help="The service, as the stack calls it.")],
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "local",
    seconds: Annotated[float, typer.Option(min=2, help="How long to hold each rate, in seconds.")] = 10,
    write: Annotated[bool, typer.Option(help="Write the result into the stack file.")] = True,  # noqa: FBT002 - typer's way
) -> None:
    """Measure what one replica carries within the latency objective, and write it beside the service's config."""
    asked = asked_for(stack).services.get(service)
    if asked is None:
        raise CommandError(f"stack {stack} has no service '{service}'", "name one of the stack's services")
    if asked.slo is None:
        raise CommandError(f"{service} promises nothing", "give it an `slo`: a capacity is what holds its latency")
    latency = asked.slo.latency
    [served] = [each for each in served_models(stack) if each.service == service]
    console.print(
        f"One replica of {service} gets rising rates of requests, {seconds:g} s each, until "
        f"p{latency.percent:g} passes {latency.threshold_ms:g} ms. It answers its callers meanwhile: "
        "measure when there are few.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    with _one_replica(served) as address:
        request = Request(served, *_an_input(served))
        best = search(lambda rate: _measure(address, request, rate, seconds, latency.percent), latency)
    if best is None:
        raise CommandError(
            f"{service} misses its objective at {FIRST_PER_SECOND:g} requests a second already",
            "make the model faster, give it more resources, or promise less",
        )
    capacity = {
        "requestsPerSecond": round(best.per_second),
        "measured": datetime.now(tz=UTC).date().isoformat(),
        "machine": _machine(),
    }
    console.print(f"[green]{service}: one replica carries {capacity['requestsPerSecond']} requests a second[/]")
    if write:
        for key, value in capacity.items():
            kind = () if key == "requestsPerSecond" else ("--type", "string")
            path = f"plimsoll:stack.services.{service}.capacity.{key}"
            pulumi("config", "set", "--stack", stack, "--path", path, *kind, "--", str(value))
        console.print(f"Written to the file of stack {stack}: `utilisation` and peakRequestsPerSecond count on it now.")


def search(measure: Callable[[float], Measurement], latency: Latency) -> Measurement | None:
    """The highest rate that passes, to within PRECISION; None where even the first does not."""
    best: Measurement | None = None
    rate, too_much = FIRST_PER_SECOND, None
    while too_much is None and rate <= MOST_PER_SECOND:
        measured = measure(rate)
        if measured.passes(latency):
            best, rate = measured, rate * GROWTH
        else:
            too_much = rate
    while best and too_much and too_much / best.per_second > PRECISION:
        measured = measure((best.per_second * too_much) ** 0.5)
        if measured.passes(latency):
            best = measured
        else:
            too_much = measured.per_second
    return best


def _measure(address: str, request: Request, per_second: float, seconds: float, percent: float) -> Measurement:
    with SteadyLoad(address, request, Via.GRPC, per_second=per_second, at_most_seconds=seconds) as load:
        began = time.monotonic()
        time.sleep(seconds)
    settled = load.since(began + seconds * SETTLING_SHARE)
    measured = judge(settled, per_second, seconds * (1 - SETTLING_SHARE), percent)
    console.print(
        f"  {per_second:7.0f}/s   p{percent:g} {measured.latency_ms:7.1f} ms   {measured.failed_share:.1%} failed",
        highlight=False,
    )
    return measured


def judge(answers: list[Answer], per_second: float, seconds: float, percent: float) -> Measurement:
    """What some answers say of a rate."""
    good = [answer.latency_ms for answer in answers if not answer.error]
    return Measurement(
        per_second=per_second,
        latency_ms=float(np.percentile(good, percent)) if good else float("inf"),
        failed_share=1 - len(good) / len(answers) if answers else 1.0,
        sent_share=len(answers) / (per_second * seconds),
    )


@contextlib.contextmanager
def _one_replica(served: ServedModel) -> Generator[str]:
    """One ready pod's gRPC port, as host:port from here."""
    selector = f"{SERVICE_LABEL}={served.service},{VARIANT_LABEL}=stable"
    pods = json.loads(kubectl("--namespace", served.namespace, "get", "pods", "--selector", selector, "-o", "json"))
    ready = [
        pod["metadata"]["name"]
        for pod in pods["items"]
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
    ]
    if not ready:
        raise StackUnreachableError(f"{served.service} has no ready replica", "", "python -m ops doctor")
    with forwarded(served.namespace, f"pod/{ready[0]}", served.stable.grpc_port) as address:
        yield address


def _an_input(served: ServedModel) -> tuple[str, NDArray[np.float32]]:
    """One input of the model, of any content: its name, and values of its shape in a batch of one."""
    with forwarded(served.namespace, f"service/{served.service}", served.stable.http_port) as address:
        url = f"http://{address}/v2/models/{served.model}"
        with urlopen(url, timeout=ANSWER_SECONDS) as answer:
            inputs: list[dict[str, Any]] = json.load(answer)["inputs"]
    if len(inputs) != 1 or inputs[0]["datatype"] != "FP32":
        raise CommandError(
            f"{served.model} takes " + ", ".join(f"{each['name']} {each['datatype']}" for each in inputs),
            "measure it with perf_analyzer, and write `capacity` into the stack file by hand",
        )
    shape = [1, *(max(size, 1) for size in inputs[0]["shape"][1:])]
    return inputs[0]["name"], np.random.default_rng(0).random(shape, dtype=np.float32)


def _machine() -> str:
    """What the cluster's nodes are, in words."""
    nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    kinds = {
        node["metadata"]["labels"].get("node.kubernetes.io/instance-type")
        or f"{node['status']['capacity']['cpu']} cores of {_processor()}"
        for node in nodes
    }
    return ", ".join(sorted(kinds))[:200]


def _processor() -> str:
    """This machine's: a node without a type is one of an embedded cluster."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1].strip() if found else platform.machine()
