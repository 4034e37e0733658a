"""Things that are built once: one folder a key, made beside its place and renamed into it, so that it is there or not.

A build may be stopped at any moment, by SIGKILL too. What it leaves is a temporary folder, which the next builder of
the same name throws away, and a lock that the kernel frees. Two builders at once build once: the second waits.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.home import home
from local.toolchain.progress import Display, Progress

KEY_DIGITS = 12
LOG_LINES_SHOWN = 15

OTHER_WAY = "Or build nothing: put `pulumi` and `kubectl` on PATH, and run KUBECONFIG=… make up STACK=existing."

# What a failed command's last lines say, and what helps.
_REMEDIES = {
    r"[Nn]o space left on device": "The disk is full: free some space, or set PLIMSOLL_HOME to another disk.",
    r"requires go >= |invalid go version|unknown directive": (
        "Go is too old for this module: install the version that it asks for, or let Go fetch it (GOTOOLCHAIN=auto)."
    ),
    r"dial tcp|no such host|i/o timeout|TLS handshake|proxyconnect|connection refused|connection reset"
    r"|Could not resolve|Temporary failure|Could not connect|Failed to fetch|Network is unreachable"
    r"|ConnectionError|NewConnectionError|error sending request": (
        "The network or the registry did not answer: check the connection and proxy settings, then run it again; "
        "what was fetched is kept."
    ),
}


class ToolchainError(Exception):
    """Something could not be built. Its text is ready to be shown: what, why, and the way out."""


@dataclass(frozen=True)
class Workshop:
    """The folders that one build works in, and its log."""

    name: str
    into: Path
    """Becomes the ready folder when the build returns."""
    scratch: Path
    """Thrown away when the build ends."""
    log: Path

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> None:
        """Run a command. What it says goes into the log, what it prints into `output` if that is given.

        `env` is added to this process's own environment. Raises ToolchainError with the log's end if it fails.
        """
        with self.log.open("a") as log, output.open("w") if output else nullcontext(log) as printed:
            log.write(f"$ {' '.join(map(str, command))}\n")
            log.flush()
            done = subprocess.run(
                list(command),
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=log,
                check=False,
            )
        if done.returncode != 0:
            raise ToolchainError(_failure(self.name, self.log))


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """Something that a build makes once: a tool's binaries, an image's archive."""

    shelf: str
    """The folder of the cache that holds its kind."""
    name: str
    key: str
    """Hash of everything that decides what the build makes."""
    disk_mib: int
    """Space that a first build takes, fetched sources and caches included."""
    build: Callable[[Workshop], None]

    @property
    def folder(self) -> Path:
        """Where it is once it is ready."""
        return home() / self.shelf / f"{self.name}-{self.key[:KEY_DIGITS]}"

    @property
    def ready(self) -> bool:
        """Whether it has been built whole."""
        return self.folder.is_dir()

    @property
    def build_seconds(self) -> float | None:
        """How long its build took, or None where it isn't built."""
        record = self.folder / "build.json"
        return float(json.loads(record.read_text())["seconds"]) if record.is_file() else None

    @property
    def log(self) -> Path:
        """What its build's commands say; kept only if the build fails."""
        return home() / self.shelf / f"{self.name}.log"


def ensure(artifacts: Sequence[Artifact], display: Display) -> None:
    """Build what isn't there yet, in the order given. Raises ToolchainError, and keeps what was ready before it."""
    missing = [artifact for artifact in artifacts if not artifact.ready]
    if not missing:
        return
    _check_space(missing)
    with display([(artifact.name, artifact.log) for artifact in missing]) as progress:
        for artifact in missing:
            _ensure_one(artifact, progress)


@contextmanager
def locked(path: Path, *, waiting: Callable[[str], None] = lambda _: None) -> Generator[None]:
    """Hold a lock that dies with its process. Before it waits, `waiting` is told who holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(_holder(lock))
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _holder(lock: IO[str]) -> str:
    lock.seek(0)
    return lock.read() or "another process"


def _ensure_one(artifact: Artifact, progress: Progress) -> None:
    shelf = artifact.folder.parent
    lock = shelf / f"{artifact.name}.lock"
    with locked(lock, waiting=lambda holder: progress.waiting(artifact.name, holder)):
        if not artifact.ready:
            progress.building(artifact.name)
            _build(artifact)
        progress.ready(artifact.name, artifact.build_seconds or 0.0)


def _build(artifact: Artifact) -> None:
    """Build under the lock. The temporary folder has the owner's permissions only, the ready one everybody's."""
    shelf = artifact.folder.parent
    for leftover in shelf.glob(f".{artifact.name}-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    artifact.log.unlink(missing_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f".{artifact.name}-", dir=shelf, ignore_cleanup_errors=True) as temporary:
        into, scratch = Path(temporary, "into"), Path(temporary, "scratch")
        into.mkdir()
        scratch.mkdir()
        try:
            artifact.build(Workshop(artifact.name, into, scratch, artifact.log))
            record = {"name": artifact.name, "key": artifact.key, "seconds": round(time.monotonic() - started, 1)}
            (into / "build.json").write_text(json.dumps(record) + "\n")
            into.rename(artifact.folder)
        except OSError as error:
            raise ToolchainError(f"{artifact.name}: {error}\n{_advice(str(error))}") from error
    artifact.log.unlink(missing_ok=True)
    _remove_outdated(artifact)


def _builds(artifact: Artifact) -> list[Path]:
    """Every ready build of its name, the newest first."""
    shelf = artifact.folder.parent
    key = re.compile(rf"{re.escape(artifact.name)}-[0-9a-f]{{{KEY_DIGITS}}}")
    builds = [path for path in shelf.glob(f"{artifact.name}-*") if key.fullmatch(path.name)]
    return sorted(builds, key=lambda path: path.stat().st_mtime, reverse=True)


def _remove_outdated(artifact: Artifact) -> None:
    """Keep the build before this one, for whoever switches between two branches; remove the older ones."""
    for outdated in _builds(artifact)[2:]:
        shutil.rmtree(outdated, ignore_errors=True)


def _check_space(missing: Sequence[Artifact]) -> None:
    """Only of first builds: a later one finds most of what it needs in the compilers' and installers' own caches."""
    first = [artifact for artifact in missing if not _builds(artifact)]
    needed_mib = sum(artifact.disk_mib for artifact in first)
    free_mib = shutil.disk_usage(home()).free // 2**20
    if free_mib < needed_mib:
        names = ", ".join(artifact.name for artifact in first)
        raise ToolchainError(
            f"{home()}: {free_mib / 1024:.1f} GiB are free, and a first build of {names} takes about "
            f"{needed_mib / 1024:.1f} GiB. Free some space, or set PLIMSOLL_HOME to another disk. {OTHER_WAY}"
        )


def _failure(name: str, log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    end = "\n".join(f"  | {line}" for line in lines[-LOG_LINES_SHOWN:])
    return f"{name}: the build failed. The end of its log, {log}:\n{end}\n{_advice(end)}"


def _advice(said: str) -> str:
    remedies = [remedy for pattern, remedy in _REMEDIES.items() if re.search(pattern, said)]
    return "\n".join([*remedies, OTHER_WAY])
