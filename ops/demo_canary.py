"""`ops demo-canary`: a good version and a bad one rolled out under load, live in a terminal."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from model_repo.digits import images
from observability.variants import Variant
from ops import scratch
from ops.load import Answer, Request, SteadyLoad, Via
from ops.stack import StackUnreachableError, from_outputs, reach_gateway

STACK = "local"
"""Of a backend of its own, with the limits of the embedded cluster."""
NAMESPACE = "plimsoll-demo"
REQUESTS_PER_SECOND = 100
SHOWN_SECONDS = 5.0
"""How far back the figures reach."""
BAR_WIDTH = 40
LINES_SHOWN = 14

console = Console()


def command() -> None:
    """Roll a good version out, then a bad one, under load; show the split, both latencies, and what comes of it.

    On a stack of its own, which is gone afterwards.
    """
    with _project() as project:
        console.print(f"stack {STACK}, namespace {NAMESPACE}: digits, version 2", highlight=False)
        project.run("pulumi", "up", "--yes", "--skip-preview", "--stack", STACK)
        try:
            _show(project)
        finally:
            console.print("removing the stack")
            project.run("pulumi", "destroy", "--yes", "--skip-preview", "--stack", STACK)


@dataclass(frozen=True)
class _Project:
    folder: Path
    environment: Mapping[str, str]

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise StackUnreachableError(f"`{' '.join(command)}` failed", done.stdout + done.stderr, "see above")
        return done.stdout


@contextmanager
def _project() -> Generator[_Project]:
    with tempfile.TemporaryDirectory() as temporary:
        folder, backend = Path(temporary, "project"), Path(temporary, "backend")
        folder.mkdir()
        backend.mkdir()
        scratch.link_checkout(folder, copied=["model_repo"])
        scratch.add_bad_versions(folder / "model_repo")
        file = yaml.safe_load((scratch.CHECKOUT / "stacks" / "Pulumi.local.yaml").read_text())
        stack = file["config"]["plimsoll:stack"]
        stack["namespace"] = NAMESPACE
        # Small, so that both sides fit on two cores beside what is there.
        stack["services"]["digits"]["resources"] = {"cpu": 0.1, "memoryMib": 512}
        (folder / "stacks" / f"Pulumi.{STACK}.yaml").write_text(yaml.safe_dump(file))
        project = _Project(folder, scratch.with_own_backend(backend))
        project.run("pulumi", "stack", "init", STACK, "--no-select")
        yield project


def _show(project: _Project) -> None:
    outputs = project.run("pulumi", "stack", "output", "--json", "--stack", STACK)
    [digits] = from_outputs(json.loads(outputs))
    request = Request(digits, "image", images.held_out().pixels[:1])
    with (
        reach_gateway(NAMESPACE) as gateway,
        SteadyLoad(gateway, request, Via.GRPC, per_second=REQUESTS_PER_SECOND) as load,
    ):
        time.sleep(SHOWN_SECONDS)
        _follow(project, load, "version 3, a good one", 3, "10,50,100")
        _follow(project, load, "version 4, one that raises", scratch.FIRST_BAD_VERSION, "10,50,100")
    lost = sum(bool(answer.error) for answer in load.answers)
    console.print(f"{len(load.answers)} requests in all, {lost} failed, all of them of version 4", highlight=False)


def _follow(project: _Project, load: SteadyLoad, title: str, version: int, steps: str) -> None:
    """Run one rollout, its words below the figures."""
    said: deque[str] = deque(maxlen=LINES_SHOWN)
    rolling = subprocess.Popen(
        (sys.executable, "-m", "ops", "rollout", "digits", "--to", str(version), "--steps", steps, "--stack", STACK,
         "--watch-seconds", "10", "--yes"),
        cwd=project.folder, env=project.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    reader = threading.Thread(target=lambda: said.extend(rolling.stdout or ()), daemon=True)
    reader.start()
    with Live(console=console, refresh_per_second=4) as live:
        while rolling.poll() is None:
            live.update(_picture(title, load.since(time.monotonic() - SHOWN_SECONDS), list(said)))
            time.sleep(0.25)
        reader.join()
        live.update(_picture(title, load.since(time.monotonic() - SHOWN_SECONDS), list(said)))


def _picture(title: str, answers: Sequence[Answer], said: Sequence[str]) -> Group:
    table = Table("side", "version", "share", "", "p50 ms", "p95 ms", box=box.SIMPLE)
    for variant, colour in ((Variant.STABLE, "green"), (Variant.CANARY, "yellow")):
        its = [answer for answer in answers if answer.variant == variant]
        share = len(its) / max(len(answers), 1)
        latencies = [answer.latency_ms for answer in its]
        p50, p95 = np.percentile(latencies, [50, 95]) if latencies else (0.0, 0.0)
        table.add_row(
            variant, ", ".join(sorted({answer.version for answer in its})), f"{share:.0%}",
            Text("█" * round(share * BAR_WIDTH), style=colour), f"{p50:.1f}", f"{p95:.1f}",
        )  # fmt: skip
    failed = sum(bool(answer.error) for answer in answers) / max(len(answers), 1)
    table.add_row("failed", "", f"{failed:.0%}", Text("█" * round(failed * BAR_WIDTH), style="red"), "", "")
    return Group(table, Panel("".join(said).rstrip(), title=title, title_align="left"))
