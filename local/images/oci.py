"""Image archives without a registry or an engine: a folder becomes an OCI image of one layer, always the same bytes."""

import hashlib
import io
import json
import platform
import stat
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

EPOCH = "1970-01-01T00:00:00Z"
# Go's names of what `uname -m` says, which OCI uses.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a container of an image starts, where its pod doesn't say otherwise."""

    user: str
    """Numbers, as 'UID:GID': Kubernetes checks `runAsNonRoot` against them."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def write_archive(archive: Path, *, reference: str, root: Path, config: Config, scratch: Path) -> None:
    """Pack the folder `root` into `archive`, which `ctr images import` and `docker load` store as `reference`.

    Owners, times and the umask's share of permissions are left out, so equal files make equal bytes.
    """
    layer = scratch / "layer.tar"
    with layer.open("wb") as stream:
        _pack(root, stream)
    with layer.open("rb") as stream:
        layer_digest = hashlib.file_digest(stream, "sha256").hexdigest()
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    image = _json(
        {
            "created": EPOCH,
            "architecture": architecture,
            "os": "linux",
            "config": {
                "User": config.user,
                "Env": [f"{name}={value}" for name, value in config.env.items()],
                "Entrypoint": config.entrypoint,
                "Cmd": config.command,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer_digest}"]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", image),
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": f"sha256:{layer_digest}",
                    "size": layer.stat().st_size,
                }
            ],
        }
    )
    named = {
        **_descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
        "annotations": {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference},
        "platform": {"architecture": architecture, "os": "linux"},
    }
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as packed:
        _add(packed, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(packed, "index.json", _json({"schemaVersion": 2, "manifests": [named]}))
        for blob in (manifest, image):
            _add(packed, f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}", blob)
        with layer.open("rb") as stream:
            packed.addfile(_entry(f"blobs/sha256/{layer_digest}", layer.stat().st_size), stream)


def add_temporary_folder(root: Path) -> None:
    """Make /tmp, where anybody may write: programs of any user keep something there."""
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)


def _pack(root: Path, stream: IO[bytes]) -> None:
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as packed:
        for path in sorted(root.rglob("*")):
            entry = packed.gettarinfo(path, arcname=path.relative_to(root).as_posix())
            entry.uid = entry.gid = entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.mode = _mode(entry)
            if entry.isreg():
                with path.open("rb") as content:
                    packed.addfile(entry, content)
            else:
                packed.addfile(entry)


def _mode(entry: tarfile.TarInfo) -> int:
    """Read and enter for everybody, write for nobody but root (and the sticky /tmp); no set-user-ID."""
    if entry.isdir():
        return 0o1777 if entry.mode & stat.S_ISVTX else 0o755
    return 0o755 if entry.mode & stat.S_IXUSR else 0o644


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(blob).hexdigest()}", "size": len(blob)}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _add(packed: tarfile.TarFile, name: str, content: bytes) -> None:
    packed.addfile(_entry(name, len(content)), io.BytesIO(content))


def _entry(name: str, size_bytes: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size_bytes, 0o644
    return entry
