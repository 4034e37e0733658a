"""Images made of Debian packages and of Python packages from a hashed lock."""

import hashlib
import json
import platform
import sys
from pathlib import Path

from local.images import oci
from local.toolchain import debian
from local.toolchain.store import ToolchainError, Workshop

PYTHON = "3.11"
"""The version whose wheels are taken, which is also Debian 12's."""


def image_key(recipe: Path, lock: Path, reference: str) -> str:
    """Hash of all that decides what is in such an image: its own module `recipe`, and what that is made with."""
    files = (recipe, lock, Path(__file__), Path(oci.__file__), Path(debian.__file__))
    contents = [reference, debian.release(), *(file.read_text() for file in files)]
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()


def install(workshop: Workshop, lock: Path, site: Path) -> None:
    """Install what `lock` names into `site`, without what it depends on. Raises ToolchainError."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        raise ToolchainError(
            f"{workshop.name}: this is Python {platform.python_version()}, and its packages are built for {PYTHON}. "
            f"Run it with Python {PYTHON}"
        )
    workshop.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--no-compile", "--no-warn-script-location", "--disable-pip-version-check", "--target", site),
            *("--requirement", lock),
        ]
    )
