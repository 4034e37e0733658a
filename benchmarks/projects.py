"""Pulumi programs with a project, a stack and a backend that last as long as a benchmark, driven by the real CLI."""

import json
import resource
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.scratch import CHECKOUT, with_own_backend

PROJECT = "plimsoll"
STACK = "local"
"""Of a backend of its own, with the limits of the embedded cluster."""
TIMEOUT_SECONDS = 900
SAID_SHOWN = 2000  # characters: the reasons stand at the end


class BenchmarkError(Exception):
    """A command that a benchmark needs failed: which, and what it said."""

    def __init__(self, command: str, said: str) -> None:
        super().__init__(
            f"`{command}` failed, so there is no figure. The end of what it said:\n{said.strip()[-SAID_SHOWN:]}"
        )


@dataclass(frozen=True)
class Run:
    """A command that succeeded: what it took and what it printed."""

    seconds: float
    cpu_seconds: float
    """Of the command and all its children, on all cores; not of the cluster."""
    output: str


@dataclass(frozen=True)
class Project:
    """A program's one stack. Nothing of it lies in the checkout."""

    folder: Path
    environment: Mapping[str, str]

    def configure(self, config: Mapping[str, object]) -> None:
        """Make this the whole of the stack's config, by key without the project's name."""
        # JSON is YAML too.
        keys = {f"{PROJECT}:{key}": value for key, value in config.items()}
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": keys}))

    def pulumi(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Run:
        """Run a command on the stack, with variables added to the environment. Raises BenchmarkError."""
        return measured(
            ("pulumi", *arguments, "--stack", STACK, "--non-interactive"),
            folder=self.folder,
            environment={**self.environment, **(environment or {})},
        )

    @property
    def outputs(self) -> dict[str, Any]:
        """What the last update published."""
        return json.loads(self.pulumi("stack", "output", "--json").output)


def create(program: Path, folder: Path) -> Project:
    """A project in an empty folder, for the program in another; its stack has nothing deployed."""
    backend = folder / "backend"
    backend.mkdir(parents=True)
    runtime = {"name": "python", "options": {"virtualenv": str(CHECKOUT / ".venv")}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": PROJECT, "runtime": runtime, "main": str(program)}))
    project = Project(folder, with_own_backend(backend))
    project.pulumi("stack", "init", "--no-select")
    return project


def measured(command: tuple[str, ...], *, folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a command to its end. Nothing else of this process may end meanwhile. Raises BenchmarkError if it fails."""
    cpu_before, began = _cpu_seconds_of_children(), time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_SECONDS,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise BenchmarkError(" ".join(command), done.stdout)
    return Run(seconds, _cpu_seconds_of_children() - cpu_before, done.stdout)


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
