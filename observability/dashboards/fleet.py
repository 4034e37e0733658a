"""All services of a stack side by side, and what they run on."""

from grafana_foundation_sdk.builders import dashboard

from observability import metrics, queries
from observability.dashboards import STACK_NAMESPACE
from observability.dashboards.panels import HALF, now, over_time, page
from observability.queries import Series

WINDOW = "$__rate_interval"

EVERY = Series(namespace=STACK_NAMESPACE, window=WINDOW)
SERVICES = Series(namespace=STACK_NAMESPACE, by=(metrics.SERVICE,), window=WINDOW)
SERVICE = "{{service}}"


def build() -> dashboard.Dashboard:
    """Load, promises and replicas of every service; GPUs."""
    return (
        page("fleet", "Plimsoll: the fleet", "All services of a stack, and what they run on.")
        .with_row(dashboard.Row("Promises"))
        .with_panel(
            now("Error budgets left", "Of each objective's window.", queries.budget_left(EVERY),
                legend="{{service}} {{objective}}", width=HALF)
        )
        .with_panel(
            now("Replicas", "Servers that are up, of every service.", queries.replicas(EVERY), width=HALF)
        )
        .with_row(dashboard.Row("Load"))
        .with_panel(over_time("Requests", "Answered, by service.", {SERVICE: queries.answers_per_second(SERVICES)}))
        .with_panel(over_time("Errors", "The share that failed by the platform's fault.",
                              {SERVICE: queries.error_share(SERVICES)}))
        .with_panel(over_time("p95", "Of successful answers, at the gateway.",
                              {SERVICE: queries.latency_ms(SERVICES, 0.95)}))
        .with_panel(over_time("Queue", "How long a request waits for an instance, on average.",
                              {SERVICE: queries.queue_time_ms(SERVICES)}))
        .with_row(dashboard.Row("Servers"))
        .with_panel(over_time("Replicas", "Servers that are up.", {SERVICE: queries.replicas(SERVICES)}))
        .with_panel(over_time("Unread", "Servers that are there and could not be read.",
                              {SERVICE: queries.replicas_unread(SERVICES)}))
        .with_row(dashboard.Row("GPUs"))
        .with_panel(over_time("GPU utilisation", "The share of the time in which a GPU computes. Empty without GPUs.",
                              {SERVICE: queries.gpu_utilisation_share(SERVICES)}))
        .with_panel(over_time("GPU memory", "The share that is taken. Empty without GPUs.",
                              {SERVICE: queries.gpu_memory_share(SERVICES)}))
    )  # fmt: skip
