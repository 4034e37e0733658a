from math import inf

import pytest

from observability.gateway import Counts
from ops.gate import Gate

GATE = Gate()


def failed(errors: int, requests: int = 1000) -> Counts:
    return Counts(requests=requests, errors=errors)


def taking(p95_ms: float, requests: int = 1000) -> Counts:
    return Counts(requests=requests, within_ms={p95_ms: 0.95 * requests, 10 * p95_ms: requests, inf: requests})


def test_sides_that_do_equally_well_pass() -> None:
    side = Counts(requests=1000, errors=300, within_ms=taking(40).within_ms)

    assert GATE.failing(side, side) == ""
    assert GATE.slow(side, side) == ""


def test_a_canary_that_does_better_passes() -> None:
    assert GATE.failing(canary=failed(0), stable=failed(50)) == ""
    assert GATE.slow(canary=taking(4), stable=taking(40)) == ""


def test_failures_are_held_against_a_canary_only_on_top_of_the_stable_sides_own() -> None:
    canary = failed(205)

    assert GATE.failing(canary, stable=failed(200)) == ""
    assert GATE.failing(canary, stable=failed(0))


@pytest.mark.parametrize(("stable", "limit"), [(0, 10), (40, 50), (500, 510)])
def test_as_many_failures_as_the_limit_says_pass_and_one_more_does_not(stable: int, limit: int) -> None:
    assert GATE.failing(failed(limit), failed(stable)) == ""
    assert GATE.failing(failed(limit + 1), failed(stable))


def test_a_failing_canary_is_named_with_its_share_and_with_the_limit() -> None:
    reason = GATE.failing(canary=failed(36, requests=300), stable=failed(25))

    assert "12.0% of its 300 requests failed" in reason
    assert "the stable side's 2.5% and 1.0% more" in reason


def test_shares_are_compared_and_not_numbers() -> None:
    assert GATE.failing(canary=failed(10, requests=100), stable=failed(20))
    assert GATE.failing(canary=failed(20), stable=failed(10, requests=100)) == ""


def test_the_excess_of_failures_may_be_chosen() -> None:
    none_more, many_more = Gate(error_excess=0), Gate(error_excess=0.5)

    assert none_more.failing(failed(20), stable=failed(20)) == ""
    assert none_more.failing(failed(21), stable=failed(20))
    assert many_more.failing(failed(500), stable=failed(0)) == ""


@pytest.mark.parametrize(("stable_ms", "limit_ms"), [(2, 8), (10, 20), (100, 155)])
def test_a_p95_at_the_limit_passes_and_one_above_it_does_not(stable_ms: float, limit_ms: float) -> None:
    stable = taking(stable_ms)

    assert GATE.slow(taking(limit_ms), stable) == ""
    assert GATE.slow(taking(limit_ms + 0.1), stable)


def test_a_slow_canary_is_named_with_both_p95_and_the_limit() -> None:
    reason = GATE.slow(canary=taking(80.5), stable=taking(10.2))

    assert "its p95 is 80.5 ms" in reason
    assert "the limit is 20.3 ms: 1.5 times the stable side's 10.2 ms, and 5 ms more" in reason


def test_the_ratio_and_the_slack_of_a_p95_may_be_chosen() -> None:
    strict = Gate(p95_ratio=1, p95_slack_ms=0)

    assert strict.slow(taking(10), stable=taking(10)) == ""
    assert strict.slow(taking(10.1), stable=taking(10))
    assert Gate(p95_ratio=3, p95_slack_ms=0).slow(taking(30), stable=taking(10)) == ""


@pytest.mark.parametrize(("canary", "stable"), [(taking(900), failed(9)), (failed(9), taking(9))], ids=["one", "other"])
def test_a_side_without_a_successful_request_has_no_latency_to_compare(canary: Counts, stable: Counts) -> None:
    assert GATE.slow(canary, stable) == ""


@pytest.mark.parametrize(("requests", "enough"), [(0, False), (99, False), (100, True), (101, True)])
def test_few_requests_are_not_enough_to_judge_by(requests: int, enough: bool) -> None:
    assert GATE.has_seen_enough(Counts(requests=requests)) is enough


def test_how_many_requests_are_enough_may_be_chosen() -> None:
    gate = Gate(least_requests=3)

    assert not gate.has_seen_enough(Counts(requests=2))
    assert gate.has_seen_enough(Counts(requests=3))
