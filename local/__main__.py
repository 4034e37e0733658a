"""`python -m local up | ensure`: from a fresh machine to a platform that answers."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
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
    if environment.own_cluster():
        commands.up()
    else:
        console.print(f"using the cluster of KUBECONFIG={os.environ['KUBECONFIG']}; none is started here")
    toolchain.ensure(environment.tools())
    os.environ.update(environment.variables())
    backend.release_abandoned_locks()
    _run("pulumi", "stack", "select", "--create", stack)
    _run("pulumi", "up", "--yes", "--skip-preview", "--stack", stack, "--policy-pack", "policies")
    _run(sys.executable, "-m", "ops", "prove", "--stack", stack)
    console.print(
        f"\nAll of it took {time.monotonic() - began:.0f} s. Next:\n"
        '  eval "$(make -s env)"            then plain pulumi and kubectl work here\n'
        f"  edit stacks/Pulumi.{stack}.yaml     then: pulumi preview --stack {stack}\n"
        "  make down                        stops the cluster; what it knows stays",
        highlight=False,
        markup=False,
    )


@app.command()
def ensure() -> None:
    """Build every tool and image, and start nothing."""
    commands.require(preflight.missing_before_tools())
    toolchain.ensure([*TOOLS, *environment.tools()])
    images.ensure(IMAGES)


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
