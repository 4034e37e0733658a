"""What autoscalers do with a step, a sawtooth and a spike: do callers keep their objective, do replicas rest?

The model computes 5 ms for each request and waits 45 ms, as one does whose work is on a GPU: so four replicas carry
four times what one does, on two cores. Load goes through the gateway at an even pace, whatever becomes of what was sent
before, and is told in replicas' worth: 70 % of what one replica's instances can do.

The baseline is Kubernetes' own autoscaler on the CPU, at the pace and in the range of the others. It is given the best
target there is: what one replica under one replica's worth was measured to take, just before.
"""

import json
import math
import statistics
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks import projects, stack_config
from benchmarks.cluster import cluster
from benchmarks.report import Report, Table
from model_repo.digits import images
from observability.autoscaling import BUSY_SHARE
from ops.load import Answer, Request, SteadyLoad, Via
from ops.prove import wait_until_ready
from ops.scratch import add_version, link_checkout
from ops.stack import ServedModel, from_outputs, kubectl, reach_gateway

NAMESPACE = "plimsoll-benchmark-scaling"
VERSION = 9
COMPUTE_SECONDS = 0.005
WAIT_SECONDS = 0.045
INSTANCES = 2
MOST_REPLICAS = 4
CAPACITY_PER_SECOND = INSTANCES / (COMPUTE_SECONDS + WAIT_SECONDS)
WORTH_PER_SECOND = CAPACITY_PER_SECOND * BUSY_SHARE
"""Requests a second that one replica is meant to carry."""

THRESHOLD_MS = 200
PERCENT = 95
BIN_SECONDS = 5
LOOK_SECONDS = 1.0
REST_SECONDS = 20
"""How long replicas have to be at their minimum before the next profile."""
PATIENCE_SECONDS = 360
IN_TIME_AGAIN_SECONDS = 60
HELD_SECONDS = 30
"""How long p95 has to be inside the objective to be so again."""

SCALING: Mapping[str, Mapping[str, int]] = {
    "replicas": {"min": 1, "max": MOST_REPLICAS},
    "up": {"stabilisationSeconds": 0, "replicas": 4, "periodSeconds": 15},
    "down": {"stabilisationSeconds": 60, "replicas": 1, "periodSeconds": 15},
}

SIGNALS: Mapping[str, Mapping[str, object]] = {
    "queueTime": {"kind": "queueTime", "targetMs": 20},
    "pendingRequests": {"kind": "pendingRequests", "targetPerReplica": 1},
    "utilisation": {"kind": "utilisation", "targetPercent": 100 * BUSY_SHARE},
}

CPU = "CPU"
"""What the baseline scales on."""

CPU_REQUEST = 0.25
"""Cores of a replica: some more than its share of the load takes."""

CPU_SAMPLES = 4
CPU_SAMPLE_SECONDS = 15
"""How often metrics-server looks."""

COMPUTING_AND_WAITING = """
def execute(self, requests, well=TritonPythonModel.execute):
    import time
    until = time.thread_time() + {computing}
    while time.thread_time() < until:
        pass
    time.sleep({waiting})
    return well(self, requests)
"""

console = Console(stderr=True)


@dataclass(frozen=True)
class Phase:
    """Even load for a while, in replicas' worth."""

    replicas_worth: float
    seconds: float


PROFILES: Mapping[str, Sequence[Phase]] = {
    "step": (Phase(1, 45), Phase(4, 300), Phase(1, 30)),
    "sawtooth": tuple(Phase(worth, 20) for worth in (1, 2, 3, 4, 1, 2, 3, 4, 1)),
    "spike": (Phase(1, 45), Phase(4, 20), Phase(1, 60)),
}


