"""What is judged of a whole plan: alerts on error budgets, and autoscalers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from observability import autoscaling as scaler
from observability import rules
from observability.variants import Variant
from policies import autoscaling, burn_rate_alerts
from policies.policy import Resource
from stacks.schema import parse
from tests.factories import a_stack_config
from tests.policies.changes import a_change, a_resource
from tests.stacks.configs import put, without

SLO = {"availabilityPercent": 99, "latency": {"thresholdMs": 50, "percent": 95}}
SCALING = {"replicas": {"min": 1, "max": 4}, "signal": {"kind": "queueTime", "targetMs": 5}}
STACK = parse({**a_stack_config(slo=SLO, scaling=SCALING), "monitoring": {}})
assert STACK.monitoring
CHANGE = a_change(STACK)


def the_rules(groups: Sequence[Mapping[str, Any]]) -> Resource:
    return a_resource("kubernetes:monitoring.coreos.com/v1:PrometheusRule", "plimsoll", spec={"groups": groups})


GROUPS = rules.groups(STACK, STACK.monitoring)


def test_rules_that_watch_each_objective_over_each_window_pass() -> None:
    assert list(burn_rate_alerts.problems(CHANGE, [the_rules(GROUPS)])) == []


def test_a_plan_without_rules_is_refused_for_each_objective_and_window() -> None:
    found = [problem.found for problem in burn_rate_alerts.problems(CHANGE, [])]

    assert found == [
        "no rule records its availability budget",
        "no rule records its latency budget",
        *(f"no PlimsollErrorBudgetBurn watches the last {window}" for window in ("1h", "6h", "1d", "3d")),
    ]


def test_one_window_that_nobody_watches_is_refused() -> None:
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if rule["labels"].get("long_window") != "3d"]}
        for group in GROUPS
    ]

    [problem] = burn_rate_alerts.problems(CHANGE, [the_rules(groups)])

    assert problem.found == "no PlimsollErrorBudgetBurn watches the last 3d"


SPEC = scaler.scaled_object(
    "digits", STACK.services["digits"], Variant.STABLE, namespace="plimsoll", monitoring=STACK.monitoring
)


def a_scaler(spec: Mapping[str, Any]) -> Resource:
    return a_resource(
        "kubernetes:keda.sh/v1alpha1:ScaledObject", "digits",
        apiVersion="keda.sh/v1alpha1", kind="ScaledObject", metadata={"name": "digits"}, spec=spec,
    )  # fmt: skip


def test_our_own_autoscaler_passes() -> None:
    assert list(autoscaling.problems(CHANGE, [a_scaler(SPEC)])) == []


@pytest.mark.parametrize(
    "key",
    [
        "minReplicaCount",
        "maxReplicaCount",
        "fallback",
        "advanced.horizontalPodAutoscalerConfig.behavior.scaleUp",
        "advanced.horizontalPodAutoscalerConfig.behavior.scaleDown",
    ],
)
def test_an_autoscaler_that_leaves_something_to_a_default_is_refused(key: str) -> None:
    [problem] = autoscaling.problems(CHANGE, [a_scaler(without(SPEC, key))])

    assert (problem.path, problem.found) == (f"ScaledObject/digits.{key}", "is absent")


def test_a_pace_without_a_window_is_none() -> None:
    down = "advanced.horizontalPodAutoscalerConfig.behavior.scaleDown"

    [problem] = autoscaling.problems(CHANGE, [a_scaler(without(SPEC, f"{down}.stabilizationWindowSeconds"))])

    assert problem.path == f"ScaledObject/digits.{down}"


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    [problem] = autoscaling.problems(CHANGE, [a_scaler(put(SPEC, "minReplicaCount", 9))])

    assert problem.limit == "at least minReplicaCount, 9"


def test_a_service_with_a_signal_that_nothing_follows_is_refused() -> None:
    [problem] = autoscaling.problems(CHANGE, [])

    assert problem.path == "services.digits.scaling.signal"


def test_what_the_lint_finds_is_refused_too() -> None:
    hpa = a_resource(
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "web",
        apiVersion="autoscaling/v2", kind="HorizontalPodAutoscaler", metadata={"name": "web"},
        spec={"metrics": [{"type": "External", "external": {"metric": {"name": "queue_depth"}}}]},
    )  # fmt: skip

    [problem] = autoscaling.problems(CHANGE, [a_scaler(SPEC), hpa])

    assert problem.found == "metric 'queue_depth' is provided by nothing here"
