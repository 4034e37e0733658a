"""Policies inside the real engine: what they refuse is refused before anything changes."""

import subprocess
from pathlib import Path

import pytest

from ops.scratch import with_own_backend
from tests.conftest import CHECKOUT, Finished

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parent / "moving_image"


def update_with(image: str, folder: Path) -> Finished:
    """Update a fresh stack whose one Deployment runs `image`, judged by the pack; it renders into `folder`."""
    (folder / "backend").mkdir()
    stack_file = folder / "Pulumi.policies.yaml"
    stack_file.write_text(f"config:\n  moving-image:image: {image}\n  moving-image:folder: {folder / 'rendered'}\n")
    environment = with_own_backend(folder / "backend")
    environment.pop("KUBECONFIG", None)  # the provider renders files or speaks to a cluster, not both
    output = ""
    for command in (
        ("stack", "init", "policies", "--no-select"),
        ("up", "--yes", "--skip-preview", "--stack", "policies", "--config-file", str(stack_file),
         "--policy-pack", str(CHECKOUT / "policies")),
    ):  # fmt: skip
        done = subprocess.run(
            ("pulumi", *command, "--non-interactive"), cwd=PROGRAM, env=environment, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        output += done.stdout
    (PROGRAM / "Pulumi.policies.yaml").unlink(missing_ok=True)
    return Finished(done.returncode, output)


def test_an_exact_image_passes(tmp_path: Path) -> None:
    done = update_with("registry.example/web:1.2.3", tmp_path)

    assert done.code == 0, done.output
    assert list((tmp_path / "rendered").rglob("*deployment*"))


def test_a_moving_image_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    done = update_with("registry.example/web:latest", tmp_path)

    assert done.code != 0
    assert "exact-images" in done.output
    assert "container 'web' runs image 'registry.example/web:latest'" in done.output
    assert "Name the release in the stack's `images`" in done.output
    assert not list((tmp_path / "rendered").rglob("*deployment*"))
