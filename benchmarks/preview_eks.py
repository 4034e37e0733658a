"""What `pulumi preview` of the platform on AWS costs, beside the same resources in one flat file.

The committed stack `prod`, in the real engine, against stand-ins for the providers of AWS and Kubernetes
(`tests/standin/`), in two states: nothing made yet, and everything made and nothing to change. Three programs: the real
one; `flat/`, which places the same resources with the same inputs, references and waits, and no component; and
`empty/`. The real one switches Python's garbage collector off; the flat one leaves it on, as programs do. The stand-ins
run in the benchmark's own process, so what they take is in the seconds, of either program the same, and not in the CPU
seconds.
"""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from operator import attrgetter
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks import projects, recording, stack_config
from benchmarks.arithmetic import paired_ratio
from benchmarks.preview import NO_CHECKPOINTS
from benchmarks.projects import CHECKOUT, BenchmarkError, Project
from benchmarks.report import Report, Table
from tests.standin.providers import stand_ins

STACK = "prod"
ROUNDS = 7
OVERHEAD_TARGET = 1.5
"""What the platform's own code may cost: the real program over the flat one."""

EMPTY, FLAT, REAL = PROGRAMS = ("empty", "flat", "real")
STATES = ("nothing made", "everything made")
WAYS: Mapping[str, Mapping[str, str]] = {"as it is": {}, "without checkpoints": NO_CHECKPOINTS}
"""How a preview is asked for, and the variables that say so: `pulumi preview`, and what `make preview` does."""

CONDITIONS = tuple(product(STATES, WAYS))

console = Console(stderr=True)


@dataclass(frozen=True)
class Preview:
    """One measured preview."""

    state: str
    way: str
    program: str
    seconds: float
    cpu_seconds: float
    stand_ins_cpu_seconds: float


Cost = Callable[[Preview], float]
SECONDS: Cost = attrgetter("seconds")
CPU_SECONDS: Cost = attrgetter("cpu_seconds")
STAND_INS_CPU_SECONDS: Cost = attrgetter("stand_ins_cpu_seconds")


def run() -> Report:
    """Preview all programs in turns, before an update and after it."""
    with tempfile.TemporaryDirectory() as folder:
        sources = {EMPTY: CHECKOUT / "benchmarks" / EMPTY, FLAT: CHECKOUT / "benchmarks" / FLAT, REAL: CHECKOUT}
        programs = {name: projects.create(source, Path(folder, name)) for name, source in sources.items()}
        stack = stack_config.committed(STACK)
        recorded = Path(folder, "resources.json")
        recording.write(recording.record(CHECKOUT, {"stack": json.dumps(stack)}), recorded)
        programs[FLAT].configure({"resources": str(recorded)})
        programs[REAL].configure({"stack": stack})
        with stand_ins() as account:
            resources = _same_resources(programs, account.environment)
            previews = [*_rounds(STATES[0], programs, account.environment)]
        for name in (FLAT, REAL):
            console.print(f"{name}: making everything")
            with stand_ins() as account:  # one for each: they would make things of the same names
                programs[name].pulumi("up", "--yes", "--skip-preview", environment=account.environment)
        with stand_ins() as account:  # an empty one does: without --refresh, a preview asks for nothing that is there
            previews += _rounds(STATES[1], programs, account.environment)
    return _report(previews, resources)


def _same_resources(programs: Mapping[str, Project], environment: Mapping[str, str]) -> int:
    """How many resources but components either program registers. Raises BenchmarkError if their types differ."""
    flat, real = (_types(programs[name], environment) for name in (FLAT, REAL))
    if flat != real:
        raise BenchmarkError("pulumi preview --json", f"flat only: {flat - real}\nreal only: {real - flat}")
    return real.total()


def _types(project: Project, environment: Mapping[str, str]) -> Counter[str]:
    said = project.pulumi("preview", "--json", environment=environment).output
    steps = json.loads(said[said.index("{") :])["steps"]
    return Counter(step["newState"]["type"] for step in steps if step["newState"].get("custom"))


def _rounds(state: str, programs: Mapping[str, Project], environment: Mapping[str, str]) -> Iterator[Preview]:
    for number in range(ROUNDS):
        # Every other round backwards, so that no program always follows the same one.
        for way, name in product(WAYS, PROGRAMS if number % 2 == 0 else reversed(PROGRAMS)):
            before = time.process_time()
            done = programs[name].pulumi("preview", environment={**environment, **WAYS[way]})
            stand_ins_cpu_seconds = time.process_time() - before
            console.print(
                f"{state}, {way}, round {number + 1} of {ROUNDS}, {name}: {done.seconds:.1f} s", highlight=False
            )
            figures = (done.seconds, done.cpu_seconds, stand_ins_cpu_seconds)
            yield Preview(state, way, name, *(round(figure, 2) for figure in figures))


def _report(previews: Sequence[Preview], resources: int) -> Report:
    return Report(
        name="preview-eks",
        title="What `pulumi preview` of the platform on AWS costs",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" Both programs register {resources} resources of the same types, components not counted. Seconds are"
        f" medians of {ROUNDS} rounds; overheads are medians of the ratios round by round; programs alternate.",
        tables=[
            Table(
                title="Real beside flat",
                columns=(
                    "state, way", "empty s", "flat s", "real s", "real ÷ flat", "CPU real ÷ flat", "stand-ins CPU s",
                ),
                rows=[_row(state, way, previews) for state, way in CONDITIONS],
            )
        ],
        findings=[_finding(state, way, previews) for state, way in CONDITIONS],
        data={"resources": resources, "previews": [asdict(preview) for preview in previews]},
    )  # fmt: skip


def _row(state: str, way: str, previews: Sequence[Preview]) -> tuple[str, ...]:
    return (
        f"{state}, {way}",
        *(f"{median(_costs(previews, state, way, name, SECONDS)):.1f}" for name in PROGRAMS),
        f"{_overhead(previews, state, way, SECONDS):.2f}",
        f"{_overhead(previews, state, way, CPU_SECONDS):.2f}",
        f"{median(_costs(previews, state, way, REAL, STAND_INS_CPU_SECONDS)):.1f}",
    )


def _finding(state: str, way: str, previews: Sequence[Preview]) -> str:
    overhead = _overhead(previews, state, way, SECONDS)
    verdict = "met" if overhead <= OVERHEAD_TARGET else "MISSED"
    return f"Real over flat, {state}, {way}, target at most {OVERHEAD_TARGET:.2f}: {verdict}, {overhead:.2f}."


def _overhead(previews: Sequence[Preview], state: str, way: str, cost: Cost) -> float:
    return paired_ratio(*(_costs(previews, state, way, name, cost) for name in (REAL, FLAT)))


def _costs(previews: Sequence[Preview], state: str, way: str, program: str, cost: Cost) -> list[float]:
    return [cost(each) for each in previews if (each.state, each.way, each.program) == (state, way, program)]
