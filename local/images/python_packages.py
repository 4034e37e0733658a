"""Python packages from a hashed lock, installed into a folder that becomes part of an image."""

import platform
import sys
from pathlib import Path

from local.toolchain.store import ToolchainError, Workshop

PYTHON = "3.11"
"""The version whose wheels are taken, which is also Debian 12's."""


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
