"""Where Pulumi keeps the stacks of this machine, unless the user has chosen a backend."""

import contextlib
import json
import os
import socket
from pathlib import Path

from local.home import home


def folder() -> Path:
    """The folder, made on first use."""
    made = home() / "pulumi"
    made.mkdir(exist_ok=True)
    return made


def release_abandoned_locks() -> None:
    """Remove the locks of updates that were killed, so that the next one need not be told to.

    A lock names the process that holds it. One whose process lives on this machine, or that another machine holds, is
    left alone.
    """
    chosen = os.environ.get("PULUMI_BACKEND_URL", "")
    if not chosen.startswith("file://"):
        return
    for lock in (Path(chosen.removeprefix("file://")) / ".pulumi" / "locks").rglob("*.json"):
        with contextlib.suppress(FileNotFoundError):  # released meanwhile
            holder = json.loads(lock.read_text())
            if holder["hostname"] == socket.gethostname() and not Path(f"/proc/{holder['pid']}").exists():
                lock.unlink()
