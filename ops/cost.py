"""`python -m ops cost`: what a stack costs a month, before it is made."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console
from rich.table import Table

from economics import MonthlyCost, monthly_cost
from ops.errors import CommandError
from stacks.schema import Stack, parse

STACKS = Path(__file__).parents[1] / "stacks"


def command(
    stack: Annotated[str, typer.Option(help="The stack: its file is stacks/Pulumi.STACK.yaml.")] = "prod",
) -> None:
    """Say what a stack costs a month: at its least, as it is expected to run, and at its worst.

    Reads the stack's file and changes nothing. Ends with 1 where the worst is above the stack's budget.
    """
    asked = _read(stack)
    cost = monthly_cost(asked.in_force)
    console = Console(highlight=False)
    if cost is None:
        console.print(f"Stack {stack} makes nothing that is paid for by the hour: its cluster is there already.")
        return
    console.print(_table(stack, cost))
    for note in notes(asked, cost, datetime.now(UTC)):
        console.print(f"- {note}")
    if asked.budget and cost.worst > asked.budget.monthly_usd:
        raise CommandError(
            f"the worst case, {cost.worst:,.0f} USD, is above budget.monthlyUsd, {asked.budget.monthly_usd:,.0f}",
            "lower nodes.max of a pool or take out its dearest types, or ask the owner, "
            f"{asked.budget.owner}, for a larger budget",
        )


def notes(stack: Stack, cost: MonthlyCost, now: datetime) -> Iterator[str]:
    """What has to be known to read the figures."""
    prices = cost.prices
    days = (now.date() - prices.read).days
    age = f", {days} days ago: read them anew with make prices" if prices.are_old(now.date()) else ""
    yield f"List prices in {prices.region}, on demand and without tax, of {prices.read}{age}. {prices.source}."
    yield "Not counted: traffic, logs, requests to S3 and what models take there. Spot costs less than counted."
    guessed = [
        name
        for name, service in stack.services.items()
        if service.pool and (service.capacity is None or service.traffic.usual_requests_per_second is None)
    ]
    if guessed:
        yield (
            f"Expected at their most replicas: {', '.join(guessed)}. With traffic.usualRequestsPerSecond and a "
            "measured capacity (python -m ops calibrate) they are expected at what their load needs."
        )


def _table(stack: str, cost: MonthlyCost) -> Table:
    table = Table(title=f"Stack {stack}: US dollars a month")
    table.add_column("")
    for column in ("floor", "expected", "worst"):
        table.add_column(column, justify="right")
    for item in cost.items:
        table.add_row(item.of, *(f"{usd:,.0f}" for usd in (item.floor, item.expected, item.worst)))
    table.add_section()
    table.add_row("all", *(f"{usd:,.0f}" for usd in (cost.floor, cost.expected, cost.worst)))
    return table


def _read(stack: str) -> Stack:
    """Raises StackError, CommandError."""
    file = STACKS / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        known = sorted(each.name.split(".")[1] for each in STACKS.glob("Pulumi.*.yaml"))
        raise CommandError(f"there is no {file.relative_to(STACKS.parent)}", f"name one of: {', '.join(known)}")
    return parse(yaml.safe_load(file.read_text())["config"]["plimsoll:stack"])
