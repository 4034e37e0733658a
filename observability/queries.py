"""Every question asked of Prometheus: one function each, which panels, rules, autoscalers and commands share.

A function takes what to ask about as a `Series` and says by name what it answers: a total is a total over all replicas
of what was asked about, and what is for each replica says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from observability import metrics
from observability.variants import Variant

GRPC_ERRORS = (2, 4, 8, 13, 14, 15)
"""What is the server's fault: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS."""

SERVERS = "servers"
GATEWAY = "gateway"
AUTOSCALER = "autoscaler"
"""The jobs of what is scraped."""

ALMOST_NONE = 0.001
"""Divided by rather than by 0, which answers nothing; a service asked every quarter of an hour still has more."""

LONGEST_QUEUE_SHARE = 0.5
"""Of a latency threshold, that may be spent waiting for an instance: more is too few replicas, whatever the signal."""


class Unit(StrEnum):
    """What a number counts, in Grafana's words."""

    PER_SECOND = "reqps"
    COUNT = "short"
    SHARE = "percentunit"
    MILLISECONDS = "ms"
    BYTES = "bytes"
    DOLLARS_PER_HOUR = "currencyUSD"


@dataclass(frozen=True)
class Query:
    """A PromQL expression and what its numbers are."""

    expr: str
    unit: Unit
    per_replica: bool = False
    """Whether it is one replica's share of a total."""


@dataclass(frozen=True)
class Value:
    """One series of an answer."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Series:
    """Which series to ask about, and what to tell apart among them."""

    namespace: str
    service: str | None = None
    """None: all. Grafana's `$service` stands for the one that is chosen."""
    variant: Variant | None = None
    by: Sequence[str] = ()
    """The labels to tell apart; of what is not named here the sum is asked for."""
    window: str = "5m"
    """The time that a rate is taken over, as PromQL writes it."""

    def of(self, metric: str, **matches: str) -> str:
        """A selector of the metric. A value that starts with ~ is a regular expression, with ! what not to be."""
        wanted = {metrics.NAMESPACE: self.namespace}
        if self.service is not None:
            wanted[metrics.SERVICE] = self.service
        if self.variant is not None:
            wanted[metrics.VARIANT] = self.variant
        return f"{metric}{{{', '.join(_match(label, value) for label, value in (wanted | matches).items())}}}"

    def rate(self, metric: str, **matches: str) -> str:
        """How fast a counter grew, a second, over all replicas."""
        return self.total(f"rate({self.of(metric, **matches)}[{self.window}])")

    def total(self, expr: str) -> str:
        """The sum of an expression, with the labels of `by` told apart."""
        return f"sum by ({', '.join(self.by)}) ({expr})" if self.by else f"sum({expr})"

    def over(self, window: str) -> "Series":
        """The same over another window."""
        return replace(self, window=window)


def _match(label: str, value: str) -> str:
    for sign, operator in (("!~", "!~"), ("~", "=~"), ("!", "!=")):
        if value.startswith(sign):
            return f'{label}{operator}"{value.removeprefix(sign)}"'
    return f'{label}="{value}"'


def or_zero(expr: str, where: str) -> str:
    """An expression, and 0 wherever it has nothing and `where` has something."""
    return f"({expr} or 0 * {where})"


# What callers feel, as the gateway sees it.


def answers_per_second(series: Series) -> Query:
    """Requests answered, whatever the answer, in total."""
    return Query(series.rate(metrics.RESPONSES), Unit.PER_SECOND)


def arrivals_per_second(series: Series) -> Query:
    """Requests that came and were passed on, in total. Under overload more than are answered."""
    return Query(series.rate(metrics.ARRIVALS), Unit.PER_SECOND)


def errors_per_second(series: Series) -> Query:
    """Requests that failed by the platform's fault, in total.

    HTTP by its codes; gRPC by its statuses, for which the gateway's own refusals count too.
    """
    http = series.rate(metrics.RESPONSES, **{metrics.PROTOCOL: "http", metrics.RESPONSE_CODE: "~5.."})
    grpc = series.rate(metrics.GRPC_RESPONSES, **{metrics.GRPC_STATUS: f"~{'|'.join(map(str, GRPC_ERRORS))}"})
    every = series.rate(metrics.RESPONSES)
    return Query(f"{or_zero(http, every)} + {or_zero(grpc, every)}", Unit.PER_SECOND)


def error_share(series: Series) -> Query:
    """The share of requests that failed by the platform's fault."""
    return Query(f"({errors_per_second(series).expr}) / {series.rate(metrics.RESPONSES)}", Unit.SHARE)


def latency_ms(series: Series, quantile: float) -> Query:
    """The time that a share of the successful requests took at most, straight-lined within a step of the ladder."""
    buckets = replace(series, by=(*series.by, metrics.LATENCY_LIMIT))
    return Query(f"histogram_quantile({quantile:g}, {buckets.rate(metrics.LATENCY_BUCKETS)})", Unit.MILLISECONDS)


