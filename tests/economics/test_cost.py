import json
import math
import os
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from economics import (
    GPU_VOLUME,
    Cost,
    MonthlyCost,
    expected_replicas,
    monthly_cost,
    prices_in,
    usd_per_million_tokens,
    usd_per_thousand_inferences,
)
from economics.cost import HOURS_A_MONTH
from stacks.schema import GPU_INSTANCES, Stack, StackError, parse
from tests.factories import a_stack
from tests.stacks.configs import Config, committed, put, with_gpus

GOLDEN = Path(__file__).parents[1] / "golden" / "costs"
ENVIRONMENTS = ("dev", "staging", "prod")
L4, DIGITS = "gpuPools.l4", "services.digits"
CAPACITY = {"requestsPerSecond": 100, "measured": "2026-11-25", "machine": "g6.2xlarge, one NVIDIA L4"}

PRICED = prices_in("us-east-1")
assert PRICED
PRICES = PRICED


def cost(config: Config) -> MonthlyCost:
    worked_out = monthly_cost(parse(config))
    assert worked_out
    return worked_out


def pool(config: Config) -> tuple[float, float, float]:
    """Floor, expected and worst of the pool of L4s, in nodes of a g6.2xlarge."""
    node = PRICES.instance_hour["g6.2xlarge"] * HOURS_A_MONTH + PRICES.volume_month(GPU_VOLUME)
    [item] = [item for item in cost(config).items if item.of.startswith("pool l4")]
    return item.floor / node, item.expected / node, item.worst / node


def measured(config: Config, usual: float, replicas: tuple[int, int] = (1, 4)) -> Config:
    scaling = {
        "replicas": dict(zip(("min", "max"), replicas, strict=True)),
        "signal": {"kind": "queueTime", "targetMs": 5},
    }
    config = put(put(config, "monitoring", {}), f"{DIGITS}.scaling", scaling)
    return put(put(config, f"{DIGITS}.capacity", CAPACITY), f"{DIGITS}.traffic.usualRequestsPerSecond", usual)


def test_a_pool_costs_its_floor_what_is_expected_of_it_and_at_worst_its_ceiling() -> None:
    # 70 of 100 requests a second are what a replica is to be asked for, so 150 take three, on a node each.
    assert pool(measured(with_gpus(), 150)) == pytest.approx((1, 3, 4))
    assert pool(measured(with_gpus(), 1)) == pytest.approx((1, 1, 4))
    assert pool(measured(with_gpus(), 10_000)) == pytest.approx((1, 4, 4))


def test_a_service_that_says_no_load_or_was_not_measured_counts_at_its_most() -> None:
    known = measured(with_gpus(), 70)

    for unknown in (f"{DIGITS}.capacity", f"{DIGITS}.traffic"):
        config = json.loads(json.dumps(known))
        *above, last = unknown.split(".")
        holder: Any = config
        for key in above:
            holder = holder[key]
        del holder[last]
        assert pool(config) == pytest.approx((1, 4, 4))


def test_a_canary_takes_nodes_of_its_own() -> None:
    tried = put(measured(with_gpus(), 70, (1, 3)), f"{DIGITS}.canary", {"version": 3, "weight": 10})

    assert pool(measured(with_gpus(), 70)) == pytest.approx((1, 1, 4))
    assert pool(tried) == pytest.approx((1, 2, 4))
    assert expected_replicas(parse(tried).services["digits"]) == 2


def test_the_share_that_a_replica_is_asked_for_is_the_autoscalers() -> None:
    half = {"kind": "utilisation", "targetPercent": 50}

    assert pool(put(measured(with_gpus(), 100), f"{DIGITS}.scaling.signal", half)) == pytest.approx((1, 2, 4))


def test_burst_nodes_are_expected_to_be_the_cheapest_and_at_worst_the_dearest() -> None:
    mixed = cost(put(measured(with_gpus(), 150), f"{L4}.instanceTypes", ["g6.4xlarge", "g6.2xlarge"]))
    dear = PRICES.instance_hour["g6.4xlarge"] * HOURS_A_MONTH + PRICES.volume_month(GPU_VOLUME)
    cheap = PRICES.instance_hour["g6.2xlarge"] * HOURS_A_MONTH + PRICES.volume_month(GPU_VOLUME)

    assert mixed.items[-1].floor == pytest.approx(dear)
    assert mixed.items[-1].expected == pytest.approx(dear + 2 * cheap)
    assert mixed.items[-1].worst == pytest.approx(4 * dear)


def test_a_volume_costs_its_size_and_what_is_above_the_included_speed() -> None:
    assert PRICES.volume_month(GPU_VOLUME) == pytest.approx(200 * 0.08 + (500 - 125) * 0.04)


def test_the_brake_leaves_the_floor() -> None:
    stack = parse(put(measured(with_gpus(), 10_000), "emergency", {"stop": True}))
    braked, free = monthly_cost(stack.in_force), monthly_cost(stack)

    assert braked
    assert free
    assert braked.worst == pytest.approx(free.floor)


def test_a_stack_on_a_cluster_that_is_there_makes_nothing_that_is_paid_for() -> None:
    assert monthly_cost(a_stack()) is None


