"""Where the embedded cluster keeps what it needs, all below the cache (`local/home.py`)."""

from pathlib import Path

from local.home import home

NODE_NAME = "plimsoll"


def state() -> Path:
    """The cluster's own folder: what survives `down`, like a machine's disk survives a power cut."""
    return home() / "cluster"


def pki() -> Path:
    """The folder of keys and certificates."""
    return state() / "pki"


def gateway_pki() -> Path:
    """The folder of the gateways' certificates."""
    return state() / "gateway-pki"


def kubeconfig() -> Path:
    """The administrator's kubeconfig, readable by its owner only."""
    return pki() / "admin.kubeconfig"


def containerd_socket() -> Path:
    """Where containerd listens; short, because a Unix socket's path may have 107 bytes."""
    return state() / "containerd.sock"


def models() -> Path:
    """The node's model store: the folder behind the `volume` model repository of a local cluster."""
    return home() / "models"


def log(process: str) -> Path:
    """The log of one process of the node."""
    return state() / "log" / f"{process}.log"


def lock() -> Path:
    """Held by the node's first process for as long as it lives."""
    return state() / "node.lock"


def status() -> Path:
    """What the node's first process says of its processes."""
    return state() / "status.json"


def recipe() -> Path:
    """The digest of what the running node was started from."""
    return state() / "recipe"


def mount_points_made() -> Path:
    """The folders outside the cache that were made for the node to mount its own over."""
    return state() / "mount-points"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new, and a kill leaves one of them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.write_text(text)
    temporary.replace(path)
