"""Finding what one replica carries: by rates that pass and rates that don't."""

import pytest

from ops.calibrate import FIRST_PER_SECOND, MOST_PER_SECOND, Measurement, judge, search
from ops.load import Answer
from stacks.schema import Latency

LATENCY = Latency(threshold_ms=50, percent=95)


def a_replica_that_carries(capacity: float, asked: list[float]) -> object:
    def measure(per_second: float) -> Measurement:
        asked.append(per_second)
        return Measurement(per_second, 20 if per_second <= capacity else 500, 0.0, 1.0)

    return measure


@pytest.mark.parametrize("capacity", [11, 47, 240, 1900])
def test_what_a_replica_carries_is_found_to_a_few_percent_and_never_overstated(capacity: float) -> None:
    asked: list[float] = []

    found = search(a_replica_that_carries(capacity, asked), LATENCY)  # pyright: ignore[reportArgumentType]

    assert found is not None
    assert capacity / 1.06 <= found.per_second <= capacity
    assert len(asked) < 25


def test_a_replica_that_carries_nothing_has_no_capacity() -> None:
    assert search(a_replica_that_carries(FIRST_PER_SECOND / 2, []), LATENCY) is None  # pyright: ignore[reportArgumentType]


def test_a_replica_that_carries_all_is_measured_as_far_as_this_client_can_send() -> None:
    found = search(a_replica_that_carries(1e9, []), LATENCY)  # pyright: ignore[reportArgumentType]

    assert found is not None
    assert found.per_second <= MOST_PER_SECOND


def test_failures_late_answers_and_a_client_that_is_too_slow_do_not_pass() -> None:
    good = [Answer(0, 10.0)] * 990

    assert judge([*good, *[Answer(0, 10.0)] * 10], 100, 10, 95).passes(LATENCY)
    assert not judge([*good, *[Answer(0, 10.0, error="UNAVAILABLE")] * 10], 100, 10, 95).passes(LATENCY)
    assert not judge([Answer(0, 51.0)] * 1000, 100, 10, 95).passes(LATENCY)
    assert not judge(good, 200, 10, 95).passes(LATENCY)
    assert not judge([], 100, 10, 95).passes(LATENCY)
