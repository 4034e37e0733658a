"""A file of a model repository, known by what it holds."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class File:
    """One file of a repository."""

    path: str
    """Where it lies in the repository: relative, with forward slashes."""
    source: bytes | Path
    """Its contents, or the file that has them: weights are larger than memory."""
    sha256: str

    @property
    def size_bytes(self) -> int:
        """How large it is."""
        return len(self.source) if isinstance(self.source, bytes) else self.source.stat().st_size


def listing(files: Iterable[File]) -> str:
    """A line a file: what a digest of several is taken of."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in files)


def text_file(path: str, text: str) -> File:
    """A file that holds a text."""
    contents = text.encode()
    return File(path, contents, hashlib.sha256(contents).hexdigest())


def file_at(path: str, source: Path) -> File:
    """A file that is on this machine already."""
    status = source.stat()
    return File(path, source, _sha256(source, status.st_size, status.st_mtime_ns))


@cache
def _sha256(source: Path, _size: int, _modified_ns: int) -> str:
    """The hash of a file's contents, read once for each size and time of change, however many services share it."""
    with source.open("rb") as contents:
        return hashlib.file_digest(contents, "sha256").hexdigest()
