"""Real tools from package registries alone: built once into the cache, and found there afterwards.

`ensure(["kubernetes", "runc"])` builds what is missing; `bin_dir("kubernetes")` is the folder to put on PATH. Neither
needs Go, apt or a network once everything is there.
"""

from collections.abc import Sequence
from pathlib import Path

from local.toolchain.catalogue import TOOLS, Tool
from local.toolchain.progress import display
from local.toolchain.store import ToolchainError
from local.toolchain.store import ensure as ensure_artifacts

__all__ = ["TOOLS", "Tool", "ToolchainError", "bin_dir", "build_seconds", "ensure", "tool"]


def tool(name: str) -> Tool:
    """The tool of that name. Raises ToolchainError that lists the names there are."""
    if name not in TOOLS:
        raise ToolchainError(f"there is no tool {name!r}; there are {', '.join(TOOLS)}")
    return TOOLS[name]


def ensure(names: Sequence[str]) -> None:
    """Build each tool that isn't there yet, and show it. Raises ToolchainError with the reason and the way out."""
    ensure_artifacts([tool(name).artifact for name in names], display())


def bin_dir(name: str) -> Path:
    """The folder of a tool's binaries, which `ensure` fills."""
    return tool(name).artifact.folder / "bin"


def build_seconds(name: str) -> float | None:
    """How long this machine took to build a tool; None before that."""
    return tool(name).artifact.build_seconds
