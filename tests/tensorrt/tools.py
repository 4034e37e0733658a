"""What a build of an engine finds on its PATH: the real `aws`, and stand-ins for NVIDIA's commands."""

import hashlib
import sys
from pathlib import Path

from local.toolchain.progress import display
from local.toolchain.store import Artifact, Workshop, ensure

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"


def commands(into: Path) -> Path:
    """A folder with `aws`, `trtexec` and `nvidia-smi`. Builds what they need once, into the cache."""
    packages = _artifact()
    ensure([packages], display())
    for name, run in {
        "aws": "-m awscli",
        "trtexec": str(HERE / "trtexec.py"),
        "nvidia-smi": str(HERE / "nvidia_smi.py"),
    }.items():
        command = into / name
        command.write_text(f'#!/bin/sh\nPYTHONPATH={packages.folder} exec {sys.executable} {run} "$@"\n')
        command.chmod(0o755)
    return into


def _artifact() -> Artifact:
    key = hashlib.sha256(f"{LOCK.read_text()}{Path(__file__).read_text()}".encode()).hexdigest()
    return Artifact(shelf="tests", name="tensorrt", key=key, disk_mib=600, build=_build)


def _build(workshop: Workshop) -> None:
    workshop.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--disable-pip-version-check", "--target", workshop.into, "--requirement", LOCK),
        ]
    )
