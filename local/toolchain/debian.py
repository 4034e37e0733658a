"""Packages of the Debian release that this machine runs, fetched and unpacked into a folder: nothing is installed.

apt works on a state of its own in the cache, with an empty package database: it resolves whole closures whatever the
machine has, needs no root, and leaves the machine's own lists as they are.
"""

import hashlib
import json
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.home import home
from local.toolchain.store import OTHER_WAY, Artifact, ToolchainError, Workshop, locked

LISTS_FRESH_SECONDS = 6 * 3600  # Debian's security archive drops replaced versions, so older lists name missing files

# Every machine has its own, and a loader fits only the libc that it came with.
_FROM_THE_MACHINE = ("libc6",)

_WRAPPER = """\
#!/bin/sh
root=${{0%/*}}/../root
export LD_LIBRARY_PATH="$root/usr/lib/{triplet}"{exports}
exec "$root/{path}" "$@"
"""


@dataclass(frozen=True, kw_only=True)
class DebianTools:
    """Programs of Debian packages, each behind a wrapper in `bin/` that finds its libraries."""

    name: str
    packages: tuple[str, ...]
    binaries: Mapping[str, str]
    """Each program's name, and its path inside the packages."""
    exports: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders that the programs look for in a variable, inside the packages; `{triplet}` is the platform's."""
    disk_mib: int
    """Space that it takes, packages included."""

    @property
    def key(self) -> str:
        """Hash of the recipe, the release and the platform. The release's own updates come with a new cache."""
        recipe = [self.packages, self.binaries, self.exports, _WRAPPER, release(), platform.machine()]
        return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()

    @property
    def artifact(self) -> Artifact:
        """Its programs, in `bin/`."""
        return Artifact(shelf="toolchain", name=self.name, key=self.key, disk_mib=self.disk_mib, build=self._build)

    def _build(self, workshop: Workshop) -> None:
        archives = download(workshop, self.packages, without=_FROM_THE_MACHINE)
        root = workshop.into / "root"
        unpack(workshop, archives, root)
        bin_folder = workshop.into / "bin"
        bin_folder.mkdir()
        for name, path in self.binaries.items():
            if not (root / path).exists():
                raise ToolchainError(f"{self.name}: no package of {', '.join(self.packages)} holds {path}")
            exports = "".join(
                f'\nexport {variable}="$root/{folder.format(triplet=triplet())}"'
                for variable, folder in self.exports.items()
            )
            wrapper = bin_folder / name
            wrapper.write_text(_WRAPPER.format(path=path, triplet=triplet(), exports=exports))
            wrapper.chmod(0o755)


def release() -> str:
    """This machine's distribution and version, as 'debian-12'."""
    system = platform.freedesktop_os_release()
    return f"{system['ID']}-{system.get('VERSION_ID', '')}"


def download(workshop: Workshop, packages: Sequence[str], *, without: Sequence[str] = ()) -> list[Path]:
    """Fetch `packages` and everything that they depend on, less the packages `without`: the .deb files."""
    missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if missing:
        raise ToolchainError(
            f"{workshop.name}: `{missing[0]}` is not on PATH, and {', '.join(packages)} come from Debian packages. "
            f"Use a machine with Debian 12. {OTHER_WAY}"
        )
    state = home() / "apt"
    with locked(state / "lock"):
        apt = _apt(state, archives=workshop.scratch)
        served = state / "lists-served"
        if not served.is_file() or time.time() - served.stat().st_mtime > LISTS_FRESH_SECONDS:
            served.unlink(missing_ok=True)
            workshop.run([*apt, "update"])
        workshop.run([*apt, "install", "--yes", "--download-only", *packages])
        if not served.is_file():  # only now: `apt-get update` succeeds without a network, too
            served.touch()
    return sorted(path for path in workshop.scratch.glob("*.deb") if path.name.partition("_")[0] not in without)


def unpack(workshop: Workshop, archives: Sequence[Path], root: Path) -> None:
    """Unpack packages into a root whose /bin, /lib and /sbin are links into /usr; none of their scripts runs."""
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for archive in archives:
        # dpkg-deb's own --extract would put folders in the links' place.
        unpacking = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"'
        workshop.run(["sh", "-c", unpacking, "sh", archive, root])


def _apt(state: Path, *, archives: Path) -> list[str]:
    database = state / "no-packages"
    database.touch()
    options = {
        "Dir::State": state,
        "Dir::State::status": database,
        "Dir::Cache": state,
        "Dir::Cache::archives": archives,
        "Dir::Log": state,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # apt's own user can't read a folder that is its owner's only
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Acquire::Retries": "3",
    }
    return ["apt-get", *(f"-o={name}={value}" for name, value in options.items())]


def triplet() -> str:
    """The name of this platform's library folders, as 'x86_64-linux-gnu'."""
    return f"{platform.machine()}-linux-gnu"