@pytest.mark.parametrize("unknown", ["region", "type"])
def test_an_unknown_price_is_an_error_and_never_nothing(unknown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = with_gpus()
    if unknown == "region":
        config["cluster"].update(region="eu-central-1", network={"zones": ["euc1-az1", "euc1-az2"]})
    else:
        monkeypatch.delitem(PRICES.instance_hour, "g6.2xlarge")  # pyright: ignore[reportArgumentType] - a dict, from JSON

    with pytest.raises(StackError) as refused:
        monthly_cost(parse(config))

    path = {"region": "cluster.region", "type": "gpuPools.l4.instanceTypes[0]"}[unknown]
    [problem] = refused.value.problems
    assert problem.path == path
    assert "prices.json" in problem.way_out


def test_every_type_that_a_stack_may_name_has_a_price_where_prices_are_known() -> None:
    assert GPU_INSTANCES.keys() - PRICES.instance_hour.keys() == set()
    assert min(PRICES.instance_hour.values()) > 0


def test_prices_of_a_quarter_of_a_year_ago_are_old() -> None:
    assert not PRICES.are_old(PRICES.read + timedelta(days=90))
    assert PRICES.are_old(PRICES.read + timedelta(days=91))
    assert PRICES.read <= date.today()  # noqa: DTZ011 - a day, wherever


def test_inferences_and_tokens_cost_what_their_share_of_a_node_does() -> None:
    stack = parse(measured(with_gpus(), 70))
    node_hour = PRICES.instance_hour["g6.2xlarge"] + PRICES.volume_month(GPU_VOLUME) / HOURS_A_MONTH
    thousand = usd_per_thousand_inferences(stack, "digits", PRICES, utilisation=0.5)

    assert thousand == pytest.approx(node_hour * 1000 / (50 * 3600))
    assert usd_per_million_tokens(0.5, tokens_per_inference=250) == pytest.approx(2)
    assert usd_per_thousand_inferences(parse(with_gpus()), "digits", PRICES, utilisation=0.5) is None


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_costs_of_the_committed_stacks_are_the_golden_ones(environment: str) -> None:
    worked_out = cost(committed(f"Pulumi.{environment}.yaml"))
    rows = [*worked_out.items, Cost("all", worked_out.floor, worked_out.expected, worked_out.worst)]
    figures = [f"{row.of:<40}{row.floor:>9,.0f}{row.expected:>9,.0f}{row.worst:>9,.0f}" for row in rows]
    golden = GOLDEN / f"{environment}.txt"
    if os.environ.get("GOLDEN") == "rewrite":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text("\n".join(figures) + "\n")

    assert golden.read_text().splitlines() == figures


def test_no_committed_stack_can_cost_more_than_its_budget() -> None:
    for environment in ENVIRONMENTS:
        stack = parse(committed(f"Pulumi.{environment}.yaml"))
        assert stack.budget
        assert cost(committed(f"Pulumi.{environment}.yaml")).worst <= stack.budget.monthly_usd


def random_stack(dice: random.Random) -> Stack:
    """Any stack that the schema takes."""
    while True:
        try:
            return parse(random_config(dice))
        except StackError:
            continue


def random_config(dice: random.Random) -> Config:
    types = ["g6.xlarge", "g6.2xlarge", "g6.12xlarge", "g5.xlarge", "g5.12xlarge", "g4dn.xlarge", "p5.48xlarge"]
    config = with_gpus()
    config["cluster"]["network"]["natGateways"] = dice.choice(["single", "perZone"])
    config["monitoring"] = {}
    config["gpuPools"] = {
        name: {
            "instanceTypes": dice.sample(types, dice.randint(1, 3)),
            "nodes": {"min": dice.randint(0, 3), "max": dice.randint(1, 12)},
            "capacity": dice.choice(["spot", "onDemand"]),
        }
        for name in ("one", "two")[: dice.randint(1, 2)]
    }
    config["services"] = {
        f"service-{number}": random_service(dice, list(config["gpuPools"])) for number in range(dice.randint(1, 3))
    }
    return config


def random_service(dice: random.Random, pools: list[str]) -> Config:
    replicas = {"min": dice.randint(0, 3), "max": dice.randint(1, 6)}
    service: Config = {
        "pool": dice.choice(pools),
        "model": "digits",
        "version": 2,
        "engine": {"kind": "onnxruntime"},
        "scaling": {"replicas": replicas, "signal": {"kind": "queueTime", "targetMs": 5}},
    }
    if dice.random() < 0.7:
        service["capacity"] = {**CAPACITY, "requestsPerSecond": dice.choice([1, 50, 400])}
    if dice.random() < 0.7:
        service["traffic"] = {"usualRequestsPerSecond": dice.choice([0.1, 30, 900])}
    if dice.random() < 0.4:
        service["canary"] = {"version": 3, "weight": dice.choice([0, 10, 50, 100])}
    return service


def test_no_stack_costs_less_than_its_floor_or_more_than_its_worst() -> None:
    dice = random.Random(20261125)  # noqa: S311 - repeatable on purpose
    stacks = [random_stack(dice) for _ in range(500)]

    costs = [monthly_cost(stack) for stack in stacks]

    assert all(each and 0 < each.floor <= each.expected <= each.worst < math.inf for each in costs)
    assert len({each.expected for each in costs if each}) > 250, "they are stacks of many kinds"
