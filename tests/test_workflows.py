"""The workflows for pull requests, judged by actionlint and by what they are allowed."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from local import toolchain
from tests.conftest import CHECKOUT

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((CHECKOUT / ".github" / "actions").rglob("action.yml"))
BY_COMMIT = re.compile(r"@[0-9a-f]{40} # v")


@pytest.mark.engine
def test_actionlint_finds_nothing() -> None:
    toolchain.ensure(["actionlint"])

    found = subprocess.run(
        (toolchain.bin_dir("actionlint") / "actionlint", "-color", *WORKFLOWS),
        cwd=CHECKOUT, check=False, text=True, capture_output=True,
    )  # fmt: skip

    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: file.relative_to(CHECKOUT).as_posix())
def test_others_actions_are_pinned_by_commit_and_no_key_is_kept(file: Path) -> None:
    text = file.read_text()

    for line in text.splitlines():
        if "uses:" in line and "./" not in line:
            assert BY_COMMIT.search(line), line
    assert "secrets." not in text, "roles are taken on by OIDC, and nothing else is secret"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_do_only_what_it_says(file: Path) -> None:
    assert yaml.safe_load(file.read_text())["permissions"] in ({}, {"contents": "read"})


def test_only_a_protected_environment_updates_anything() -> None:
    for file in WORKFLOWS:
        for job in yaml.safe_load(file.read_text())["jobs"].values():
            if any("pulumi up" in step.get("run", "") for step in job.get("steps", ())):
                assert job["environment"] == "${{ inputs.stack }}"
