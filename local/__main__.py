"""`python -m local up | ensure`: from a fresh machine to a platform that answers."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from local import backend, environment, images, toolchain
from local.cluster import commands, preflight
from local.cluster.errors import ClusterError
from local.cluster.processes import IMAGES, TOOLS

CHECKOUT = Path(__file__).parents[1]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The platform on this machine.")
console = Console(stderr=True)


@app.command()
def up(stack: Annotated[str, typer.Option(help="The stack to deploy: a file in stacks/.")] = "local") -> None:
    """Build what is missing, start the cluster, deploy the stack, and send real inputs through it."""
    began = time.monotonic()
    embedded = _cluster_kind(stack) == "local"
    if embedded and not environment.own_cluster():
        console.print(
            f"Stack {stack} runs on the embedded cluster, but KUBECONFIG={os.environ['KUBECONFIG']} names another.\n"
            "  fix     unset KUBECONFIG; or, for that cluster, see docs/existing-cluster.md and run "
            "`make up STACK=existing`",
            highlight=False,
        )
        raise typer.Exit(1)
    if embedded:
        commands.up()
    elif environment.own_cluster():
        console.print(
            f"Stack {stack} runs on a cluster that you have, and KUBECONFIG names none.\n"
            "  fix     export KUBECONFIG=~/.kube/config, or wherever the stack's cluster.context stands",
            highlight=False,
        )
        raise typer.Exit(1)
    toolchain.ensure(environment.tools())
    os.environ.update(environment.variables())
    backend.release_abandoned_locks()
    _run("pulumi", "stack", "select", "--create", stack)
    _run("pulumi", "up", "--yes", "--skip-preview", "--stack", stack, "--policy-pack", "policies")
    _run(sys.executable, "-m", "ops", "prove", "--stack", stack)
    down = "\n  make down                        stops the cluster; what it knows stays" if embedded else ""
    console.print(
        f"\nAll of it took {time.monotonic() - began:.0f} s. Next:\n"
        '  eval "$(make -s env)"            then plain pulumi and kubectl work here\n'
        f"  edit stacks/Pulumi.{stack}.yaml     then: pulumi preview --stack {stack}{down}",
        highlight=False,
        markup=False,
    )


@app.command()
def ensure() -> None:
    """Build every tool and image, and start nothing."""
    commands.require(preflight.missing_before_tools())
    toolchain.ensure([*TOOLS, *environment.tools()])
    images.ensure(IMAGES)


def _cluster_kind(stack: str) -> str | None:
    """The `cluster.kind` of a stack file, as far as it can be read: the program itself refuses a malformed one."""
    file = CHECKOUT / "stacks" / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = sorted(path.suffixes[0][1:] for path in file.parent.glob("Pulumi.*.yaml"))
        console.print(f"There is no {file.relative_to(CHECKOUT)}; there are stacks {', '.join(known)}.")
        raise typer.Exit(1)
    match yaml.safe_load(file.read_text()):
        case {"config": {"plimsoll:stack": {"cluster": {"kind": str(kind)}}}}:
            return kind
        case _:
            return None


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, cwd=CHECKOUT)
    if done.returncode != 0:
        raise typer.Exit(done.returncode)


if __name__ == "__main__":
    try:
        app()
    except (ClusterError, toolchain.ToolchainError) as error:
        console.print(str(error), highlight=False, markup=False)
        sys.exit(1)
