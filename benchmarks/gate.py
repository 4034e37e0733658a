"""What the page for reviewers adds to a preview: `ops preview`, with its policies, beside `pulumi preview` without.

Every committed stack, with nothing deployed, so that all of it is judged: `local` on the embedded cluster, the others
against stand-ins for the providers of AWS and Kubernetes (`tests/standin/`). Neither writes checkpoints.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks.cluster import cluster
from benchmarks.preview import NO_CHECKPOINTS
from benchmarks.projects import CHECKOUT, measured
from benchmarks.report import Report, Table
from ops.scratch import link_checkout, with_own_backend
from tests.standin.providers import stand_ins

ON_CLUSTER, ON_STAND_INS = ("local",), ("dev", "staging", "prod")
ROUNDS = 7
ADDED_TARGET_SECONDS = 1.5

PLAIN, PAGE = "pulumi preview", "ops preview"

console = Console(stderr=True)


@dataclass(frozen=True)
class Preview:
    """One measured preview."""

    stack: str
    way: str
    seconds: float


def run() -> Report:
    """Preview every stack both ways, in turns."""
    previews: list[Preview] = []
    with tempfile.TemporaryDirectory() as folder:
        with cluster():
            for stack in ON_CLUSTER:
                previews += _rounds(stack, Path(folder), {})
        for stack in ON_STAND_INS:
            with stand_ins() as account:
                previews += _rounds(stack, Path(folder), account.environment)
    return _report(previews)


def _rounds(stack: str, folder: Path, providers: Mapping[str, str]) -> Iterator[Preview]:
    checkout, backend = folder / stack, folder / f"{stack}-backend"
    checkout.mkdir()
    backend.mkdir()
    link_checkout(checkout)
    shutil.copy(CHECKOUT / "stacks" / f"Pulumi.{stack}.yaml", checkout / "stacks")
    environment = {**with_own_backend(backend), **NO_CHECKPOINTS, **providers}
    measured(("pulumi", "stack", "init", stack, "--no-select"), folder=checkout, environment=environment)
    commands = {
        PLAIN: ("pulumi", "preview", "--stack", stack, "--non-interactive"),
        PAGE: (sys.executable, "-m", "ops", "preview", "--stack", stack, "--into", "preview.md"),
    }
    for number in range(ROUNDS):
        # Every other round backwards, so that neither always follows the other.
        for way in commands if number % 2 == 0 else reversed(commands):
            done = measured(commands[way], folder=checkout, environment=environment)
            console.print(f"{stack}, round {number + 1} of {ROUNDS}, {way}: {done.seconds:.1f} s", highlight=False)
            yield Preview(stack, way, round(done.seconds, 2))


def _report(previews: Sequence[Preview]) -> Report:
    stacks = (*ON_CLUSTER, *ON_STAND_INS)
    added = {stack: _added_seconds(previews, stack) for stack in stacks}
    missed = [f"{seconds:.2f} for {stack}" for stack, seconds in added.items() if seconds > ADDED_TARGET_SECONDS]
    return Report(
        name="gate",
        title="What the page for reviewers adds to a preview",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" Seconds are medians of {ROUNDS} rounds; what is added is the median of the differences round by round.",
        tables=[
            Table(
                title="`ops preview` beside `pulumi preview`",
                columns=("stack", f"{PLAIN} s", f"{PAGE} s", "added s"),
                rows=[
                    (
                        stack,
                        *(f"{median(_seconds(previews, stack, way)):.2f}" for way in (PLAIN, PAGE)),
                        f"{added[stack]:.2f}",
                    )
                    for stack in stacks
                ],
            )
        ],
        findings=[
            f"Added, target at most {ADDED_TARGET_SECONDS} s: "
            + (f"MISSED: {', '.join(missed)}." if missed else "met for every stack.")
        ],
        data={"previews": [asdict(preview) for preview in previews]},
    )


def _seconds(previews: Sequence[Preview], stack: str, way: str) -> list[float]:
    return [each.seconds for each in previews if (each.stack, each.way) == (stack, way)]


def _added_seconds(previews: Sequence[Preview], stack: str) -> float:
    pages, plain = (_seconds(previews, stack, way) for way in (PAGE, PLAIN))
    return median(page - without for page, without in zip(pages, plain, strict=True))