def successes_per_second(series: Series) -> Query:
    """Successful requests, in total."""
    return Query(series.rate(metrics.LATENCY_COUNT), Unit.PER_SECOND)


def late_per_second(series: Series, threshold_ms: float) -> Query:
    """Successful requests that took longer than a step of the ladder, in total."""
    # Prometheus 3 writes whole limits as 50.0, and 2 as Envoy does.
    limit = f"~{threshold_ms:g}(\\\\.0)?"
    in_time = series.rate(metrics.LATENCY_BUCKETS, **{metrics.LATENCY_LIMIT: limit})
    return Query(f"{successes_per_second(series).expr} - {in_time}", Unit.PER_SECOND)


def refused_per_second(series: Series) -> Query:
    """Requests that the gateway refused because too many were under way, in total."""
    return Query(series.rate(metrics.OVERFLOWS), Unit.PER_SECOND)


def without_backend_per_second(series: Series) -> Query:
    """Requests that the gateway had nowhere to send, in total: of the whole stack, since they found no service."""
    return Query(series.rate(metrics.NO_BACKEND), Unit.PER_SECOND)


# What the servers do.


def queue_time_ms(series: Series) -> Query:
    """How long a request waits for an instance, on average."""
    waited, answered = series.rate(metrics.QUEUE_MICROSECONDS), series.rate(metrics.REQUESTS_SUCCEEDED)
    return Query(f"{waited} / 1000 / clamp_min({answered}, {ALMOST_NONE})", Unit.MILLISECONDS)


def compute_time_ms(series: Series) -> Query:
    """How long a request is computed, on average: what its batch takes."""
    computed = " + ".join(
        series.rate(metric)
        for metric in (
            metrics.COMPUTE_INPUT_MICROSECONDS,
            metrics.COMPUTE_MICROSECONDS,
            metrics.COMPUTE_OUTPUT_MICROSECONDS,
        )
    )
    return Query(
        f"({computed}) / 1000 / clamp_min({series.rate(metrics.REQUESTS_SUCCEEDED)}, {ALMOST_NONE})", Unit.MILLISECONDS
    )


def busy_instances(series: Series) -> Query:
    """How many instances compute at once, in total: proportional to the load until all of them are busy.

    Triton counts computing time for each request, so that a batch of eight counts eight times; the mean time of one
    and the number of batches say how long instances were busy.
    """
    return Query(f"{series.rate(metrics.EXECUTIONS)} * {compute_time_ms(series).expr} / 1000", Unit.COUNT)


def pending_requests(series: Series) -> Query:
    """Requests that wait for an instance, in total, on average over the window."""
    return Query(series.total(f"avg_over_time({series.of(metrics.PENDING)}[{series.window}])"), Unit.COUNT)


def batch_size(series: Series) -> Query:
    """Inputs that one run of the model computes, on average."""
    inputs, runs = series.rate(metrics.INFERENCES), series.rate(metrics.EXECUTIONS)
    return Query(f"{inputs} / clamp_min({runs}, {ALMOST_NONE})", Unit.COUNT)


def rejected_per_second(series: Series) -> Query:
    """Requests that servers refused or failed, in total; not those that their callers gave up."""
    return Query(series.rate(metrics.REQUESTS_FAILED, **{metrics.REASON: "!CANCELED"}), Unit.PER_SECOND)


def replicas(series: Series) -> Query:
    """Servers that are up and were read."""
    return Query(series.total(series.of(metrics.UP, **{metrics.JOB: SERVERS})), Unit.COUNT)


def replicas_unread(series: Series) -> Query:
    """Servers that are there and could not be read."""
    return Query(series.total(f"1 - {series.of(metrics.UP, **{metrics.JOB: SERVERS})}"), Unit.COUNT)


def gpu_utilisation_share(series: Series) -> Query:
    """The share of the time in which a GPU computes, on average over the replicas."""
    gpus = series.of(metrics.GPU_UTILISATION)
    return Query(f"{series.total(gpus)} / {series.total(f'{gpus} * 0 + 1')}", Unit.SHARE, per_replica=True)


def gpu_memory_share(series: Series) -> Query:
    """The share of the GPUs' memory that is taken."""
    used, there = (series.of(metric) for metric in (metrics.GPU_MEMORY_USED_BYTES, metrics.GPU_MEMORY_TOTAL_BYTES))
    return Query(f"{series.total(used)} / {series.total(there)}", Unit.SHARE)


# What is promised, as rules record it.


def burn(series: Series) -> Query:
    """How many times as fast as the objectives allow their budgets are spent, by objective."""
    return Query(series.of(f"{metrics.BURN}{series.window}"), Unit.COUNT)


def budget_left(series: Series) -> Query:
    """The share of each objective's budget that is left of its window."""
    return Query(series.of(metrics.BUDGET_LEFT), Unit.SHARE)


def latency_threshold_ms(series: Series) -> Query:
    """The latency objective's threshold."""
    return Query(series.of(metrics.LATENCY_THRESHOLD), Unit.MILLISECONDS)