@dataclass
class Run:
    """What was seen of one profile under one signal."""

    signal: str
    profile: str
    answers: list[Answer] = field(default_factory=list[Answer])
    replicas: list[tuple[float, int, int]] = field(default_factory=list[tuple[float, int, int]])
    """Seconds from the start; replicas that are wanted, and that are ready."""
    phases: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """Seconds from the start, and the load that began then, in replicas' worth."""
    rested: bool = False

    def late_share(self) -> float:
        """Of all requests, those that failed or took longer than the threshold."""
        late = sum(bool(answer.error) or answer.latency_ms > THRESHOLD_MS for answer in self.answers)
        return late / len(self.answers)

    def turns(self) -> tuple[int, int]:
        """How often the wanted number of replicas changed direction: while the load was up, and after it went down."""
        down_at = self.phases[-1][0]
        return tuple(_turns([n for at, n, _ in self.replicas if (at >= down_at) is after]) for after in (False, True))  # pyright: ignore[reportReturnType]

    def replica_minutes(self) -> float:
        """Ready replicas over time, until they are at rest."""
        return sum(ready * (after[0] - at) for (at, _, ready), after in pairwise(self.replicas)) / 60

    def in_time_after(self, began: float, until: float) -> float | None:
        """Seconds from the start of a phase until p95 is inside the objective for a while; None if it never is."""
        bins = [(at, p95 <= THRESHOLD_MS) for at, p95 in self.p95_ms() if began <= at < until]
        held = round(HELD_SECONDS / BIN_SECONDS)
        for first in range(len(bins) - held + 1):
            if all(inside for _, inside in bins[first : first + held]):
                return max(0.0, bins[first][0] - began)
        return None

    def p95_ms(self) -> list[tuple[float, float]]:
        """By bins of a few seconds, from the start; failed requests count as the longest."""
        start = self.answers[0].sent_at
        bins: dict[int, list[float]] = {}
        for answer in self.answers:
            late = float("inf") if answer.error else answer.latency_ms
            bins.setdefault(int((answer.sent_at - start) // BIN_SECONDS), []).append(late)
        return [
            (number * BIN_SECONDS, float(np.percentile(each, PERCENT, method="higher")))
            for number, each in sorted(bins.items())
        ]


def _turns(numbers: Sequence[int]) -> int:
    moves = [after - before for before, after in pairwise(numbers) if after != before]
    return sum((before > 0) != (after > 0) for before, after in pairwise(moves))


def run(signals: Sequence[str] = (*SIGNALS, CPU), profiles: Sequence[str] = tuple(PROFILES)) -> list[Report]:
    """Deploy, load, watch, and take everything away again. One report a profile."""
    runs: list[Run] = []
    with cluster(), tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder, "checkout")
        checkout.mkdir()
        link_checkout(checkout, copied=["model_repo"])
        slow = COMPUTING_AND_WAITING.format(computing=COMPUTE_SECONDS, waiting=WAIT_SECONDS)
        add_version(checkout / "model_repo", VERSION, slow)
        project = projects.create(checkout, Path(folder, "project"))
        try:
            for signal in signals:
                console.print(f"{signal}: deploying")
                project.configure({"stack": stack_config.local_stack(NAMESPACE, {"digits": service(signal)})})
                project.pulumi("up", "--yes", "--skip-preview")
                [served] = from_outputs(project.outputs)
                with reach_gateway(NAMESPACE) as gateway:
                    wait_until_ready(served, gateway)
                    if signal == CPU:
                        _place_cpu_autoscaler(Path(folder), _cpu_of_one_worth(served, gateway))
                    runs += [_load(served, gateway, signal, profile) for profile in profiles]
        finally:
            project.pulumi("destroy", "--yes", "--skip-preview")
    return [report(profile, [each for each in runs if each.profile == profile]) for profile in profiles]


def service(signal: str) -> dict[str, object]:
    """What differs from the local stack's service."""
    return {
        "version": VERSION,
        "instances": INSTANCES,
        "batching": {"maxBatchSize": 1, "maxQueueDelayMs": 0},
        "resources": {"cpu": CPU_REQUEST, "memoryMib": 512},
        "scaling": {**SCALING, "signal": SIGNALS[signal]} if signal in SIGNALS else {"replicas": {"min": 1, "max": 1}},
        "slo": {
            "availabilityPercent": 99.9,
            "latency": {"thresholdMs": THRESHOLD_MS, "percent": PERCENT},
            "windowDays": 30,
        },
        "capacity": {
            "requestsPerSecond": CAPACITY_PER_SECOND,
            "measured": "2026-11-25",
            "machine": "any: it waits, and hardly computes",
        },
    }


def _cpu_of_one_worth(served: ServedModel, gateway: str) -> float:
    """Cores that one replica takes under one replica's worth."""
    request = Request(served, "image", images.held_out().pixels[:1])
    console.print(f"{CPU}: measuring what one replica's worth takes")
    samples: list[float] = []
    with SteadyLoad(gateway, request, Via.GRPC, per_second=WORTH_PER_SECOND):
        time.sleep(2 * CPU_SAMPLE_SECONDS)  # the first has what was before
        for _ in range(CPU_SAMPLES):
            time.sleep(CPU_SAMPLE_SECONDS)
            _, millicores, _ = kubectl("--namespace", NAMESPACE, "top", "pods", "--no-headers").split()
            samples.append(int(millicores.removesuffix("m")) / 1000)
    return statistics.median(samples)


def _place_cpu_autoscaler(folder: Path, cores: float) -> None:
    """Kubernetes' own, to hold so much CPU of each replica."""
    console.print(f"{CPU}: it holds {cores:.3f} cores of each replica", highlight=False)
    pace = {
        direction: {
            "stabilizationWindowSeconds": SCALING[key]["stabilisationSeconds"],
            "policies": [
                {"type": "Pods", "value": SCALING[key]["replicas"], "periodSeconds": SCALING[key]["periodSeconds"]}
            ],
        }
        for direction, key in (("scaleUp", "up"), ("scaleDown", "down"))
    }
    target = {"type": "Utilization", "averageUtilization": round(100 * cores / CPU_REQUEST)}
    manifest = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "digits", "namespace": NAMESPACE},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "digits"},
            "minReplicas": 1,
            "maxReplicas": MOST_REPLICAS,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
            "behavior": pace,
        },
    }
    file = folder / "cpu-autoscaler.json"
    file.write_text(json.dumps(manifest))
    kubectl("apply", f"--filename={file}")


