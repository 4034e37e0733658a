from dataclasses import replace
from typing import Any

import pytest

from observability.evidence import Health
from policies import canary_step
from policies.change import NotKnownError
from stacks.schema import Monitoring, Problem, Stack
from tests.factories import a_stack
from tests.policies.changes import VERSIONS, a_change

HEALTHY = Health(
    age_seconds=5,
    canary_age_seconds=5,
    was_there=True,
    requests=5_000,
    burn={"availability": 0.2, "latency": 0.9},
    budget_left={"availability": 0.8, "latency": 0.5},
)


def at(weight: int | None, version: int = 3, stable: int = 2, **canary: Any) -> Stack:
    """The service with a canary at a weight, or without one."""
    trial = {} if weight is None else {"canary": {"version": version, "weight": weight, **canary}}
    return a_stack(version=stable, **trial)


def judged(
    before: Stack | NotKnownError | None, after: Stack, health: Health | NotKnownError = HEALTHY
) -> list[Problem]:
    return list(canary_step.problems(a_change(after, deployed=before, health=health)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (at(None), at(5)),
        (at(0), at(10)),
        (at(10), at(60)),
        (at(50), at(100)),
        (at(50), at(None, stable=3)),
        (at(100), at(None, stable=3)),
    ],
)
def test_a_step_within_the_limit_of_a_healthy_version_passes(before: Stack, after: Stack) -> None:
    assert judged(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "path", "limit"),
    [
        (at(None), at(11), "services.digits.canary.weight", "10 %"),
        (at(0), at(50), "services.digits.canary.weight", "10 %"),
        (at(10), at(61), "services.digits.canary.weight", "60 %"),
        (at(50, version=3), at(50, version=4), "services.digits.canary.weight", "10 %"),
        (at(49), at(None, stable=3), "services.digits.version", "99 %"),
        (at(None), at(None, stable=3), "services.digits.version", "10 %"),
    ],
)
def test_a_step_above_the_limit_is_refused(before: Stack, after: Stack, path: str, limit: str) -> None:
    [problem] = judged(before, after)

    assert problem.path == path
    assert problem.limit == f"{limit} now, by policies/limits.yaml"
    assert "python -m ops rollout digits --to" in problem.way_out


BACKWARDS = [
    (at(50), at(50)),
    (at(50), at(10)),
    (at(50), at(0)),
    (at(50), at(None)),
    (at(0), at(None)),
    (at(None, stable=3), at(None, stable=2)),
    (at(None), at(0)),
    (at(None), at(0, mirror=True)),
]


@pytest.mark.parametrize("known", [NotKnownError("Prometheus does not answer"), Health(), HEALTHY])
@pytest.mark.parametrize(("before", "after"), BACKWARDS)
def test_going_back_needs_no_evidence(before: Stack, after: Stack, known: Health | NotKnownError) -> None:
    assert judged(before, after, known) == []


@pytest.mark.parametrize(
    ("health", "found"),
    [
        (Health(), "Prometheus has no sample of it"),
        (replace(HEALTHY, canary_age_seconds=121), "the newest sample is 121 s old (limit 120)"),
        (replace(HEALTHY, was_there=False), "it was not there 30 minutes ago"),
        (replace(HEALTHY, requests=999), "it had 999 requests since"),
        (replace(HEALTHY, burn={}), "Prometheus does not say how it keeps its objectives"),
        (replace(HEALTHY, burn={"latency": 1.2}), "it spends the latency budget 1.2 times as fast as it may"),
        (replace(HEALTHY, budget_left={}), "Prometheus does not say what is left of the error budget"),
        (replace(HEALTHY, budget_left={"latency": 0.05}), "5.0% of the latency budget is left"),
    ],
)
def test_each_thing_that_is_missing_or_bad_stops_a_step(health: Health, found: str) -> None:
    [problem] = judged(at(10), at(20), health)

    assert problem.found == f"version 3 would get 20 % of the requests after 10 %, and {found}"
    assert "weight 0 is always allowed" in problem.way_out


@pytest.mark.parametrize(
    ("health", "found"),
    [
        (replace(HEALTHY, age_seconds=None), "Prometheus has no sample of the service"),
        (replace(HEALTHY, budget_left={"availability": -0.2}), "-20.0% of the availability budget is left"),
    ],
)
def test_a_first_step_needs_a_service_that_is_well(health: Health, found: str) -> None:
    [problem] = judged(at(0), at(5), health)

    assert problem.found.endswith(found)


def test_a_first_step_needs_no_requests_of_a_version_that_had_none() -> None:
    assert judged(at(0), at(5), Health(age_seconds=5, budget_left={"latency": 1})) == []


def test_without_prometheus_no_step_up_is_taken() -> None:
    [problem] = judged(at(10), at(20), NotKnownError("Prometheus does not answer: it is down"))

    assert "can't be judged: Prometheus does not answer: it is down" in problem.found
    assert "set the weight to 0" in problem.way_out


@pytest.mark.parametrize(
    ("before", "after"),
    [(at(None), at(None)), (at(None), at(0)), (at(10, version=2, stable=3), at(None, stable=2)), (at(50), at(10))],
)
def test_what_gets_requests_keeps_its_files(before: Stack, after: Stack) -> None:
    others = {name: f"{digest} of another day" for name, digest in VERSIONS.items()}

    problems = [*canary_step.problems(a_change(after, deployed=before, health=HEALTHY, versions=others))]

    assert "model_repo/digits/2" in [problem.path for problem in problems]


@pytest.mark.parametrize(("before", "after"), [(at(50), at(0)), (at(0), at(10)), (at(None), at(10))])
def test_what_gets_no_requests_may_get_other_files(before: Stack, after: Stack) -> None:
    others = {**VERSIONS, "digits/3": "of another day"}

    assert [*canary_step.problems(a_change(after, deployed=before, health=HEALTHY, versions=others))] == []


def test_a_first_deployment_has_no_evidence_for_a_canary() -> None:
    [problem] = judged(None, at(5))

    assert "can't be judged: nothing is deployed yet" in problem.found


def test_a_change_cannot_choose_the_prometheus_that_it_is_judged_by() -> None:
    before, after = at(10), at(20).model_copy(update={"monitoring": Monitoring(service="its-own")})
    asked: list[Stack] = []

    def read_health(deployed: Stack, service: str, version: int) -> Health:
        asked.append(deployed)
        return HEALTHY

    assert [*canary_step.problems(replace(a_change(after, deployed=before), read_health=read_health))] == []
    assert asked == [before]


def test_without_knowing_the_weight_that_it_has_no_step_up_is_taken() -> None:
    [problem] = judged(NotKnownError("the state can't be read"), at(5))

    assert "what weight it has now: the state can't be read" in problem.found
    assert judged(NotKnownError("the state can't be read"), at(0)) == []
