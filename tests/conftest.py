"""Fixtures of every tier: a Pulumi project of the tests' own, on a backend of its own."""

import json
import subprocess
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ops.scratch import CHECKOUT, link_checkout, with_own_backend

LOCAL_STACK = CHECKOUT / "stacks" / "Pulumi.local.yaml"
NAMESPACE = "plimsoll-test"
UPDATE = ("up", "--yes", "--skip-preview", "--policy-pack", "policies")


class Lanes(LoadScopeScheduling):
    """What shares the one cluster goes one after the other, and all else beside it, file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return "cluster" if nodeid.startswith("tests/cluster/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """How `--numprocesses` shares tests out: xdist's own groups are not known to this pytest (3.8 and 9.2)."""
    return Lanes(config, log)


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit code and all that it printed."""

    code: int
    output: str


@dataclass(frozen=True)
class Project:
    """The real program with a stack of the tests' own, driven by the real CLI."""

    folder: Path
    """Links to the checkout, and a stack file beside them that tests may write."""
    environment: Mapping[str, str]
    stack: str = "test"

    @property
    def stack_file(self) -> Path:
        """What `configure` writes, and commands may edit."""
        return self.folder / "stacks" / f"Pulumi.{self.stack}.yaml"

    def configure(self, config: object) -> None:
        """Make `config` the stack's `plimsoll:stack`."""
        file = yaml.safe_load(LOCAL_STACK.read_text())
        file["config"]["plimsoll:stack"] = config
        self.stack_file.write_text(yaml.safe_dump(file))

    def limit(self, stack: str, **limits: object) -> None:
        """Set some of a stack's limits, in a project that has its own policies."""
        file = self.folder / "policies" / "limits.yaml"
        all_limits = yaml.safe_load(file.read_text())
        all_limits["stacks"].setdefault(stack, {}).update(limits)
        file.write_text(yaml.safe_dump(all_limits))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a pulumi command on the stack."""
        return subprocess.Popen(
            ("pulumi", *arguments, "--stack", self.stack, "--non-interactive"),
            cwd=self.folder,
            env=dict(self.environment),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def pulumi(self, *arguments: str) -> Finished:
        """Run a pulumi command on the stack."""
        command = self.start(*arguments)
        output, _ = command.communicate()
        return Finished(command.returncode, output)

    def up(self, config: object) -> Finished:
        """Configure, and update."""
        self.configure(config)
        return self.pulumi(*UPDATE)

    def preview(self, config: object, *arguments: str) -> Finished:
        """Configure, and preview."""
        self.configure(config)
        return self.pulumi("preview", "--policy-pack", "policies", *arguments)

    def outputs(self) -> dict[str, Any]:
        """What the last update left."""
        return json.loads(self.pulumi("stack", "output", "--json").output)

    def destroy(self) -> Finished:
        """Remove everything that the stack made."""
        return self.pulumi("destroy", "--yes", "--skip-preview")


def new_project(
    tmp_path_factory: pytest.TempPathFactory, stack: str = "test", *, copied: Collection[str] = ()
) -> Project:
    """A fresh stack on a backend that ends with the tests. What is copied of the checkout, tests may edit."""
    folder, backend = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("backend")
    link_checkout(folder, copied=["policies", *copied])
    made = Project(folder, with_own_backend(backend), stack)
    made.limit("test", enforcement="advisory")
    made.configure({})
    created = made.pulumi("stack", "init", "--no-select")
    assert created.code == 0, created.output
    return made


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fresh stack for the tests of one file."""
    return new_project(tmp_path_factory)


@contextmanager
def a_disk_of(size: str, folder: Path) -> Generator[Path]:
    """A disk of so many bytes (as mount writes them) in a new folder, gone afterwards."""
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)), check=True)
    try:
        yield folder
    finally:
        subprocess.run(("umount", str(folder)), check=True)


def a_test_stack_config(**service: Any) -> dict[str, Any]:
    """The committed local stack, in the tests' own namespace; arguments change its one service."""
    file: dict[str, Any] = yaml.safe_load(LOCAL_STACK.read_text())
    config = file["config"]["plimsoll:stack"]
    config["namespace"] = NAMESPACE
    # Small, so that the tests fit on two cores beside whatever else is deployed.
    digits = config["services"]["digits"]
    digits.update({"resources": {"cpu": 0.1, "memoryMib": 512}, **service})
    # A server may take that long over its last requests, and each test that ends a canary waits for it.
    digits["traffic"] = {"requestTimeoutMs": 4_000, **digits.get("traffic", {})}
    return config
