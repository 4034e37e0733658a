"""What can be done with the embedded cluster: up, status, down."""

import os
import time

import typer
from rich.console import Console
from rich.table import Table

from local import images, toolchain
from local.cluster import addons, layout, lifecycle, preflight
from local.cluster.errors import ClusterError
from local.cluster.pki import Pki
from local.cluster.processes import IMAGES, TOOLS, search_path
from local.cluster.status import NodeStatus, State

READY_TIMEOUT_SECONDS = 90.0

STYLES = {State.READY: "green", State.STARTING: "yellow", State.WAITING: "red"}

console = Console(stderr=True)


def up() -> None:
    """Start the cluster, or repair it, or find that all is well."""
    began = time.monotonic()
    require(preflight.missing_before_tools())
    toolchain.ensure(TOOLS)
    images.ensure(IMAGES)
    os.environ["PATH"] = search_path()
    with lifecycle.only_one():
        if lifecycle.node_pid() is not None and not lifecycle.up_to_date():
            console.print("the node runs from an older recipe and is started afresh; pods come back by themselves")
            lifecycle.stop()
        if lifecycle.node_pid() is None:
            require(preflight.missing_after_tools())
        Pki(layout.pki()).ensure()
        layout.models().mkdir(exist_ok=True)
        lifecycle.start()
        _wait_until_ready()
        for reference in addons.import_images():
            console.print(f"image {reference} imported")
        addons.apply_manifests()
    console.print(f"cluster ready after {time.monotonic() - began:.0f} s")


def status() -> None:
    """Show the node's processes; exit code 0 where all are ready, 3 where the cluster is down, else 1."""
    if lifecycle.node_pid() is None:
        console.print("the cluster is down; `make up` starts it")
        raise typer.Exit(3)
    now = lifecycle.read_status()
    Console().print(_table(now, lifecycle.host_pids()))
    raise typer.Exit(0 if now.ready else 1)


def down() -> None:
    """Stop the cluster. Its state stays in the cache; nothing else does."""
    os.environ["PATH"] = search_path()
    with lifecycle.only_one():
        lifecycle.stop()
    console.print("the cluster is down: no process, mount, network device or cgroup of it is left")


def _wait_until_ready() -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    with console.status("starting the node") as display:
        while not (now := lifecycle.read_status()).ready:
            behind = [process for process in now.processes if process.state is not State.READY]
            if lifecycle.node_pid() is None:
                raise ClusterError(
                    "the node ended while it was starting",
                    reason=layout.log("node").read_text(errors="replace").strip()[-2000:] or "it said nothing",
                    way_out=f"its log is {layout.log('node')}",
                )
            if time.monotonic() > deadline:
                late = behind[0].name if behind else "node"
                raise ClusterError(
                    f"{late} is not ready after {READY_TIMEOUT_SECONDS:.0f} s",
                    reason=_tail(late),
                    way_out=f"its log is {layout.log(late)}; `make down && make up` starts the node afresh",
                )
            if behind:
                display.update(f"starting {behind[0].name} ({len(behind)} of {len(now.processes)} left)")
            time.sleep(0.1)


def _tail(process: str) -> str:
    lines = layout.log(process).read_text(errors="replace").splitlines()
    return "its last lines are\n" + "\n".join(f"    {line}" for line in lines[-8:])


def _table(now: NodeStatus, pids: dict[str, int]) -> Table:
    table = Table("process", "state", "PID", "restarts", "last exit")
    for process in now.processes:
        state = f"[{STYLES[process.state]}]{process.state}"
        table.add_row(process.name, state, str(pids.get(process.name, "")), str(process.restarts), process.last_exit)
    return table


def require(missing: list[preflight.Missing]) -> None:
    """Refuse to go on where the machine lacks something, naming all of it at once."""
    if missing:
        lines = "\n\n".join(f"  {one}" for one in missing)
        console.print(f"The embedded cluster can't run here; nothing was started.\n\n{lines}", highlight=False)
        raise typer.Exit(1)
