"""`python -m local.cluster up | status | down`: the embedded cluster by hand."""

import sys

import typer
from rich.console import Console

from local.cluster import commands
from local.cluster.errors import ClusterError
from local.toolchain import ToolchainError

app = typer.Typer(add_completion=False, no_args_is_help=True, help="A real one-node Kubernetes on this machine.")
for command in (commands.up, commands.status, commands.down):
    app.command()(command)

if __name__ == "__main__":
    try:
        app()
    except (ClusterError, ToolchainError) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False)
        sys.exit(1)
