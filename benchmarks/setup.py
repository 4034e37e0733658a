"""How long it takes to set everything up on this machine.

Building is told once: each tool and image keeps how long its build took here, from an empty cache. The commands are
timed now, one after the other: the embedded cluster is stopped and started again on the way.
"""

import json
import os
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from rich.console import Console

from benchmarks.projects import CHECKOUT, measured
from benchmarks.report import Report, Table
from local import environment, images, toolchain
from local.cluster import lifecycle
from local.cluster.processes import IMAGES, TOOLS

STACK = "local"
UP = (sys.executable, "-m", "local", "up", "--stack", STACK)
DOWN = (sys.executable, "-m", "local.cluster", "down")

console = Console(stderr=True)


@dataclass(frozen=True)
class Part:
    """One part of setting up, and how long it took."""

    name: str
    seconds: float


def run() -> Report:
    """Collect the builds' times and measure the commands."""
    builds = list(_builds())
    with _left_as_it_was():
        _run("make up, so that there is something to start again", *UP)
        again = _run("make up, again: nothing to do, real inputs answered", *UP)
        down = _run("make down", *DOWN)
        up = _run("make up after it: from no process to real inputs answered", *UP)
    check = _run("make check", "make", "check")
    commands = (again, down, up, check)
    cold_minutes = (sum(build.seconds for build in builds) + up.seconds) / 60
    return Report(
        name="setup",
        title="How long setting up takes",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split()),
        tables=[
            Table(title="Building, once, from an empty cache", columns=("part", "seconds"), rows=_rows(builds)),
            Table(title="Commands, everything built", columns=("command", "seconds"), rows=_rows(commands)),
        ],
        findings=[f"All builds and a first `make up` together: about {cold_minutes:.0f} minutes on this machine."],
        data={"builds": [asdict(part) for part in builds], "commands": [asdict(part) for part in commands]},
    )


def _rows(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    return [(part.name, f"{part.seconds:.0f}") for part in parts]


def _builds() -> Iterator[Part]:
    of_images = (tool for name in IMAGES for tool in images.image(name).tools)
    for name in dict.fromkeys((*TOOLS, *environment.tools(), *of_images)):
        yield Part(name, toolchain.build_seconds(name) or 0.0)
    for name in IMAGES:
        yield Part(f"image {name}", images.build_seconds(name) or 0.0)


@contextmanager
def _left_as_it_was() -> Generator[None]:
    """Undo what was not there before: the deployed stack, the running cluster."""
    was_running, was_deployed = lifecycle.node_pid() is not None, _deployed()
    try:
        yield
    finally:
        if not was_deployed:
            _run("removing the stack again", "pulumi", "destroy", "--yes", "--skip-preview", "--stack", STACK)
        if not was_running:
            _run("stopping the cluster again", *DOWN)


def _deployed() -> bool:
    """Whether the stack has any resources."""
    listed = json.loads(measured(("pulumi", "stack", "ls", "--json"), folder=CHECKOUT, environment=os.environ).output)
    return any(stack["name"] == STACK and stack.get("resourceCount") for stack in listed)


def _run(name: str, *command: str) -> Part:
    console.print(name, highlight=False)
    return Part(name, round(measured(command, folder=CHECKOUT, environment=os.environ).seconds, 1))
