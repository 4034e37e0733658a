"""The machine that figures were measured on, and the versions of what was measured."""

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from local import images
from local.toolchain.catalogue import KUBERNETES

PACKAGES = ("pulumi", "pulumi-kubernetes", "pulumi-aws", "pydantic")
"""The Python packages whose speed is measured along with the platform's."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a figure is worth nothing without."""

    date: str
    """UTC, as YYYY-MM-DD."""
    cores: int
    cpu: str
    memory_gib: float
    kernel: str
    load: float
    """Processes that wanted a core, over the five minutes before; anything near `cores` means: not alone."""
    versions: Mapping[str, str]

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.date}, {self.cores} cores of {self.cpu}, {self.memory_gib:.0f} GiB, {self.kernel}, "
            f"load {self.load:.1f} before it began; {versions}"
        )


def describe() -> Machine:
    """This machine, now. The toolchain's `pulumi` must be on PATH."""
    cpu = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    pulumi = subprocess.run(("pulumi", "version"), check=True, capture_output=True, text=True).stdout.strip()
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        cores=os.cpu_count() or 0,
        cpu=cpu[1] if cpu else platform.machine(),
        memory_gib=round(pages * page_bytes / 2**30, 1),
        kernel=f"{platform.system()} {platform.release()}",
        load=round(os.getloadavg()[1], 1),
        versions={
            "Python": platform.python_version(),
            "Pulumi CLI": pulumi.removeprefix("v"),
            **{package: version(package) for package in PACKAGES},
            "Kubernetes": KUBERNETES.version,
            "Triton": images.reference("triton").rpartition(":")[2],
        },
    )
