"""What Prometheus works out ahead, and when it calls somebody.

The objectives follow the multiwindow, multi-burn-rate alerts of Google's SRE Workbook, chapter 5: a budget that is
spent F times too fast is an alert once that holds over a long window, and ends with a short one.

A rule speaks of every service of a stack at once wherever it can, so that their number grows slowly with the services';
what differs between them (thresholds, budgets, limits) is recorded as series of its own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from observability import metrics, queries
from observability.queries import Query, Series
from observability.variants import Variant
from stacks.schema import Monitoring, Service, Slo, Stack

AVAILABILITY = "availability"
LATENCY = "latency"

SIDES = (metrics.SERVICE, metrics.VARIANT)
SERVICES = (metrics.SERVICE, metrics.OBJECTIVE)

BASE_WINDOW = "5m"
RATED = {BASE_WINDOW: 300, "30m": 1800, "1h": 3600}
"""Windows short enough to take a rate over, and their seconds. Longer ones add up what was recorded of the first."""
ADDED_UP = ("2h", "6h", "1d", "3d")

FEWEST_BAD = 5
"""Requests that have to miss an objective before it is anybody's night: at three requests a minute one that fails is
already a hundred times the budget."""

SLOW_SECONDS = 60
"""How often what spans hours and days is worked out, and how far apart the samples are that it adds up: at every
scrape's sample, a month of a few services is more than Prometheus lets one query read."""

PAGE, TICKET = "page", "ticket"


@dataclass(frozen=True)
class Burn:
    """A budget spent so many times too fast, over a long window and still over a short one."""

    factor: float
    long: str
    short: str
    severity: str


BURNS = (
    Burn(14.4, "1h", "5m", PAGE),  # of 30 days' budget 2 % in an hour
    Burn(6, "6h", "30m", PAGE),  # 5 % in six hours
    Burn(3, "1d", "2h", TICKET),  # 10 % in a day
    Burn(1, "3d", "6h", TICKET),  # 10 % in three days
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """A series that is worked out ahead."""

    name: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def rule(self, namespace: str) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {"record": self.name, "expr": self.expr, "labels": {metrics.NAMESPACE: namespace, **self.labels}}


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that somebody should know, and the page that says what to do."""

    name: str
    expr: str
    lasting: str = "0s"
    """How long it has to hold, as PromQL writes it."""
    severity: str
    summary: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def page(self) -> str:
        """The runbook's file: PlimsollErrorBudgetBurn has error-budget-burn.md."""
        name = self.name.removeprefix("Plimsoll")
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-") + ".md"

    def rule(self, namespace: str, runbooks: str) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.expr,
            **({"for": self.lasting} if self.lasting != "0s" else {}),
            "labels": {metrics.NAMESPACE: namespace, "severity": self.severity, **self.labels},
            "annotations": {"summary": self.summary, "runbook_url": f"{runbooks}/{self.page}"},
        }


def groups(stack: Stack, monitoring: Monitoring) -> list[dict[str, Any]]:
    """All rules of a stack, as a PrometheusRule's `groups`."""
    fast, slow = monitoring.scrape_seconds, SLOW_SECONDS
    return [
        _group("sli", fast, [each.rule(stack.namespace) for each in indicators(stack)]),
        _group("budget", slow, [each.rule(stack.namespace) for each in budgets(stack)]),
        _group("alerts", fast, [each.rule(stack.namespace, monitoring.runbooks) for each in alerts(stack)]),
    ]


