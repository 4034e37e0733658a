"""The cluster's cgroups: one `plimsoll` folder in each hierarchy of the machine, version 1 or 2."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

NAME = "plimsoll"
REMOVE_TIMEOUT_SECONDS = 10.0


def create() -> None:
    """Make the folder in every hierarchy; the kubelet makes the pods' below it."""
    for hierarchy in hierarchies():
        folder = hierarchy / NAME
        folder.mkdir(exist_ok=True)
        # Version 1 starts a cpuset empty, and an empty one takes no process.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (folder / setting).exists() and (hierarchy / setting).exists():
                value = (hierarchy / setting).read_text().strip()
                if value:
                    (folder / setting).write_text(value)


def remove() -> None:
    """Remove the folders and all below them. The processes in them are gone or going."""
    deadline = time.monotonic() + REMOVE_TIMEOUT_SECONDS
    while remaining := left():
        for folder in remaining:
            for below, _, _ in os.walk(folder, topdown=False):
                with contextlib.suppress(OSError):  # busy until the kernel has let go of its last process
                    Path(below).rmdir()
        if time.monotonic() > deadline:
            raise TimeoutError(f"cgroups would not go: {', '.join(map(str, remaining))}")
        time.sleep(0.05)


def left() -> list[Path]:
    """The cluster's folders that are there now."""
    return [hierarchy / NAME for hierarchy in hierarchies() if (hierarchy / NAME).is_dir()]


def hierarchies() -> Iterator[Path]:
    """Every mounted cgroup hierarchy."""
    seen: set[Path] = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        mount_point = Path(fields.split()[4])
        if rest.split()[0] in {"cgroup", "cgroup2"} and mount_point not in seen:
            seen.add(mount_point)
            yield mount_point
