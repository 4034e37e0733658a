"""Queries: what they ask about, and that what they divide by is there."""

import re
from collections.abc import Callable

import pytest

from observability import queries
from observability.queries import Query, Series
from observability.variants import Variant

SIDES = Series(namespace="models", service="digits", by=("variant",), window="30s")
EVERY = [
    queries.answers_per_second, queries.arrivals_per_second, queries.errors_per_second, queries.error_share,
    queries.successes_per_second, queries.refused_per_second, queries.queue_time_ms, queries.compute_time_ms,
    queries.busy_instances, queries.pending_requests, queries.batch_size, queries.rejected_per_second,
    queries.replicas, queries.replicas_unread, queries.gpu_utilisation_share, queries.gpu_memory_share,
]  # fmt: skip


@pytest.mark.parametrize("query", EVERY)
def test_a_query_asks_about_its_service_only_in_each_of_its_parts(query: Callable[[Series], Query]) -> None:
    expr = query(SIDES).expr
    selectors = re.findall(r"[a-z_]+\{([^}]*)\}", expr)

    assert selectors
    assert all('namespace="models"' in each and 'service="digits"' in each for each in selectors)


def test_a_side_is_asked_about_by_its_label() -> None:
    canary = Series(namespace="models", service="digits", variant=Variant.CANARY)

    assert canary.of("x") == 'x{namespace="models", service="digits", variant="canary"}'
    assert canary.of("x", le="~5.0", code="!500", job="!~a|b").endswith('le=~"5.0", code!="500", job!~"a|b"}')


def test_errors_are_none_where_none_was_ever_counted() -> None:
    assert queries.errors_per_second(SIDES).expr.count("or 0 * sum by (variant)") == 2


def test_a_threshold_is_found_as_either_prometheus_writes_it() -> None:
    [limit] = re.findall(r'le=~"([^"]*)"', queries.late_per_second(SIDES, 50).expr)

    pattern = limit.replace("\\\\", "\\")
    assert all(re.fullmatch(pattern, written) for written in ("50", "50.0"))
    assert not re.fullmatch(pattern, "500")
