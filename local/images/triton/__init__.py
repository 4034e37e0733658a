"""The Triton image: a small Debian root, Python packages from a hashed lock, and the server that one of them carries.

It is laid out as NVIDIA's own image is, `/opt/tritonserver` with the binary on PATH, so that one pod template serves
both. There is no native backend in it: ONNX models run in the python backend, on CPU.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.images import oci, python_packages
from local.images.binary import REGISTRY
from local.toolchain import debian
from local.toolchain.store import Artifact, ToolchainError, Workshop

LOCK = Path(__file__).parent / "requirements.lock"

# The server that nvidia-pytriton carries; its packages don't name it.
SERVER_VERSIONS = {"0.7.0": "2.51.0"}

# The python backend starts a model's process through bash.
DEBIAN_PACKAGES = ("libpython3.11", "python3.11-minimal", "libstdc++6", "bash")
# What installs packages, which nobody does in a container.
WITHOUT = ("debconf", "debianutils", "dpkg", "mawk", "tar")

CONFIG = oci.Config(
    user="1000:1000",
    env={
        "PATH": "/opt/tritonserver/bin:/usr/local/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/opt/tritonserver/lib",
        "HOME": "/tmp",  # noqa: S108 - a path inside the image; the only one that is writable there
    },
    command=("tritonserver",),
)

_SITE = "usr/local/lib/python3.11/dist-packages"

# Nothing reads these while models are served.
_UNUSED = (
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/debconf",
    "usr/lib/python3.11/idlelib",
    "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/pydoc_data",
    f"{_SITE}/bin",
    f"{_SITE}/pytriton",
    f"{_SITE}/nvidia_pytriton.libs",
    f"{_SITE}/onnxruntime/transformers",
    f"{_SITE}/onnxruntime/quantization",
    f"{_SITE}/onnxruntime/tools",
)


@dataclass(frozen=True, kw_only=True)
class TritonImage:
    """Triton Inference Server with its python backend, for CPU."""

    name: str = "triton"

    @property
    def reference(self) -> str:
        """The name that pods use, with the server's version as its tag."""
        found = re.search(r"^nvidia-pytriton==(\S+)", LOCK.read_text(), re.MULTILINE)
        package_version = found[1] if found else ""
        if package_version not in SERVER_VERSIONS:
            raise ToolchainError(
                f"{LOCK}: nvidia-pytriton {package_version or 'is not in it'}; the server versions known are those of "
                f"{', '.join(SERVER_VERSIONS)}. Run its `tritonserver --version`, and add a line to SERVER_VERSIONS"
            )
        return f"{REGISTRY}/{self.name}:{SERVER_VERSIONS[package_version]}"

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that have to be there before it is built: none."""
        return ()

    @property
    def artifact(self) -> Artifact:
        """Its archive, `image.tar`."""
        key = python_packages.image_key(Path(__file__), LOCK, self.reference)
        return Artifact(shelf="images", name=self.name, key=key, disk_mib=1500, build=self._build)

    def _build(self, workshop: Workshop) -> None:
        root = workshop.scratch / "root"
        debian.unpack(workshop, debian.download(workshop, DEBIAN_PACKAGES, without=WITHOUT), root)
        python_packages.install(workshop, LOCK, root / _SITE)
        _place_server(root)
        _place_system_files(root)
        for path in [root / name for name in _UNUSED] + list(_tests(root / _SITE)):
            shutil.rmtree(path, ignore_errors=True)
        _compile(workshop, root)
        oci.write_archive(
            workshop.into / "image.tar",
            reference=self.reference,
            root=root,
            config=CONFIG,
            scratch=workshop.scratch,
        )


def _place_server(root: Path) -> None:
    """Move the server from its package to where NVIDIA's image has it, with the one stub that fits the Python here."""
    packaged, server = root / _SITE / "pytriton" / "tritonserver", root / "opt" / "tritonserver"
    server.mkdir(parents=True)
    for name in ("bin", "backends", "caches"):
        (packaged / name).rename(server / name)
    (root / _SITE / "nvidia_pytriton.libs").rename(server / "lib")
    for other_python in (server / "lib").glob("libpython*"):
        other_python.unlink()
    stub = server / "backends" / "python" / "triton_python_backend_stub"
    (packaged / "python_backend_stubs" / python_packages.PYTHON / stub.name).rename(stub)
    for program in (stub, server / "bin" / "tritonserver"):
        program.chmod(0o755)


def _place_system_files(root: Path) -> None:
    """What packages' scripts would have made: the names `python3` and `sh`, a user, a place for temporary files."""
    (root / "usr/bin/python3").symlink_to(f"python{python_packages.PYTHON}")
    (root / "usr/bin/sh").symlink_to("bash")
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\ntriton:x:1000:1000::/tmp:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ntriton:x:1000:\n")
    oci.add_temporary_folder(root)


def _tests(site: Path) -> Iterator[Path]:
    yield from (path for path in site.rglob("tests") if path.is_dir())


def _compile(workshop: Workshop, root: Path) -> None:
    """Compile ahead: a pod's root file system is read-only, so Python could never keep what it compiles at each start.

    Checked by nothing, since times are not kept in the image and its sources can't change.
    """
    for cache in list(root.rglob("__pycache__")):
        shutil.rmtree(cache)
    workshop.run(
        [
            *(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
            *("-s", root, "-p", "/", root / "usr/lib/python3.11", root / _SITE, root / "opt"),
        ]
    )