def _load(served: ServedModel, gateway: str, signal: str, profile: str) -> Run:
    result = Run(signal, profile)
    began = time.monotonic()
    with _watching(result, began):
        for phase in PROFILES[profile]:
            result.phases.append((time.monotonic() - began, phase.replicas_worth))
            console.print(f"{signal}, {profile}: {phase.replicas_worth:g} replicas' worth, {phase.seconds:g} s")
            request = Request(served, "image", images.held_out().pixels[:1])
            rate = phase.replicas_worth * WORTH_PER_SECOND
            with SteadyLoad(gateway, request, Via.GRPC, per_second=rate) as load:
                time.sleep(phase.seconds)
            result.answers += load.answers
        result.rested = _rest(result)
    console.print(f"  replicas {_course(result.replicas)}; {result.late_share():.1%} late", highlight=False)
    return result


def _rest(result: Run) -> bool:
    """Wait for the minimum to hold. Whether it came."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        lately = result.replicas[-round(REST_SECONDS / LOOK_SECONDS) :]
        if all(wanted == ready == 1 for _, wanted, ready in lately):
            return True
        time.sleep(LOOK_SECONDS)
    return False


@contextmanager
def _watching(result: Run, began: float) -> Generator[None]:
    """Note the replicas every second."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(LOOK_SECONDS):
            found: dict[str, Any] = json.loads(
                kubectl("--namespace", NAMESPACE, "get", "deployment", "digits", "--output=json")
            )
            ready = found["status"].get("readyReplicas", 0)
            result.replicas.append((time.monotonic() - began, found["spec"]["replicas"], ready))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _course(replicas: Sequence[tuple[float, int, int]]) -> str:
    """How the wanted number went: '1 → 4 (12 s) → 3 (400 s)'."""
    course = [f"{replicas[0][1]}"]
    course += [f"{after[1]} ({after[0]:.0f} s)" for before, after in pairwise(replicas) if after[1] != before[1]]
    return " → ".join(course)


def report(profile: str, runs: Sequence[Run]) -> Report:
    """The figures of one profile, side by side."""
    phases = ", ".join(f"{each.replicas_worth:g} for {each.seconds:g} s" for each in PROFILES[profile])
    return Report(
        name=f"scaling-{profile}",
        title=f"What autoscalers do with a {profile}",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" The objective is p{PERCENT} within {THRESHOLD_MS} ms. Replicas are looked at every second, p95 in bins of "
        + f"{BIN_SECONDS} s; it is inside the objective again when it is so for {HELD_SECONDS} s.",
        tables=[
            Table(
                title=f"Replicas' worth: {phases}",
                columns=(
                    "signal",
                    "late or failed",
                    *_columns(profile),
                    "turns up, down",
                    "replica-minutes",
                    "replicas",
                ),
                rows=[_row(each) for each in runs],
            )
        ],
        findings=list(_findings(runs)),
        data={
            "runs": [
                {
                    **{key: value for key, value in asdict(each).items() if key != "answers"},
                    "requests": len(each.answers),
                    # Of a bin whose 95th request in a hundred failed there is none.
                    "p95_ms": [(at, p95 if math.isfinite(p95) else None) for at, p95 in each.p95_ms()],
                }
                for each in runs
            ]
        },
    )


def _columns(profile: str) -> tuple[str, ...]:
    return ("in time again s",) if profile == "step" else ()


def _row(each: Run) -> tuple[str, ...]:
    again = _again(each)
    up, down = each.turns()
    return (
        each.signal,
        f"{each.late_share():.1%}",
        *(("never" if again is None else f"{again:.0f}") for _ in _columns(each.profile)),
        f"{up}, {down}",
        f"{each.replica_minutes():.1f}",
        _course(each.replicas),
    )


def _again(each: Run) -> float | None:
    (_, _), (began, _), *rest = each.phases
    return each.in_time_after(began, rest[0][0])


def _findings(runs: Sequence[Run]) -> Iterator[str]:
    for each in runs:
        up, down = each.turns()
        rests = "returns to the minimum" if each.rested else "NEVER returns to the minimum"
        if each.profile == "step":
            again = _again(each)
            verdict = "met" if again is not None and again <= IN_TIME_AGAIN_SECONDS else "MISSED"
            yield f"Step, {each.signal}: p95 in time again within {IN_TIME_AGAIN_SECONDS} s: {verdict}; {rests}."
        steady = "does not flap" if max(up, down) <= 1 else "FLAPS"
        yield f"{each.profile.capitalize()}, {each.signal}: {up} and {down} changes of direction: {steady}; {rests}."
    baseline = next((each for each in runs if each.signal == CPU), None)
    if baseline is None:
        return
    for each in runs:
        if each is not baseline:
            yield (
                f"{each.profile.capitalize()}, {each.signal} beside {CPU}: {each.late_share():.1%} late or failed "
                f"against {baseline.late_share():.1%}, with "
                f"{each.replica_minutes() / baseline.replica_minutes():.2f} times the replica-minutes."
            )
