"""What dynamic batching gives and costs: one replica with it and one without, side by side.

Two services of one stack, deployed by the real program, on the embedded cluster: the local stack's digits model, as it
ships (`on`) and with batches of one item and no waiting (`off`). The two are loaded in turns, so that whatever else the
machine does falls on both. perf_analyzer runs on the same machine and takes its share of the cores.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks import perf_analyzer, projects, stack_config
from benchmarks.arithmetic import paired_ratio
from benchmarks.cluster import cluster
from benchmarks.projects import CHECKOUT
from benchmarks.report import Report, Table
from observability import metrics as names
from ops import stack as deployed
from ops.prove import wait_until_ready
from ops.stack import ServedModel, from_outputs

NAMESPACE = "plimsoll-benchmark-batching"
CONCURRENCIES = (1, 8, 32)
ROUNDS = 5

ONE_REPLICA = {"scaling": {"replicas": {"min": 1, "max": 1}}}
BATCHING_OFF = {"maxBatchSize": 1, "maxQueueDelayMs": 0}
OFF, ON = "batching-off", "batching-on"

console = Console(stderr=True)


@dataclass(frozen=True)
class Load:
    """One variant under load, once."""

    service: str
    concurrency: int
    inferences_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    mean_batch_size: float
    """In items, as Triton counts them, perf_analyzer's warming up included."""


FIGURES: Mapping[str, Callable[[Load], float]] = {
    "inferences/s": lambda load: load.inferences_per_second,
    "p50 ms": lambda load: load.p50_ms,
    "p95 ms": lambda load: load.p95_ms,
    "p99 ms": lambda load: load.p99_ms,
    "mean batch": lambda load: load.mean_batch_size,
}
"""What is told of a load, by the table's column."""


def run() -> Report:
    """Deploy both variants, load them in turns, and take everything away again."""
    with cluster(), tempfile.TemporaryDirectory() as folder:
        perf_analyzer.fetch()
        project = projects.create(CHECKOUT, Path(folder, "project"))
        project.configure({"stack": stack_config.local_stack(NAMESPACE, _services())})
        try:
            console.print("deploying the two variants")
            project.pulumi("up", "--yes", "--skip-preview")
            loads = list(_loads(from_outputs(project.outputs)))
        finally:
            project.pulumi("destroy", "--yes", "--skip-preview")
    return _report(loads)


def _services() -> Mapping[str, Mapping[str, object]]:
    return {OFF: {**ONE_REPLICA, "batching": BATCHING_OFF}, ON: ONE_REPLICA}


def _loads(services: Sequence[ServedModel]) -> Iterator[Load]:
    for served in services:
        wait_until_ready(served, served.stable.http)
    for number in range(ROUNDS):
        for concurrency in CONCURRENCIES:
            # Every other round backwards, so that neither always goes first.
            for served in services if number % 2 == 0 else reversed(services):
                load = _load(served, concurrency)
                console.print(
                    f"round {number + 1} of {ROUNDS}, {served.service} at {concurrency}: "
                    f"{load.inferences_per_second:.0f}/s, p95 {load.p95_ms:.1f} ms",
                    highlight=False,
                )
                yield load


def _load(served: ServedModel, concurrency: int) -> Load:
    before = deployed.metrics(served)
    seen = perf_analyzer.load(url=served.stable.grpc, model=served.model, concurrency=concurrency)
    after = deployed.metrics(served)
    executions = after[names.EXECUTIONS] - before[names.EXECUTIONS]
    inferences = after[names.INFERENCES] - before[names.INFERENCES]
    return Load(served.service, concurrency, **asdict(seen), mean_batch_size=round(inferences / executions, 2))


def _report(loads: Sequence[Load]) -> Report:
    return Report(
        name="batching",
        title="Dynamic batching, off and on",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" Medians of {ROUNDS} rounds; ratios are medians of the ratios round by round, on over off.",
        tables=[
            Table(
                title="Off → on",
                columns=("callers at once", *FIGURES),
                rows=[
                    (str(callers), *(_medians(loads, callers, figure) for figure in FIGURES))
                    for callers in CONCURRENCIES
                ],
            ),
            Table(
                title="On ÷ off",
                columns=("callers at once", *FIGURES),
                rows=[
                    (str(callers), *(f"{_ratio(loads, callers, figure):.2f}" for figure in FIGURES))
                    for callers in CONCURRENCIES
                ],
            ),
        ],
        findings=list(_findings(loads)),
        data={"loads": [asdict(load) for load in loads]},
    )  # fmt: skip


def _findings(loads: Sequence[Load]) -> Iterator[str]:
    for callers in CONCURRENCIES:
        yield (
            f"{callers} at once: batching gives {_ratio(loads, callers, 'inferences/s'):.2f} times the throughput "
            f"at {_ratio(loads, callers, 'p95 ms'):.2f} times the p95 latency."
        )


def _medians(loads: Sequence[Load], concurrency: int, figure: str) -> str:
    off, on = (median(_values(loads, concurrency, service, figure)) for service in (OFF, ON))
    digits = 0 if min(off, on) >= 100 else 1
    return f"{off:.{digits}f} → {on:.{digits}f}"


def _ratio(loads: Sequence[Load], concurrency: int, figure: str) -> float:
    on, off = (_values(loads, concurrency, service, figure) for service in (ON, OFF))
    return paired_ratio(on, off)


def _values(loads: Sequence[Load], concurrency: int, service: str, figure: str) -> list[float]:
    return [FIGURES[figure](load) for load in loads if (load.concurrency, load.service) == (concurrency, service)]
