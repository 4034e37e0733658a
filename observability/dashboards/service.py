"""One service: what its callers feel, and what its servers do about it."""

from grafana_foundation_sdk.builders import dashboard

from observability import metrics, queries
from observability.dashboards import STACK_NAMESPACE
from observability.dashboards.panels import HALF, now, over_time, page, services
from observability.queries import Series

WINDOW = "$__rate_interval"

CHOSEN = Series(namespace=STACK_NAMESPACE, service="$service", window=WINDOW)
SIDES = Series(namespace=STACK_NAMESPACE, service="$service", by=(metrics.VARIANT,), window=WINDOW)
SIDE = "{{variant}}"


def build() -> dashboard.Dashboard:
    """Traffic, errors, latency, queue, batch size, split, error budget left."""
    return (
        page("service", "Plimsoll: a service", "What the callers of one service feel, and what its servers do.")
        .with_variable(services())
        .with_row(dashboard.Row("Promise"))
        .with_panel(
            now("Error budget left", "Of the objective's window. Below 0 more is spent than there was.",
                queries.budget_left(CHOSEN), legend="{{objective}}", width=HALF)
        )
        .with_panel(
            now("Budget burn, over an hour", "1 spends the budget exactly in its window; above 14.4 somebody is paged.",
                queries.burn(Series(namespace=STACK_NAMESPACE, service="$service", window="1h")),
                legend="{{objective}} {{variant}}", width=HALF)
        )
        .with_row(dashboard.Row("Callers"))
        .with_panel(
            over_time("Requests", "Answered, by the side that answered: the split.",
                      {SIDE: queries.answers_per_second(SIDES)})
        )
        .with_panel(
            over_time("Errors", "The share that failed by the platform's fault.", {SIDE: queries.error_share(SIDES)})
        )
        .with_panel(
            over_time("Latency", "Of successful answers, at the gateway, against the objective's threshold.",
                      {f"p{percent:g}": queries.latency_ms(CHOSEN, percent / 100) for percent in (50, 95, 99)}
                      | {"threshold": queries.latency_threshold_ms(CHOSEN)})
        )
        .with_panel(
            over_time("p95, by side", "A canary that is slower shows here first.",
                      {SIDE: queries.latency_ms(SIDES, 0.95)})
        )
        .with_row(dashboard.Row("Servers"))
        .with_panel(
            over_time("Queue", "How long a request waits for an instance, on average.",
                      {SIDE: queries.queue_time_ms(SIDES)})
        )
        .with_panel(
            over_time("Compute", "What a request's batch takes, on average.", {SIDE: queries.compute_time_ms(SIDES)})
        )
        .with_panel(
            over_time("Batch size", "Inputs that one run of the model computes, on average.",
                      {SIDE: queries.batch_size(SIDES)})
        )
        .with_panel(
            over_time("Waiting and computing", "Requests that wait, and instances that compute, over all replicas.",
                      {f"waiting, {SIDE}": queries.pending_requests(SIDES),
                       f"busy instances, {SIDE}": queries.busy_instances(SIDES)})
        )
        .with_panel(over_time("Replicas", "Servers that are up.", {SIDE: queries.replicas(SIDES)}))
        .with_panel(
            over_time("Refused", "By full queues of the servers, and by the gateway for too many at once.",
                      {f"servers, {SIDE}": queries.rejected_per_second(SIDES),
                       f"gateway, {SIDE}": queries.refused_per_second(SIDES)})
        )
    )  # fmt: skip
