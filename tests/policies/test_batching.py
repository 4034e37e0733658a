from policies import batching
from tests.factories import a_stack
from tests.policies.changes import a_change

SLO = {"availabilityPercent": 99, "latency": {"thresholdMs": 50, "percent": 95}}


def test_a_delay_well_within_the_objective_passes() -> None:
    stack = a_stack(slo=SLO, batching={"maxQueueDelayMs": 25})

    assert list(batching.problems(a_change(stack))) == []


def test_a_delay_of_more_than_half_the_objective_is_refused() -> None:
    [problem] = batching.problems(a_change(a_stack(slo=SLO, batching={"maxQueueDelayMs": 26})))

    assert (problem.path, problem.found) == ("services.digits.batching.maxQueueDelayMs", "26 ms")
    assert problem.limit.startswith("25 ms: 50 % of the latency objective's 50 ms")


def test_a_queue_that_hardly_ends_is_refused() -> None:
    [problem] = batching.problems(a_change(a_stack(batching={"maxQueueSize": 10_000})))

    assert problem.path == "services.digits.batching.maxQueueSize"
