"""What a person sees while things are built: a live table on a terminal, one line an event anywhere else."""

import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text


class Progress(Protocol):
    """Is told what happens to each build, by its name."""

    def waiting(self, name: str, holder: str) -> None:
        """Another process is building it; `holder` says which."""
        ...

    def building(self, name: str) -> None:
        """Its build starts."""
        ...

    def ready(self, name: str, seconds: float) -> None:
        """It is there; its build took `seconds`."""
        ...


Display = Callable[[Sequence[tuple[str, Path]]], AbstractContextManager[Progress]]
"""Opens a display of builds still to come: the name and the log of each, in order."""


def display() -> Display:
    """The display that suits where this process's messages go: a terminal, or a log (also in CI)."""
    console = Console(stderr=True)
    return _live if console.is_terminal and "CI" not in os.environ else _lines


@contextmanager
def _lines(builds: Sequence[tuple[str, Path]]) -> Generator[Progress]:
    yield _Lines([name for name, _ in builds])


@contextmanager
def _live(builds: Sequence[tuple[str, Path]]) -> Generator[Progress]:
    table = _Table({name: _Row(log) for name, log in builds})
    with Live(get_renderable=table.render, console=Console(stderr=True), refresh_per_second=4):
        yield table


@dataclass
class _Lines:
    left: list[str]

    def waiting(self, name: str, holder: str) -> None:
        self._say(f"{name}: waiting for {holder}, which is building it")

    def building(self, name: str) -> None:
        self._say(f"{name}: building ({len(self.left)} left)")

    def ready(self, name: str, seconds: float) -> None:
        self.left.remove(name)
        self._say(f"{name}: ready, built in {seconds:.0f} s ({len(self.left)} left)")

    @staticmethod
    def _say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)


@dataclass
class _Row:
    log: Path
    state: str = "to come"
    started: float | None = None
    seconds: float | None = None

    @property
    def elapsed(self) -> str:
        if self.seconds is not None:
            return f"{self.seconds:.0f} s"
        return f"{time.monotonic() - self.started:.0f} s" if self.started is not None else ""

    @property
    def detail(self) -> str:
        """The last line of the log: the sign of life of a build that takes minutes."""
        if self.state != "building" or not self.log.is_file():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 400))
            return log.read().decode(errors="replace").rstrip().rpartition("\n")[2]


@dataclass
class _Table:
    rows: dict[str, _Row]
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def waiting(self, name: str, holder: str) -> None:
        row = self.rows[name]
        row.state, row.started = f"waiting for {holder}", time.monotonic()

    def building(self, name: str) -> None:
        row = self.rows[name]
        row.state, row.started = "building", time.monotonic()

    def ready(self, name: str, seconds: float) -> None:
        row = self.rows[name]
        row.state, row.seconds = "ready", seconds

    def render(self) -> RenderableType:
        """One row a build, and how many are left."""
        left = sum(row.state != "ready" for row in self.rows.values())
        table = Table(box=None, padding=(0, 1), caption=f"{left} left", caption_justify="left", show_header=False)
        for justify in ("left", "left", "right"):
            table.add_column(justify=justify, no_wrap=True)
        table.add_column(style="dim")  # the one that gives way on a narrow terminal: its text is cut, below
        for name, row in self.rows.items():
            mark = {"ready": Text("✓", style="green"), "to come": Text("·", style="dim")}.get(row.state, self.spinner)
            table.add_row(mark, name, row.elapsed, Text(row.detail or row.state, no_wrap=True, overflow="ellipsis"))
        return table
