"""NVIDIA's perf_analyzer: load on a Triton server at a fixed concurrency, and what its callers saw."""

import csv
import hashlib
import os
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benchmarks.projects import measured
from local import images
from local.toolchain.progress import display
from local.toolchain.store import Artifact, ToolchainError, Workshop, ensure

LOCK = Path(__file__).parent / "perf_analyzer.lock"

# What the binary links and its package lacks: the Triton image holds them, under names with a hash in the middle.
LIBRARIES = {"libb64.so.0d": "libb64-", "libcudart.so.12": "libcudart-"}
IMAGE_LIBRARIES = "opt/tritonserver/lib/"

WINDOW_MS = 2_000
WINDOWS = 3
"""perf_analyzer averages over three windows. However much they differ: rounds that alternate deal with noise here."""


@dataclass(frozen=True)
class Seen:
    """What callers saw at one concurrency."""

    inferences_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


def fetch() -> None:
    """Bring perf_analyzer into the cache if it isn't there. The Triton image must be built. Raises ToolchainError."""
    ensure([_artifact()], display())


def load(*, url: str, model: str, concurrency: int) -> Seen:
    """Call a model over gRPC from `concurrency` callers at once, one random input a request, for six seconds.

    `url` is host:port. Raises BenchmarkError where the server can't be called.
    """
    folder = _artifact().folder
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch, "result.csv")
        measured(
            (
                str(folder / "perf_analyzer"), "-m", model, "-u", url, "-i", "grpc", "--async",
                f"--concurrency-range={concurrency}", f"--measurement-interval={WINDOW_MS}",
                "--stability-percentage=999", f"--max-trials={WINDOWS}", "-f", str(result),
            ),
            folder=Path(scratch),
            environment={**os.environ, "LD_LIBRARY_PATH": str(folder)},
        )  # fmt: skip
        return seen(result.read_text())


def seen(table: str) -> Seen:
    """The one row of perf_analyzer's CSV, which counts latencies in microseconds."""
    [row] = csv.DictReader(table.splitlines())
    return Seen(
        inferences_per_second=float(row["Inferences/Second"]),
        p50_ms=float(row["p50 latency"]) / 1000,
        p95_ms=float(row["p95 latency"]) / 1000,
        p99_ms=float(row["p99 latency"]) / 1000,
    )


def _artifact() -> Artifact:
    recipe = f"{LOCK.read_text()}{Path(__file__).read_text()}{images.archive('triton')}"
    key = hashlib.sha256(recipe.encode()).hexdigest()
    return Artifact(shelf="benchmarks", name="perf-analyzer", key=key, disk_mib=100, build=_build)


def _build(workshop: Workshop) -> None:
    workshop.run(
        [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--disable-pip-version-check", "--dest", workshop.scratch, "--requirement", LOCK),
        ]
    )
    [wheel] = workshop.scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        [binary] = [name for name in packed.namelist() if name.endswith("/bin/perf_analyzer")]
        (workshop.into / "perf_analyzer").write_bytes(packed.read(binary))
    (workshop.into / "perf_analyzer").chmod(0o755)
    for name, content in _image_libraries(images.archive("triton")).items():
        (workshop.into / name).write_bytes(content)


def _image_libraries(archive: Path) -> Mapping[str, bytes]:
    """The libraries out of the image's one layer, which is by far the largest file of its archive."""
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as image:
        layer = max(image.getmembers(), key=lambda member: member.size)
        with tarfile.open(fileobj=image.extractfile(layer)) as files:
            for member in files:
                for name, packed_as in LIBRARIES.items():
                    if member.name.startswith(f"{IMAGE_LIBRARIES}{packed_as}"):
                        found[name] = cast("tarfile.ExFileObject", files.extractfile(member)).read()
    if missing := LIBRARIES.keys() - found.keys():
        raise ToolchainError(
            f"{archive}: no {', '.join(missing)} in {IMAGE_LIBRARIES}, which perf_analyzer needs. Look at what "
            "local/images/triton puts there"
        )
    return found
