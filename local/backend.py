"""What the toolchain's Pulumi keeps on this machine: its provider, and stacks unless a backend was chosen."""

import contextlib
import json
import os
import socket
from pathlib import Path

from local import toolchain
from local.home import home
from local.toolchain.catalogue import PULUMI_KUBERNETES_SDK_VERSION


def folder() -> Path:
    """Where stacks are kept, made on first use."""
    made = home() / "pulumi"
    made.mkdir(exist_ok=True)
    return made


def pulumi_home() -> Path:
    """A PULUMI_HOME with the provider in it, made on first use. From PATH, Pulumi would take it with a warning."""
    made = home() / "pulumi-home"
    plugin = made / "plugins" / f"resource-kubernetes-v{PULUMI_KUBERNETES_SDK_VERSION}"
    plugin.mkdir(parents=True, exist_ok=True)
    link = plugin / "pulumi-resource-kubernetes"
    built = toolchain.bin_dir("pulumi-kubernetes") / link.name
    if not link.is_symlink() or link.readlink() != built:
        fresh = link.with_suffix(f".{os.getpid()}")
        fresh.symlink_to(built)
        fresh.replace(link)
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
