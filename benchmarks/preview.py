"""What `pulumi preview` costs, from 1 service to 300, beside the same resources without the platform's code.

Three programs: the real one; `flat/`, which places exactly the resources that the real one does, as one flat file does
(its docstring says why that is a fair baseline); and `empty/`. All stacks are fresh, so everything is to be created,
and the provider asks the same embedded cluster to try each resource in all of them.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks import projects, recording, stack_config
from benchmarks.arithmetic import Point, growth_exponent, paired_ratio
from benchmarks.cluster import cluster
from benchmarks.projects import CHECKOUT, Project
from benchmarks.report import Report, Table
from model_repo import assemble_all
from stacks.schema import parse

ROUNDS = {1: 5, 10: 5, 100: 3, 300: 2}
"""How often each variant is measured, by number of services: many previews of 300 services would take an hour."""

CHECKPOINTED = 100
"""The most services to preview with a checkpoint after each resource: that takes time with the square of their number,
five minutes and more for 300."""

OVERHEAD_TARGET = 1.10
"""What the platform's own code may cost: the real program over the flat one."""

POLICIES_TARGET, MANY = 1.20, 100
"""What policies may cost, over the same preview without them, from so many services on: they take seconds to start."""

# Without this the engine writes the whole deployment to a file backend after each resource, in a preview too, which
# costs time with the square of their number. A preview saves nothing, so leaving it out loses nothing.
NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}

NAMESPACE = "plimsoll-benchmark-preview"  # never made

console = Console(stderr=True)


@dataclass(frozen=True)
class Variant:
    """One way to preview the same platform."""

    name: str
    program: str
    checkpoints: bool
    policies: bool = False

    def is_measured_at(self, size: int) -> bool:
        """Whether so many services are previewed this way. An empty program has none, and nothing to write."""
        return size <= CHECKPOINTED or not self.checkpoints or self.program == "empty"

    def sizes(self, sizes: Sequence[int]) -> list[int]:
        """Those that are."""
        return [size for size in sizes if self.is_measured_at(size)]


EMPTY = Variant("empty", "empty", checkpoints=True)
FLAT = Variant("flat", "flat", checkpoints=True)
REAL = Variant("real", "real", checkpoints=True)
FLAT_QUICK = Variant("flat, no checkpoints", "flat", checkpoints=False)
REAL_QUICK = Variant("real, no checkpoints", "real", checkpoints=False)
JUDGED_QUICK = Variant("real, no checkpoints, policies", "real", checkpoints=False, policies=True)
VARIANTS = (EMPTY, FLAT, REAL, FLAT_QUICK, REAL_QUICK, JUDGED_QUICK)


@dataclass(frozen=True)
class Preview:
    """One measured preview."""

    services: int
    variant: str
    seconds: float
    cpu_seconds: float
    resources: int


@dataclass(frozen=True)
class PurePart:
    """What the platform's pure code takes of one preview, in seconds."""

    services: int
    schema_seconds: float
    model_repository_seconds: float


def run(largest: int) -> Report:
    """Measure every number of services up to `largest`, all variants alternating."""
    sizes = [size for size in ROUNDS if size <= largest]
    previews: list[Preview] = []
    pure: list[PurePart] = []
    with cluster(), tempfile.TemporaryDirectory() as folder:
        programs = {
            "real": projects.create(CHECKOUT, Path(folder, "real")),
            "flat": projects.create(CHECKOUT / "benchmarks" / "flat", Path(folder, "flat")),
            "empty": projects.create(CHECKOUT / "benchmarks" / "empty", Path(folder, "empty")),
        }
        for size in sizes:
            stack = a_stack_of(size)
            pure.append(_pure_part(size, stack))
            recorded = Path(folder, f"resources-{size}.json")
            config = {"stack": json.dumps(stack)}
            recording.write(recording.record(CHECKOUT, config), recorded)
            programs["real"].configure({"stack": stack})
            programs["flat"].configure({"resources": str(recorded)})
            previews += _rounds(size, programs)
    return _report(sizes, previews, pure)


def a_stack_of(size: int) -> dict[str, object]:
    """The local stack with its service `size` times, under as many names."""
    return stack_config.local_stack(NAMESPACE, {f"digits-{number:03}": {} for number in range(size)})


def _rounds(size: int, programs: Mapping[str, Project]) -> Iterator[Preview]:
    for number in range(ROUNDS[size]):
        # Every other round backwards, so that no variant always follows the same one.
        measured = [variant for variant in VARIANTS if variant.is_measured_at(size)]
        for variant in measured if number % 2 == 0 else reversed(measured):
            preview = _preview(size, variant, programs[variant.program])
            console.print(
                f"{size} services, round {number + 1} of {ROUNDS[size]}, {variant.name}: {preview.seconds:.1f} s",
                highlight=False,
            )
            yield preview


def _preview(size: int, variant: Variant, project: Project) -> Preview:
    judged = ("--policy-pack", str(CHECKOUT / "policies")) if variant.policies else ()
    done = project.pulumi("preview", *judged, environment={} if variant.checkpoints else NO_CHECKPOINTS)
    created = re.search(r"\+ (\d+) to create", done.output)
    return Preview(
        services=size,
        variant=variant.name,
        seconds=round(done.seconds, 2),
        cpu_seconds=round(done.cpu_seconds, 2),
        resources=int(created[1]) if created else 0,
    )


def _pure_part(size: int, stack: Mapping[str, object]) -> PurePart:
    began = time.perf_counter()
    parsed = parse(stack)
    read = time.perf_counter()
    assemble_all(parsed)
    return PurePart(size, round(read - began, 3), round(time.perf_counter() - read, 3))


