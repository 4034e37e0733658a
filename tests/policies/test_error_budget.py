from typing import Any

import pytest

from observability.evidence import Health
from policies import error_budget
from policies.change import NotKnownError
from stacks.schema import Stack, parse
from tests.factories import a_stack_config
from tests.policies.changes import a_change

SPENT = Health(budget_left={"availability": -0.4, "latency": 0.5})
FIX = {"reason": "version 3 fails on images that are black", "by": "on-call", "until": "2026-11-28"}
SLO = {"availabilityPercent": 99, "latency": {"thresholdMs": 50, "percent": 95}}


def a_stack(**service: Any) -> Stack:
    return parse({**a_stack_config(slo=SLO, **service), "monitoring": {}})


def refused(before: Stack, after: Stack, health: Health | NotKnownError = SPENT) -> list[str]:
    return [problem.path for problem in error_budget.problems(a_change(after, deployed=before, health=health))]


STABLE = a_stack()
ON_TRIAL = a_stack(canary={"version": 3, "weight": 10})

FORWARDS = [
    (STABLE, a_stack(version=3)),
    (STABLE, ON_TRIAL),
    (ON_TRIAL, a_stack(canary={"version": 3, "weight": 20})),
    (ON_TRIAL, a_stack(canary={"version": 1, "weight": 10})),
    (STABLE, a_stack(instances=4)),
    (ON_TRIAL, a_stack(canary={"version": 3, "weight": 0}, instances=4)),
]


@pytest.mark.parametrize(("before", "after"), FORWARDS)
def test_a_change_of_a_service_with_nothing_left_is_refused(before: Stack, after: Stack) -> None:
    assert refused(before, after) == ["services.digits"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("images", {"triton": "plimsoll.local/triton:2.60.0"}), ("gateway", {"limits": {"parallelRequests": 64}})],
)
def test_what_a_service_with_nothing_left_shares_with_others_does_not_change(key: str, value: Any) -> None:
    def changed(**service: Any) -> Stack:
        return parse({**a_stack_config(slo=SLO, **service), "monitoring": {}, key: value})

    assert refused(STABLE, changed()) == ["services.digits"]
    assert refused(STABLE, changed(fix=FIX)) == []


@pytest.mark.parametrize(("before", "after"), FORWARDS)
def test_the_same_change_passes_with_budget_left(before: Stack, after: Stack) -> None:
    assert refused(before, after, Health(budget_left={"availability": 0.1, "latency": 0.5})) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (STABLE, STABLE),
        (ON_TRIAL, a_stack(canary={"version": 3, "weight": 0})),
        (ON_TRIAL, STABLE),
        (a_stack(version=3), a_stack(version=2)),
    ],
)
def test_a_step_back_passes_whatever_is_left(before: Stack, after: Stack) -> None:
    assert refused(before, after) == []


def test_what_is_marked_as_the_fix_passes_until_its_day_is_over() -> None:
    assert refused(STABLE, a_stack(version=3, fix=FIX)) == []
    assert refused(STABLE, a_stack(version=3, fix={**FIX, "until": "2026-11-27"})) == ["services.digits"]


def test_to_take_the_mark_out_again_is_no_change() -> None:
    assert refused(a_stack(fix=FIX), STABLE) == []


def test_without_prometheus_a_change_can_not_be_judged_and_is_refused() -> None:
    unheard = NotKnownError("Prometheus does not answer")

    assert refused(STABLE, a_stack(version=3), unheard) == ["services.digits"]
    assert refused(STABLE, a_stack(version=3, fix=FIX), unheard) == []
    assert refused(ON_TRIAL, STABLE, unheard) == []


def test_a_service_that_is_new_has_spent_nothing() -> None:
    assert list(error_budget.problems(a_change(STABLE, health=SPENT))) == []