def _group(name: str, seconds: int, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": f"plimsoll.{name}", "interval": f"{seconds}s", "rules": rules}


def _promised(stack: Stack) -> Iterator[tuple[str, Service, Slo]]:
    for name, service in stack.services.items():
        if service.slo:
            yield name, service, service.slo


def indicators(stack: Stack) -> Iterator[Record]:
    """How many requests the objectives count and how many miss them, and how fast that spends their budgets."""
    every = Series(namespace=stack.namespace, by=SIDES)
    yield from _constants(stack)
    for window in RATED:
        over = every.over(window)
        yield _sli(stack, metrics.SLI_TOTAL, AVAILABILITY, queries.answers_per_second(over), window)
        yield _sli(stack, metrics.SLI_BAD, AVAILABILITY, queries.errors_per_second(over), window)
        yield _sli(stack, metrics.SLI_TOTAL, LATENCY, queries.successes_per_second(over), window)
        for threshold_ms, names in _by(stack, lambda slo: slo.latency.threshold_ms).items():
            these = replace(over, service=f"~{'|'.join(names)}")
            yield _sli(stack, metrics.SLI_BAD, LATENCY, queries.late_per_second(these, threshold_ms), window)
    yield from (_burn(stack, window, SERVICES) for window in RATED)
    for window in (BURNS[0].short, BURNS[0].long):
        yield _burn(stack, window, (*SERVICES, metrics.VARIANT), Variant.CANARY)


def _constants(stack: Stack) -> Iterator[Record]:
    """What the stack says of its services, as series that the others are compared with."""
    for name, service in stack.services.items():
        replicas = service.scaling.replicas
        yield _constant(metrics.REPLICAS_MIN, replicas.min, service=name)
        yield _constant(metrics.REPLICAS_MAX, replicas.max, service=name)
        if service.canary and service.canary.mirror:
            yield _constant(metrics.SHADOW, 1, service=name, variant=Variant.CANARY)
    for name, _, slo in _promised(stack):
        for objective, percent in ((AVAILABILITY, slo.availability_percent), (LATENCY, slo.latency.percent)):
            # Rounded, because 100 - 99.9 is 0.0999… to a computer.
            yield _constant(metrics.ERROR_BUDGET, round((100 - percent) / 100, 9), service=name, objective=objective)
        yield _constant(metrics.LATENCY_THRESHOLD, slo.latency.threshold_ms, service=name)


def _constant(metric: str, value: float, **labels: str) -> Record:
    return Record(name=metric, expr=f"vector({value:g})", labels=labels)


def _sli(stack: Stack, metric: str, objective: str, query: Query, window: str) -> Record:
    expr = query.expr
    if any(service.canary and service.canary.mirror for service in stack.services.values()):
        # What a shadow answers reaches nobody, and spends nobody's budget.
        shadow = Series(namespace=stack.namespace).of(metrics.SHADOW)
        expr = f"({expr}) unless on ({', '.join(SIDES)}) {shadow}"
    return Record(name=f"{metric}{window}", expr=expr, labels={metrics.OBJECTIVE: objective})


def _by(stack: Stack, key: Callable[[Slo], float]) -> dict[float, list[str]]:
    """The names of the services that share a value of their objectives."""
    names: dict[float, list[str]] = {}
    for name, _, slo in _promised(stack):
        names.setdefault(key(slo), []).append(name)
    return names


def _over(metric: str, window: str, series: Series, **matches: str) -> str:
    """What was recorded of requests, over a window, up to a factor that all have in common."""
    if window in RATED:
        return series.total(series.of(f"{metric}{window}", **matches))
    return series.total(f"sum_over_time({series.of(f'{metric}{BASE_WINDOW}', **matches)}[{window}:{SLOW_SECONDS}s])")


def _count(metric: str, window: str, series: Series, **matches: str) -> str:
    """How many requests that was."""
    seconds = RATED.get(window, SLOW_SECONDS)
    return f"{_over(metric, window, series, **matches)} * {seconds}"


def _share_of_budget(window: str, series: Series) -> str:
    """The share of a window's requests that missed the objective, in budgets: 1 is exactly what is allowed."""
    bad, every = (_over(metric, window, series) for metric in (metrics.SLI_BAD, metrics.SLI_TOTAL))
    budget = Series(namespace=series.namespace).of(metrics.ERROR_BUDGET)
    return f"({bad} / {every}) / on ({', '.join(SERVICES)}) group_left () {budget}"


def _burn(stack: Stack, window: str, by: Sequence[str], variant: Variant | None = None) -> Record:
    series = Series(namespace=stack.namespace, variant=variant, by=by)
    return Record(name=f"{metrics.BURN}{window}", expr=_share_of_budget(window, series))


def budgets(stack: Stack) -> Iterator[Record]:
    """How fast the budgets are spent over days, and what is left of them."""
    yield from (_burn(stack, window, SERVICES) for window in ADDED_UP)
    for days, names in _by(stack, lambda slo: slo.window_days).items():
        few = Series(namespace=stack.namespace, service=f"~{'|'.join(names)}", by=SERVICES)
        yield Record(name=metrics.BUDGET_LEFT, expr=f"1 - {_share_of_budget(f'{days}d', few)}")


def alerts(stack: Stack) -> Iterator[Alert]:
    """Everything that somebody is called for."""
    yield from _burn_alerts(stack)
    yield from _missing(stack)
    yield from _saturation(stack)


def _burn_alerts(stack: Stack) -> Iterator[Alert]:
    for burn in BURNS:
        yield Alert(
            name="PlimsollErrorBudgetBurn",
            expr=_burning(burn, Series(namespace=stack.namespace, by=SERVICES), {metrics.VARIANT: ""}),
            severity=burn.severity,
            labels={"long_window": burn.long},
            summary=f"{{{{ $labels.service }}}} spends its {{{{ $labels.objective }}}} budget {{{{ $value | "
            f"printf `%.1f` }}}} times as fast as it may (limit {burn.factor:g} over {burn.long})",
        )
    canary = Series(namespace=stack.namespace, by=(*SERVICES, metrics.VARIANT), variant=Variant.CANARY)
    yield Alert(
        name="PlimsollCanaryBurn",
        expr=_burning(BURNS[0], canary),
        severity=PAGE,
        summary="{{ $labels.service }}'s canary misses its {{ $labels.objective }} objective {{ $value | "
        "printf `%.1f` }} times as often as it may: take its weight to 0",
    )


def _burning(burn: Burn, series: Series, recorded: Mapping[str, str] | None = None) -> str:
    """Whether a budget is spent so fast, by more than a few requests; `recorded` tells its series from others'."""
    long, short = (series.of(f"{metrics.BURN}{window}", **recorded or {}) for window in (burn.long, burn.short))
    enough = f"{_count(metrics.SLI_BAD, burn.long, series)} >= {FEWEST_BAD}"
    return f"{long} > {burn.factor:g} and {short} > {burn.factor:g} and on ({', '.join(series.by)}) {enough}"


def _missing(stack: Stack) -> Iterator[Alert]:
    """Alerts on silence: no rule above fires on what is not there."""
    everything = Series(namespace=stack.namespace)
    for name, service in stack.services.items():
        if service.scaling.replicas.min:
            servers = Series(namespace=stack.namespace, service=name).of(metrics.UP, **{metrics.JOB: queries.SERVERS})
            yield Alert(
                name="PlimsollServersMissing",
                expr=f"absent({servers} == 1)",
                lasting="1m",
                severity=PAGE,
                labels={metrics.SERVICE: name},
                summary=f"no server of {name} is read: it is down, or nothing watches it",
            )
    yield Alert(
        name="PlimsollGatewayMissing",
        expr=f"absent({everything.of(metrics.UP, **{metrics.JOB: queries.GATEWAY})} == 1)",
        lasting="1m",
        severity=PAGE,
        summary="no proxy of the gateway is read: callers get no answer, or nothing counts them",
    )
    proxies = everything.of(metrics.UP, **{metrics.JOB: queries.GATEWAY})
    yield Alert(
        name="PlimsollMetricsGap",
        # A target that was there ten minutes ago, and is, should have been read all the time.
        expr=f"count_over_time({proxies}[5m]) < 0.9 * count_over_time({proxies}[5m] offset 5m) and {proxies}",
        severity=TICKET,
        summary="metrics of the last five minutes are missing: Prometheus was down, and the autoscaler blind",
    )
    if any(service.scaling.signal for service in stack.services.values()):
        autoscaler = everything.of(metrics.UP, **{metrics.JOB: queries.AUTOSCALER})
        yield Alert(
            name="PlimsollAutoscalerMissing",
            expr=f"absent({autoscaler} == 1)",
            lasting="1m",
            severity=PAGE,
            summary="KEDA's operator is not there: the number of replicas is frozen, whatever the load",
        )


def _saturation(stack: Stack) -> Iterator[Alert]:
    sides = Series(namespace=stack.namespace, by=SIDES)
    everything = Series(namespace=stack.namespace)
    stable = Series(namespace=stack.namespace, variant=Variant.STABLE, by=(metrics.SERVICE,))
    threshold = everything.of(metrics.LATENCY_THRESHOLD)
    least, most = everything.of(metrics.REPLICAS_MIN), everything.of(metrics.REPLICAS_MAX)
    yield Alert(
        name="PlimsollQueueTooLong",
        expr=f"{queries.queue_time_ms(sides).expr} > on (service) group_left () "
        f"{threshold} * {queries.LONGEST_QUEUE_SHARE:g}",
        lasting="5m",
        severity=TICKET,
        summary="{{ $labels.service }} ({{ $labels.variant }}) lets requests wait {{ $value | printf `%.0f` }} ms, "
        "more than half of its latency threshold",
    )
    yield Alert(
        name="PlimsollRequestsRefused",
        expr=f"{queries.rejected_per_second(sides).expr} > 0 or {queries.refused_per_second(sides).expr} > 0",
        lasting="2m",
        severity=PAGE,
        summary="{{ $labels.service }} ({{ $labels.variant }}) refuses {{ $value | printf `%.1f` }} requests a second",
    )
    yield Alert(
        name="PlimsollNoBackend",
        expr=f"{queries.without_backend_per_second(everything).expr} > 0",
        severity=PAGE,
        summary="the gateway has nowhere to send {{ $value | printf `%.2f` }} requests a second",
    )
    yield Alert(
        name="PlimsollAtMaxReplicas",
        expr=f"{queries.replicas(stable).expr} >= on (service) ({most} > on (service) {least})",
        lasting="15m",
        severity=TICKET,
        summary="{{ $labels.service }} has run all its {{ $value | printf `%.0f` }} replicas for a quarter of an hour",
    )
    if any(service.pool for service in stack.services.values()):
        yield Alert(
            name="PlimsollGpuMemoryFull",
            expr=f"{queries.gpu_memory_share(sides).expr} > 0.95",
            lasting="5m",
            severity=TICKET,
            summary="{{ $labels.service }} ({{ $labels.variant }}) has {{ $value | humanizePercentage }} of its "
            "GPUs' memory",
        )
