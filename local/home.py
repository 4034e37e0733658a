"""Where everything that is built on this machine is kept: outside the checkout, in one folder that can be deleted."""

import os
from pathlib import Path


def home() -> Path:
    """The cache's folder, made on first use and readable by its owner only (it holds the cluster's keys).

    `$PLIMSOLL_HOME`, else `$XDG_CACHE_HOME/plimsoll`, else `~/.cache/plimsoll`.
    """
    chosen = os.environ.get("PLIMSOLL_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(chosen).expanduser() if chosen else Path(cache) / "plimsoll"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder.resolve()