@dataclass(frozen=True)
class _Measured:
    """All previews, answering by size and variant."""

    previews: Sequence[Preview]

    def seconds(self, size: int, variant: Variant) -> list[float]:
        return [each.seconds for each in self._of(size, variant)]

    def cpu_seconds(self, size: int, variant: Variant) -> list[float]:
        return [each.cpu_seconds for each in self._of(size, variant)]

    def resources(self, size: int, variant: Variant) -> int:
        return self._of(size, variant)[0].resources

    def _of(self, size: int, variant: Variant) -> list[Preview]:
        return [each for each in self.previews if (each.services, each.variant) == (size, variant.name)]


Cost = Callable[[int, Variant], list[float]]
"""What each preview of a size and variant took: `_Measured.seconds` or `.cpu_seconds`."""


def _overhead(cost: Cost, size: int, ours: Variant, baseline: Variant) -> float:
    return paired_ratio(cost(size, ours), cost(size, baseline))


def _growth(cost: Cost, small: int, large: int, variant: Variant) -> float:
    """The power of the number of services with which cost grows, beyond that of an empty program."""
    points = (Point(size, median(cost(size, variant)) - median(cost(size, EMPTY))) for size in (small, large))
    return growth_exponent(*points)


def _report(sizes: Sequence[int], previews: Sequence[Preview], pure: Sequence[PurePart]) -> Report:
    measured = _Measured(previews)
    return Report(
        name="preview",
        title="What `pulumi preview` costs",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + " Seconds are medians; overheads are medians of the ratios round by round; variants alternate. CPU is that of"
        " Pulumi, the program and the provider.",
        tables=[
            Table(
                title="As it is: the engine writes a checkpoint after each resource",
                columns=(
                    "services", "rounds", "resources flat → real", "empty s", "flat s", "real s", "real ÷ flat",
                    "CPU real ÷ flat",
                ),
                rows=[_row(size, measured) for size in REAL.sizes(sizes)],
            ),
            Table(
                title="Without checkpoints",
                columns=(
                    "services", "flat s", "real s", "real ÷ flat", "CPU real ÷ flat", "with policies s",
                    "with ÷ without", "in real: schema s", "in real: model repository s",
                ),
                rows=[_quick_row(size, part, measured) for size, part in zip(sizes, pure, strict=True)],
            ),
        ],
        findings=[*_overheads(sizes, measured), *_growths(sizes, measured)],
        data={"previews": [asdict(preview) for preview in previews], "pure": [asdict(part) for part in pure]},
    )  # fmt: skip


def _row(size: int, measured: _Measured) -> tuple[str, ...]:
    return (
        str(size),
        str(ROUNDS[size]),
        f"{measured.resources(size, FLAT)} → {measured.resources(size, REAL)}",
        *(f"{median(measured.seconds(size, variant)):.1f}" for variant in (EMPTY, FLAT, REAL)),
        f"{_overhead(measured.seconds, size, REAL, FLAT):.2f}",
        f"{_overhead(measured.cpu_seconds, size, REAL, FLAT):.2f}",
    )


def _quick_row(size: int, pure: PurePart, measured: _Measured) -> tuple[str, ...]:
    return (
        str(size),
        *(f"{median(measured.seconds(size, variant)):.1f}" for variant in (FLAT_QUICK, REAL_QUICK)),
        f"{_overhead(measured.seconds, size, REAL_QUICK, FLAT_QUICK):.2f}",
        f"{_overhead(measured.cpu_seconds, size, REAL_QUICK, FLAT_QUICK):.2f}",
        f"{median(measured.seconds(size, JUDGED_QUICK)):.1f}",
        f"{_overhead(measured.seconds, size, JUDGED_QUICK, REAL_QUICK):.2f}",
        f"{pure.schema_seconds:.3f}",
        f"{pure.model_repository_seconds:.3f}",
    )


def _overheads(sizes: Sequence[int], measured: _Measured) -> Iterator[str]:
    for ours, baseline, when in ((REAL, FLAT, "as it is"), (REAL_QUICK, FLAT_QUICK, "without checkpoints")):
        for cost, unit in ((measured.seconds, "seconds"), (measured.cpu_seconds, "CPU seconds")):
            overheads = {size: round(_overhead(cost, size, ours, baseline), 2) for size in ours.sizes(sizes)}
            missed = [f"{ratio:.2f} at {size}" for size, ratio in overheads.items() if ratio > OVERHEAD_TARGET]
            verdict = f"MISSED: {', '.join(missed)}" if missed else "met at every size"
            yield f"Real over flat {when}, {unit}, target at most {OVERHEAD_TARGET:.2f}: {verdict}."
    for size in sizes:
        if size >= MANY:
            ratio = _overhead(measured.seconds, size, JUDGED_QUICK, REAL_QUICK)
            verdict = "met" if ratio <= POLICIES_TARGET else "MISSED"
            yield f"Policies at {size} services, target at most {POLICIES_TARGET:.2f}: {ratio:.2f}, {verdict}."


def _growths(sizes: Sequence[int], measured: _Measured) -> Iterator[str]:
    small = 10
    for variant in (FLAT, REAL, FLAT_QUICK, REAL_QUICK):
        large = variant.sizes(sizes)[-1]
        if large > small:
            seconds = _growth(measured.seconds, small, large, variant)
            cpu_seconds = _growth(measured.cpu_seconds, small, large, variant)
            yield (
                f"From {small} to {large} services, {variant.name}: seconds grow with the power {seconds:.2f} of their "
                f"number, CPU seconds with {cpu_seconds:.2f}."
            )
