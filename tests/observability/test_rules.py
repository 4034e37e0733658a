"""The rules of a stack: as reviewers read them, each with a runbook, each shown to do what it says by promtool."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import toolchain
from observability import metrics, rules
from stacks.schema import Stack, parse
from tests.factories import a_stack_config

CHECKOUT = Path(__file__).parents[2]
GOLDEN = CHECKOUT / "tests" / "golden" / "rules.yaml"
PROMTOOL_TESTS = Path(__file__).parent / "rules.promtool.yaml"

SLO: dict[str, Any] = {"availabilityPercent": 99.9, "latency": {"thresholdMs": 50, "percent": 95}}
STACK = parse(
    {
        **a_stack_config(
            scaling={"replicas": {"min": 1, "max": 4}, "signal": {"kind": "pendingRequests", "targetPerReplica": 4}},
            slo=SLO,
        ),
        "namespace": "models",
        "monitoring": {},
    }
)


def rule_file() -> str:
    assert STACK.monitoring
    groups = rules.groups(STACK, STACK.monitoring)
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=200)


def every_rule() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(rule_file())["groups"] for rule in group["rules"]]


def test_the_rules_of_a_stack_are_the_golden_ones() -> None:
    if os.environ.get("GOLDEN") == "rewrite":
        GOLDEN.write_text(rule_file())

    assert rule_file() == GOLDEN.read_text()


def test_every_alert_links_to_a_runbook_that_is_there() -> None:
    pages = {rule["annotations"]["runbook_url"] for rule in every_rule() if "alert" in rule}

    assert pages
    assert [page for page in sorted(pages) if not (CHECKOUT / page).is_file()] == []


def test_every_rule_is_tested_by_promtool() -> None:
    tests = yaml.safe_load(PROMTOOL_TESTS.read_text())["tests"]
    alerts = {each["alertname"] for test in tests for each in test.get("alert_rule_test", ())}
    recorded = " ".join(each["expr"] for test in tests for each in test.get("promql_expr_test", ()))

    assert {rule["alert"] for rule in every_rule() if "alert" in rule} - alerts == set()
    assert [rule["record"] for rule in every_rule() if rule.get("record", recorded) not in recorded] == []


@pytest.mark.engine
def test_every_rule_does_what_it_says() -> None:
    toolchain.ensure(["prometheus"])
    promtool = toolchain.bin_dir("prometheus") / "promtool"
    done = subprocess.run((promtool, "test", "rules", PROMTOOL_TESTS), check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_shadow_answers_spends_no_budget() -> None:
    shadowed = parse(
        {
            **a_stack_config(slo=SLO, canary={"version": 3, "weight": 0, "mirror": True}),
            "namespace": "models",
            "monitoring": {},
        }
    )

    def indicators(stack: Stack) -> dict[str, str]:
        return {each.name: each.expr for each in rules.indicators(stack)}

    assert metrics.SHADOW in indicators(shadowed)
    assert indicators(shadowed)["plimsoll:sli_bad:rate5m"].endswith(
        'unless on (service, variant) plimsoll:shadow:info{namespace="models"}'
    )
    assert metrics.SHADOW not in indicators(STACK)


def test_more_services_bring_few_rules() -> None:
    config = a_stack_config(slo=SLO)
    digits = config["services"]["digits"]

    def count(services: int) -> int:
        stack = parse({**config, "monitoring": {}, "services": {f"digits-{n}": digits for n in range(services)}})
        assert stack.monitoring
        return sum(len(group["rules"]) for group in rules.groups(stack, stack.monitoring))

    assert count(20) - count(1) == 19 * (count(2) - count(1))
    assert count(2) - count(1) <= 6
