"""`ops touched`: which stacks a change touches, for whoever previews each of them."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from typing import Annotated

import typer
import yaml

from ops.cost import STACKS
from ops.errors import CommandError

HARMLESS = (
    "docs/",
    "tests/",
    "benchmarks/",
    ".github/",
    ".ci/",
    "local/",
    "ops/",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
)
"""What no stack on AWS is made of."""


def command(
    since: Annotated[str, typer.Option(help="The commit that the change began at.")] = "origin/main",
) -> None:
    """Print the stacks on AWS that the changes since a commit touch, as JSON."""
    files = _changed(since)
    print(json.dumps(touched(files, _on_aws())))


def touched(files: Iterable[str], stacks: Iterable[str]) -> list[str]:
    """The stacks that a change of some files touches: its own file one of them, and what all are made of all."""
    own: Mapping[str, str] = {f"stacks/Pulumi.{stack}.yaml": stack for stack in stacks}
    changed = [file for file in files if not file.startswith(HARMLESS)]
    if any(not file.startswith("stacks/Pulumi.") for file in changed):
        return list(own.values())
    return [own[file] for file in own if file in changed]


def _changed(since: str) -> list[str]:
    done = subprocess.run(
        ("git", "diff", "--name-only", f"{since}...HEAD"), check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise CommandError(f"git can't compare with {since}: {done.stderr.strip()}", "fetch it, or name another one")
    return done.stdout.splitlines()


def _on_aws() -> list[str]:
    """The stacks that are made on AWS, by name."""
    files = sorted(STACKS.glob("Pulumi.*.yaml"))
    return [
        file.name.split(".")[1]
        for file in files
        if yaml.safe_load(file.read_text())["config"]["plimsoll:stack"]["cluster"]["kind"] == "eks"
    ]
