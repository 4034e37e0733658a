"""Container images without a registry or an engine, as archives in the cache.

`ensure(["triton"])` builds what is missing, `archive("triton")` is the file that `ctr -n k8s.io images import` takes,
and `reference("triton")` the name that a pod then uses.
"""

from collections.abc import Sequence
from pathlib import Path

from local import toolchain
from local.images.catalogue import IMAGES, Image
from local.toolchain.progress import display
from local.toolchain.store import ToolchainError
from local.toolchain.store import ensure as ensure_artifacts

__all__ = ["IMAGES", "Image", "archive", "build_seconds", "ensure", "image", "reference"]


def image(name: str) -> Image:
    """The image of that name. Raises ToolchainError that lists the names there are."""
    if name not in IMAGES:
        raise ToolchainError(f"there is no image {name!r}; there are {', '.join(IMAGES)}")
    return IMAGES[name]


def ensure(names: Sequence[str]) -> None:
    """Build each image that isn't there yet, and the tools that go into it. Raises ToolchainError."""
    missing = [each for each in map(image, names) if not each.artifact.ready]
    tools = dict.fromkeys(tool for each in missing for tool in each.tools)
    ensure_artifacts(
        [*(toolchain.tool(name).artifact for name in tools), *(each.artifact for each in missing)], display()
    )


def archive(name: str) -> Path:
    """An image's archive, which `ensure` builds. Its path changes whenever what it holds does."""
    return image(name).artifact.folder / "image.tar"


def reference(name: str) -> str:
    """The name under which containerd stores an image, as 'plimsoll.local/triton:2.51.0'."""
    return image(name).reference


def build_seconds(name: str) -> float | None:
    """How long this machine took to build an image; None before that."""
    return image(name).artifact.build_seconds
