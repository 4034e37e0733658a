"""`ops prove`: real inputs through the deployed servers, and what came back."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from model_repo.digits import images
from observability import metrics as names
from observability.variants import SERVICE_LABEL
from ops.clients import GrpcClient, HttpClient, TensorClient
from ops.stack import ServedModel, StackUnreachableError, metrics, reach_gateway, served_models

ROUNDS = 4
"""How often each input is sent: enough for a p99 that isn't one request."""
CONCURRENCY = 8
READY_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Examples:
    """Inputs that a model has never seen, with the right answers."""

    input_name: str
    inputs: NDArray[np.float32]
    """Shape [examples, …]."""
    output_name: str
    labels: NDArray[np.int64]
    """The index of the largest output that is right: shape [examples]."""
    least_accuracy: float
    """Below this share of right answers something other than the model is broken."""


def digits() -> Examples:
    """The held-out handwritten digits."""
    held_out = images.held_out()
    return Examples("image", held_out.pixels, "probabilities", held_out.labels, least_accuracy=0.94)


EXAMPLES: Mapping[str, Callable[[], Examples]] = {"digits": digits}
"""Examples by model. A model without any is deployed and not proven."""


@dataclass(frozen=True)
class Outcome:
    """What one protocol's run showed."""

    accuracy: float
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_batch_size: float


def command(
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "local",
) -> None:
    """Send held-out inputs through a stack's gateway, over gRPC and HTTP, and print what came back."""
    console = Console()
    proven = [served for served in served_models(stack) if served.model in EXAMPLES]
    if not proven:
        raise StackUnreachableError(
            f"stack {stack} serves no model with examples", "", f"serve one of: {', '.join(EXAMPLES)}"
        )
    table = Table("service", "via", "accuracy", "req/s", "p50 ms", "p95", "p99", "batch", "replicas", box=box.SIMPLE)
    least_met = True
    with reach_gateway(proven[0].namespace) as gateway:
        for served in proven:
            examples = EXAMPLES[served.model]()
            wait_until_ready(served, gateway)
            for protocol, client_type, host in (
                ("gRPC", GrpcClient, served.grpc_host),
                ("HTTP", HttpClient, served.http_host),
            ):
                with console.status(f"{served.service}: {len(examples.inputs) * ROUNDS} requests over {protocol}"):
                    outcome = measure(served, examples, lambda: client_type(gateway, served.model, host))  # noqa: B023
                least_met = least_met and outcome.accuracy >= examples.least_accuracy
                table.add_row(
                    _versions(served), protocol, f"{outcome.accuracy:.3f}",
                    f"{outcome.requests_per_second:.0f}", f"{outcome.p50_ms:.1f}", f"{outcome.p95_ms:.1f}",
                    f"{outcome.p99_ms:.1f}", f"{outcome.mean_batch_size:.1f}", str(served.stable.replicas),
                )  # fmt: skip
    console.print(table)
    urls = [f"  {served.service}  HTTP {served.http_host}  gRPC {served.grpc_host}" for served in proven]
    console.print("\n".join([f"Called through the gateway, {gateway}, by the names", *urls]))
    if not least_met:
        console.print("[red]accuracy is below what these models reach: the server is not answering what it is asked")
        raise typer.Exit(1)


def _versions(served: ServedModel) -> str:
    canary = f", canary v{served.canary.version}" if served.canary else ""
    return f"{served.service} v{served.stable.version}{canary}"


def wait_until_ready(served: ServedModel, gateway: str) -> None:
    """Wait for a first ready answer: after a restart of the cluster the pods are still on their way."""
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    with HttpClient(gateway, served.model, served.http_host) as client:
        while not client.ready():
            if time.monotonic() > deadline:
                raise StackUnreachableError(
                    f"{served.service} is not ready after {READY_TIMEOUT_SECONDS:.0f} s",
                    "",
                    f"kubectl --namespace {served.namespace} describe pods -l {SERVICE_LABEL}={served.service}",
                )
            time.sleep(0.2)


def measure(served: ServedModel, examples: Examples, connect: Callable[[], TensorClient]) -> Outcome:
    """Send every example `ROUNDS` times, one a request, from `CONCURRENCY` clients at once."""
    before = metrics(served)
    indices = np.tile(np.arange(len(examples.inputs)), ROUNDS)
    work: queue.SimpleQueue[int] = queue.SimpleQueue()
    for position in range(len(indices)):
        work.put(position)
    answers = np.full(len(indices), -1)
    latencies_ms = np.zeros(len(indices))
    failures: list[Exception] = []

    def send() -> None:
        try:
            with connect() as client:
                while True:
                    try:
                        position = work.get_nowait()
                    except queue.Empty:
                        return
                    began = time.perf_counter()
                    one = examples.inputs[indices[position]][np.newaxis]
                    output = client.infer(examples.input_name, one, examples.output_name)
                    latencies_ms[position] = (time.perf_counter() - began) * 1000
                    answers[position] = int(output.argmax())
        except Exception as error:  # raised again below, in the thread that can report it
            failures.append(error)

    threads = [threading.Thread(target=send) for _ in range(CONCURRENCY)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if failures:
        raise StackUnreachableError(
            f"{served.service} failed a request",
            str(failures[0]),
            f"kubectl --namespace {served.namespace} logs -l {SERVICE_LABEL}={served.service}",
        )
    after = metrics(served)
    p50, p95, p99 = np.percentile(latencies_ms, [50, 95, 99])
    return Outcome(
        accuracy=float((answers == examples.labels[indices]).mean()),
        requests_per_second=len(indices) / seconds,
        p50_ms=float(p50),
        p95_ms=float(p95),
        p99_ms=float(p99),
        mean_batch_size=_growth(names.INFERENCES, before, after) / max(_growth(names.EXECUTIONS, before, after), 1),
    )


def _growth(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    return after.get(name, 0) - before.get(name, 0)
