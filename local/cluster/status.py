"""What the node says of its processes: written by its first process, read by everyone else."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a process of the node stands."""

    WAITING = "waiting"
    """not running: about to be started, or started again"""
    STARTING = "starting"
    """running, and not yet doing its work"""
    READY = "ready"
    """doing its work"""


@dataclass(frozen=True)
class ProcessStatus:
    """One process: its PID as the node counts, and how often it had to be started again."""

    name: str
    state: State
    pid: int | None
    restarts: int
    last_exit: str


@dataclass(frozen=True)
class NodeStatus:
    """All processes, in the order of their start."""

    processes: tuple[ProcessStatus, ...]

    @property
    def ready(self) -> bool:
        """Whether every process does its work."""
        return bool(self.processes) and all(process.state is State.READY for process in self.processes)

    def to_json(self) -> str:
        """The text that `from_json` reads."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> "NodeStatus":
        """The status that `to_json` wrote."""
        return cls(
            tuple(
                ProcessStatus(entry["name"], State(entry["state"]), entry["pid"], entry["restarts"], entry["last_exit"])
                for entry in json.loads(text)["processes"]
            )
        )
