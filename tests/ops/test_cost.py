from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from economics import monthly_cost
from ops.__main__ import commands
from ops.cost import notes
from ops.errors import CommandError
from stacks.schema import parse
from tests.stacks.configs import committed, put


def said_of(config: dict[str, object], now: datetime) -> str:
    stack = parse(config)
    cost = monthly_cost(stack)
    assert cost
    return "\n".join(notes(stack, cost, now))


def test_the_cost_of_a_committed_stack_is_told_from_its_file() -> None:
    said = CliRunner().invoke(commands("cost"), ["cost", "--stack", "prod"], catch_exceptions=False).output

    assert "Stack prod: US dollars a month" in said
    assert "10,819" in said


def test_old_prices_are_said_to_be_old() -> None:
    prod = committed("Pulumi.prod.yaml")

    assert "read them anew with make prices" not in said_of(prod, datetime(2026, 8, 1, tzinfo=UTC))
    assert "134 days ago: read them anew with make prices" in said_of(prod, datetime(2026, 12, 1, tzinfo=UTC))


def test_a_service_whose_load_is_not_known_is_named() -> None:
    prod = committed("Pulumi.prod.yaml")
    capacity = {"requestsPerSecond": 900, "measured": "2026-11-25", "machine": "g6.2xlarge, one NVIDIA L4"}
    known = put(put(prod, "services.digits.capacity", capacity), "services.digits.traffic.usualRequestsPerSecond", 300)
    now = datetime(2026, 8, 1, tzinfo=UTC)

    assert "at their most replicas: digits, digits-archive." in said_of(prod, now)
    assert "at their most replicas: digits-archive." in said_of(known, now)


def test_a_stack_without_a_file_is_answered_with_those_that_have_one() -> None:
    with pytest.raises(CommandError, match=r"there is no stacks/Pulumi.nope.yaml(.|\n)*dev, existing, local, prod"):
        CliRunner().invoke(commands("cost"), ["cost", "--stack", "nope"], catch_exceptions=False)
