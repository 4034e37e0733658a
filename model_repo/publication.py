"""Put a repository into the store that the servers read from, whole or not at all."""

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO

from model_repo.files import File
from model_repo.repository import Repository

LOCK = ".publishing.lock"
UNFINISHED = ".publishing-"
CHUNK_BYTES = 1 << 20
# Pods read as another user than the one who publishes, whatever the umask here is.
FOLDER_MODE = 0o755
FILE_MODE = 0o644


class PublishError(Exception):
    """A repository was not published; the store is as it was before."""

    def __init__(self, path: Path, reason: str, way_out: str) -> None:
        self.path = path
        self.reason = reason
        self.way_out = way_out
        super().__init__(path, reason, way_out)

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}; nothing was published\n    fix     {self.way_out}"


def publish(repository: Repository, store: Path) -> Path:
    """Write a repository into `<store>/<digest>` and return that folder; one that is already there is left alone.

    The folder appears complete or not at all, also when the process is killed or the machine stops. The store itself
    must exist: a missing one is usually a volume that is not mounted. Raises PublishError.
    """
    published = store / repository.digest
    try:
        with _lock(store):
            _remove_unfinished(store)
            if not published.is_dir():
                _write(repository, published)
    except OSError as error:
        raise _explained(error, store) from error
    return published


@contextmanager
def _lock(store: Path) -> Generator[None]:
    """Keep other publishers out, so that whatever is unfinished inside was left by one that died."""
    with (store / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel gives it back when the process ends, however it ends
        yield


def _remove_unfinished(store: Path) -> None:
    for leftover in store.glob(f"{UNFINISHED}*/"):
        shutil.rmtree(leftover)


def _write(repository: Repository, published: Path) -> None:
    unfinished = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=published.parent))
    try:
        for file in repository.files:
            _write_file(file, unfinished / file.path)
        for folder in [unfinished, *(path for path in unfinished.rglob("*") if path.is_dir())]:
            folder.chmod(FOLDER_MODE)
            _sync_folder(folder)
        unfinished.rename(published)
        _sync_folder(published.parent)
    except BaseException:  # an interrupt cleans up, too
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _write_file(file: File, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with _opened(file.source) as source, target.open("xb") as copy:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fchmod(copy.fileno(), FILE_MODE)
        os.fsync(copy.fileno())
    if digest.hexdigest() != file.sha256:
        raise PublishError(
            Path(file.path),
            "its contents changed after the digest was taken, so the two would not agree",
            "run it again when nothing writes to the model's folder",
        )


def _opened(source: bytes | Path) -> IO[bytes]:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explained(error: OSError, store: Path) -> PublishError:
    path = Path(error.filename) if isinstance(error.filename, str) else store
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            reason = "there is no such folder"
            way_out = f"mount the volume at {store}, or create the folder if it is this machine's own"
        case errno.ENOSPC | errno.EDQUOT:
            free_mib = shutil.disk_usage(store).free // 2**20
            reason = f"no space is left on the store's volume ({free_mib} MiB free)"
            way_out = f"enlarge the volume, or delete folders in {store} that no stack names in its outputs"
        case errno.EROFS | errno.EACCES | errno.EPERM:
            reason = f"it cannot be written ({error.strerror})"
            way_out = f"mount {store} for writing, and let the user that runs this write to it"
        case _:
            reason = error.strerror or str(error)
            way_out = f"look at the store's volume at {store}, and run it again"
    return PublishError(path, reason, way_out)
