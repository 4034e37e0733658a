"""Fixtures of every tier: a Pulumi project of the tests' own, on a backend of its own."""

import os
import subprocess
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[1]
NAMESPACE = "plimsoll-test"


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit code and all that it printed."""

    code: int
    output: str


@dataclass
class Project:
    """A stack of the real program, driven by the real CLI."""

    folder: Path
    """The checkout, or a copy that a test has changed."""
    stack: str
    config_file: Path
    environment: Mapping[str, str]

    def configure(self, config: object) -> None:
        """Make `config` the stack's `plimsoll:stack`."""
        self.config_file.write_text(yaml.safe_dump({"config": {"plimsoll:stack": config}}))

    def pulumi(self, *arguments: str, timeout_seconds: float = 600) -> Finished:
        """Run a pulumi command on the stack."""
        done = subprocess.run(
            ("pulumi", *arguments, "--stack", self.stack, "--non-interactive"),
            cwd=self.folder,
            env=dict(self.environment),
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_seconds,
        )
        return Finished(done.returncode, done.stdout)

    def up(self, config: object) -> Finished:
        """Configure, and update."""
        self.configure(config)
        return self.pulumi("up", "--yes", "--skip-preview", *self.judged)

    def preview(self, config: object, *arguments: str) -> Finished:
        """Configure, and preview."""
        self.configure(config)
        return self.pulumi("preview", *self.judged, *arguments)

    def destroy(self) -> Finished:
        """Remove everything that the stack made."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--config-file", str(self.config_file))

    @property
    def judged(self) -> tuple[str, ...]:
        """The options under which every change is judged by the policy pack."""
        return ("--config-file", str(self.config_file), "--policy-pack", "policies")


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """A fresh stack on a backend that ends with the tests."""
    backend = tmp_path_factory.mktemp("backend")
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    made = Project(CHECKOUT, "test", tmp_path_factory.mktemp("config") / "Pulumi.test.yaml", environment)
    made.configure({})
    created = made.pulumi("stack", "init", "--no-select", "--config-file", str(made.config_file))
    assert created.code == 0, created.output
    yield made


def a_test_stack_config(**service: Any) -> dict[str, Any]:
    """The committed local stack, in the tests' own namespace; arguments change its one service."""
    file: dict[str, Any] = yaml.safe_load((CHECKOUT / "stacks" / "Pulumi.local.yaml").read_text())
    config = file["config"]["plimsoll:stack"]
    config["namespace"] = NAMESPACE
    config["services"]["digits"].update(service)
    return config
