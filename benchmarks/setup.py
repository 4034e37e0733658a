"""How long it takes to set everything up on this machine.

Each tool and image keeps how long its last build took here. That was a first build, with nothing fetched or compiled
before, only where Go's and pip's own caches were empty at the time; a repeated one is many times faster. The commands
are timed now, one after the other: the embedded cluster is stopped and started again on the way.
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
    build_minutes = sum(build.seconds for build in builds) / 60
    return Report(
        name="setup",
        title="How long setting up takes",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split()),
        tables=[
            Table(title="Last builds", columns=("part", "seconds"), rows=_rows(builds)),
            Table(title="Commands, everything built", columns=("command", "seconds"), rows=_rows(commands)),
        ],
        findings=[f"The last builds of everything add up to {build_minutes:.1f} minutes."],
        data={"builds": [asdict(part) for part in builds], "commands": [asdict(part) for part in commands]},
    )


def _rows(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    return [(part.name, f"{part.seconds:.0f}") for part in parts]


def _builds() -> Iterator[Part]:
    of_images = (tool for name in IMAGES for tool in images.image(name).tools)
    tools = dict.fromkeys((*TOOLS, *environment.tools(), *of_images))
    times = {name: toolchain.build_seconds(name) for name in tools}
    times |= {f"image {name}": images.build_seconds(name) for name in IMAGES}
    for name, seconds in times.items():
        if seconds is not None:
            yield Part(name, seconds)


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
