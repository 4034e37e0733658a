"""The node's first process: sets up its namespaces, then keeps the node's processes running until it is told to stop.

Started by `lifecycle.py` under `unshare` as PID 1 of a PID namespace. So it inherits every orphan of the node and reaps
it, and nothing of the node can outlive it.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from local.cluster import cgroups, layout, network
from local.cluster.pki import Pki
from local.cluster.processes import Process, configuration_files, node_processes, recipe, search_path
from local.cluster.status import NodeStatus, ProcessStatus, State

TICK_SECONDS = 0.2
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 8.0  # well inside the minute in which a cluster should be serving again
STEADY_SECONDS = 30.0  # a process that lived this long has earned a fresh backoff
STOP_SECONDS = 5.0

# Folders whose place the Kubernetes code fixes. The node gets its own, in memory; mount points must exist outside.
PRIVATE_FOLDERS = tuple(map(Path, ("/run", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")))


@dataclass
class Supervised:
    """One process of the node, and what became of it so far."""

    process: Process
    pid: int | None = None
    ready: bool = False
    started_at: float = 0.0
    restarts: int = -1
    backoff_seconds: float = FIRST_BACKOFF_SECONDS
    next_start_at: float = 0.0
    last_exit: str = ""

    def start(self) -> None:
        """Run it, its output appended to its log. It dies with this process, whatever happens."""
        with layout.log(self.process.name).open("ab") as log:
            child = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", *self.process.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
            )
        self.pid = child.pid
        child.returncode = 0  # reaped by PID 1's own loop, not by this object
        self.ready = False
        self.started_at = time.monotonic()
        self.restarts += 1

    def ended(self, wait_status: int) -> None:
        """Remember why it ended, and when to start it again."""
        code = os.waitstatus_to_exitcode(wait_status)
        self.last_exit = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self.pid = None
        self.ready = False
        if time.monotonic() - self.started_at > STEADY_SECONDS:
            self.backoff_seconds = FIRST_BACKOFF_SECONDS
        self.next_start_at = time.monotonic() + self.backoff_seconds
        self.backoff_seconds = min(2 * self.backoff_seconds, LONGEST_BACKOFF_SECONDS)

    def status(self) -> ProcessStatus:
        """What it is doing now."""
        state = State.WAITING if self.pid is None else State.READY if self.ready else State.STARTING
        return ProcessStatus(self.process.name, state, self.pid, max(self.restarts, 0), self.last_exit)


@dataclass
class Supervisor:
    """Starts processes in order, each after the one before is ready; restarts whichever ends."""

    supervised: list[Supervised]
    stopping: bool = False
    _written: str = field(default="", init=False)

    def run(self) -> None:
        """Until told to stop."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while not self.stopping:
            self._reap()
            self._advance()
            self._publish()
            time.sleep(TICK_SECONDS)
        self._stop()

    def _ask_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _reap(self) -> None:
        by_pid = {one.pid: one for one in self.supervised}
        for pid, wait_status in _ended_children():
            if one := by_pid.get(pid):
                one.ended(wait_status)

    def _advance(self) -> None:
        for one in self.supervised:
            if one.pid is None:
                if time.monotonic() >= one.next_start_at:
                    one.start()
            elif not one.ready:
                one.ready = one.process.ready()
            if one.restarts == 0 and not one.ready:
                return  # first start: the rest waits for this one

    def _publish(self) -> None:
        text = NodeStatus(tuple(one.status() for one in self.supervised)).to_json()
        if text != self._written:
            layout.write_atomically(layout.status(), text)
            self._written = text

    def _stop(self) -> None:
        """Ask politely, last started first; the kernel ends what is left with this process."""
        for one in reversed(self.supervised):
            if one.pid is not None:
                os.kill(one.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(one.pid for one in self.supervised) and time.monotonic() < deadline:
            self._reap()
            time.sleep(0.05)


def _ended_children() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, wait_status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, wait_status


def main() -> None:
    """Hold the node's lock, prepare its namespaces, supervise."""
    with layout.lock().open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # /proc/locks then tells the machine who the node is
        for folder in PRIVATE_FOLDERS:
            subprocess.run(("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", str(folder)), check=True)
        os.environ["PATH"] = search_path()
        certificates = Pki(layout.pki())
        for path, text in configuration_files(certificates).items():
            layout.write_atomically(path, text)
        layout.write_atomically(layout.recipe(), recipe(certificates))
        cgroups.create()
        network.configure_node()
        Supervisor([Supervised(process) for process in node_processes(certificates)]).run()


if __name__ == "__main__":
    main()
