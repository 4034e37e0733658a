"""`python -m benchmarks [preview | batching | …]`: measure, print, keep the figures in results/."""

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import batching, fleet, gate, gateway, preview, preview_eks, scaling, setup
from benchmarks.machine import describe
from benchmarks.projects import BenchmarkError
from benchmarks.report import publish
from local import environment, toolchain
from local.cluster.errors import ClusterError

app = typer.Typer(add_completion=False, invoke_without_command=True, help="Figures beside their baselines.")

Largest = Annotated[int, typer.Option(help="The most services to preview: 300 take about a quarter of an hour.")]


@app.callback()
def everything(context: typer.Context) -> None:
    """Measure on this machine; without a command, all there is."""
    toolchain.ensure(environment.tools())
    os.environ.update(environment.variables())
    if context.invoked_subcommand is None:
        preview_command()
        preview_eks_command()
        gate_command()
        batching_command()
        gateway_command()
        scaling_command()
        fleet_command()
        setup_command()


@app.command("preview")
def preview_command(largest: Largest = 300) -> None:
    """Previews of 1 to 300 services, beside the same resources in one flat file."""
    machine = describe()
    publish(preview.run(largest), machine)


@app.command("preview-eks")
def preview_eks_command() -> None:
    """Previews of the platform on AWS, on stand-ins, beside the same resources in one flat file."""
    machine = describe()
    publish(preview_eks.run(), machine)


@app.command("gate")
def gate_command() -> None:
    """What the page for reviewers, with its policies, adds to a preview of each committed stack."""
    machine = describe()
    publish(gate.run(), machine)


@app.command("batching")
def batching_command() -> None:
    """Throughput and latency of one replica, with dynamic batching and without."""
    machine = describe()
    publish(batching.run(), machine)


@app.command("gateway")
def gateway_command() -> None:
    """What the gateway adds to a request's latency."""
    machine = describe()
    publish(gateway.run(), machine)


@app.command("scaling")
def scaling_command(
    signals: Annotated[list[str], typer.Option("--signal", help="Of which signals.")] = [*scaling.SIGNALS, scaling.CPU],  # noqa: B006
    profiles: Annotated[list[str], typer.Option("--profile", help="Of which loads.")] = list(scaling.PROFILES),  # noqa: B006
) -> None:
    """What the autoscaler does with a step, a sawtooth and a spike. All of it takes about an hour."""
    machine = describe()
    for report in scaling.run(signals, profiles):
        publish(report, machine)


@app.command("fleet")
def fleet_command() -> None:
    """What Prometheus and a preview have to do for 1, 5 and 20 services."""
    machine = describe()
    publish(fleet.run(), machine)


@app.command("setup")
def setup_command() -> None:
    """How long setting everything up takes. Stops the embedded cluster on the way, and starts it again."""
    machine = describe()
    publish(setup.run(), machine)


if __name__ == "__main__":
    try:
        app()
    except (BenchmarkError, ClusterError, toolchain.ToolchainError) as error:
        Console(stderr=True).print(str(error), highlight=False, markup=False)
        sys.exit(1)
