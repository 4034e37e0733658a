"""Starting, inspecting and stopping the node, from the machine's side."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from local.cluster import cgroups, layout, network
from local.cluster.errors import ClusterError
from local.cluster.node import PRIVATE_FOLDERS
from local.cluster.pki import Pki
from local.cluster.processes import recipe
from local.cluster.status import NodeStatus

STOP_TIMEOUT_SECONDS = 20.0
APPEAR_TIMEOUT_SECONDS = 10.0


@contextlib.contextmanager
def only_one() -> Generator[None]:
    """Let one command at a time change the cluster; a killed one frees the way at once."""
    layout.state().mkdir(parents=True, exist_ok=True)
    with (layout.state() / "command.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def node_pid() -> int | None:
    """The node's first process as the machine counts, or None where no node runs.

    The process holds a lock on a file, and the kernel tells who holds which: no PID file can be stale or missing.
    """
    with contextlib.suppress(FileNotFoundError):
        lock = layout.lock().stat()
        wanted = f"{os.major(lock.st_dev):02x}:{os.minor(lock.st_dev):02x}:{lock.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if fields[1] == "FLOCK" and fields[5] == wanted:
                return int(fields[4])
    return None


def read_status() -> NodeStatus:
    """What the running node last said; nothing is ready where it has said nothing yet."""
    try:
        return NodeStatus.from_json(layout.status().read_text())
    except FileNotFoundError:
        return NodeStatus(())


def up_to_date() -> bool:
    """Whether the running node was started from what the checkout says now."""
    try:
        return layout.recipe().read_text() == recipe(Pki(layout.pki()))
    except FileNotFoundError:
        return False


def start() -> int:
    """Start the node unless it runs, connect it to the machine, and return its PID as the machine counts."""
    pid = node_pid()
    if pid is None:
        pid = _launch()
    network.connect_machine(pid)
    return pid


def stop() -> None:
    """End the node and remove what the kernel does not remove with it. Does nothing where there is nothing."""
    if (pid := node_pid()) is not None:
        os.kill(pid, signal.SIGTERM)
        if not _gone(pid, STOP_TIMEOUT_SECONDS):
            os.kill(pid, signal.SIGKILL)
            if not _gone(pid, STOP_TIMEOUT_SECONDS):
                raise ClusterError(
                    f"the node's first process (PID {pid}) does not end",
                    reason="the kernel keeps it, for example in a hung disk operation",
                    way_out=f"look at /proc/{pid}/stack, then run `make down` again",
                )
    network.disconnect_machine()
    cgroups.remove()
    for folder in reversed(_mount_points_made()):
        with contextlib.suppress(OSError):  # somebody else uses it by now
            folder.rmdir()
    layout.mount_points_made().unlink(missing_ok=True)
    layout.status().unlink(missing_ok=True)


def host_pids() -> dict[str, int]:
    """The PIDs, as the machine counts, of the node's processes that run now, by name."""
    first = node_pid()
    if first is None:
        return {}
    namespace = _pid_namespace(first)
    machine_pids: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                pid = int(entry.name)
                if _pid_namespace(pid) == namespace:
                    machine_pids[_innermost_pid(pid)] = pid
    return {
        process.name: machine_pids[process.pid] for process in read_status().processes if process.pid in machine_pids
    }


def _launch() -> int:
    _make_mount_points()
    layout.status().unlink(missing_ok=True)
    layout.log("node").parent.mkdir(parents=True, exist_ok=True)
    with layout.log("node").open("wb") as log:
        subprocess.run(
            (
                *("setsid", "--fork"),  # a Ctrl-C at the terminal is for the command, not for the cluster
                *("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--mount-proc"),
                *("--propagation", "private"),
                *(sys.executable, "-m", "local.cluster.node"),
            ),
            check=True,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + APPEAR_TIMEOUT_SECONDS
    while (pid := node_pid()) is None:
        if time.monotonic() > deadline:
            raise ClusterError(
                "the node's first process did not start",
                reason=layout.log("node").read_text(errors="replace").strip()[-2000:] or "it said nothing",
                way_out=f"its whole log is {layout.log('node')}",
            )
        time.sleep(0.02)
    return pid


def _make_mount_points() -> None:
    """Make those that this machine lacks; first noted, so that `stop` finds and removes them after any accident."""
    missing = [folder for folder in PRIVATE_FOLDERS if not folder.exists()]
    if missing:
        noted = "\n".join(map(str, [*_mount_points_made(), *missing]))
        layout.write_atomically(layout.mount_points_made(), noted)
    for folder in missing:
        folder.mkdir(parents=True, exist_ok=True)


def _mount_points_made() -> list[Path]:
    try:
        return [Path(line) for line in layout.mount_points_made().read_text().splitlines()]
    except FileNotFoundError:
        return []


def _gone(pid: int, timeout_seconds: float) -> bool:
    deadline = time.monotonic() + timeout_seconds
    while node_pid() is not None or Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _pid_namespace(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/pid").readlink())


def _innermost_pid(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    raise AssertionError("every kernel with PID namespaces writes NSpid")
