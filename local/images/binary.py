"""Images of one static binary and an empty /tmp: no shell, no libraries, no package to patch."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from local.images import oci
from local.toolchain.golang import GoTool
from local.toolchain.store import Artifact, Workshop

REGISTRY = "plimsoll.local"


@dataclass(frozen=True, kw_only=True)
class BinaryImage:
    """A binary of a tool, alone in its image, as its entrypoint."""

    name: str
    tool: GoTool
    binary: str
    user: str
    """Numbers, as 'UID:GID'."""

    @property
    def reference(self) -> str:
        """The name that pods use, with the tool's version as its tag."""
        return f"{REGISTRY}/{self.name}:{self.tool.version}"

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that have to be there before it is built."""
        return (self.tool.name,)

    @property
    def artifact(self) -> Artifact:
        """Its archive, `image.tar`."""
        code = [Path(file).read_text() for file in (__file__, oci.__file__)]
        recipe = [self.reference, self.tool.key, self.binary, self.user, *code]
        key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()
        return Artifact(shelf="images", name=self.name, key=key, disk_mib=300, build=self._build)

    def _build(self, workshop: Workshop) -> None:
        root = workshop.scratch / "root"
        (root / "usr/bin").mkdir(parents=True)
        (root / "bin").symlink_to("usr/bin")  # where some operators look for what they run
        shutil.copy(self.tool.artifact.folder / "bin" / self.binary, root / "usr/bin" / self.binary)
        oci.add_temporary_folder(root)
        oci.write_archive(
            workshop.into / "image.tar",
            reference=self.reference,
            root=root,
            config=oci.Config(user=self.user, entrypoint=(f"/usr/bin/{self.binary}",)),
            scratch=workshop.scratch,
        )
