"""What all panels have in common: how a query becomes one. All styling is here."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh

from observability import metrics
from observability.dashboards import STACK_NAMESPACE
from observability.queries import Query

HEIGHT = 8
HALF, THIRD = 12, 8
"""Of the 24 columns of a dashboard."""

DATASOURCE = DataSourceRef(type_val="prometheus", uid="$datasource")


def page(name: str, title: str, description: str) -> dashboard.Dashboard:
    """A dashboard without panels, with the data source to choose."""
    return (
        dashboard.Dashboard(title)
        .uid(f"plimsoll-{name}-{STACK_NAMESPACE}"[:40])
        .description(description)
        .tags(["plimsoll", STACK_NAMESPACE])
        .refresh("30s")
        .time("now-1h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus").label("Prometheus"))
    )


def services() -> dashboard.QueryVariable:
    """The service to show, of those that the gateway knows."""
    known = f'label_values({metrics.ARRIVALS}{{{metrics.NAMESPACE}="{STACK_NAMESPACE}"}}, {metrics.SERVICE})'
    return (
        dashboard.QueryVariable("service")
        .label("Service")
        .datasource(DATASOURCE)
        .query(known)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )


def over_time(title: str, description: str, queries: Mapping[str, Query], *, width: int = HALF) -> timeseries.Panel:
    """Queries of one unit over time, by the legend of each."""
    [unit] = {query.unit for query in queries.values()}
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .min(0)
        .height(HEIGHT)
        .span(width)
        .line_width(2)
        .fill_opacity(8)
    )
    for number, (legend, query) in enumerate(queries.items()):
        panel = panel.with_target(_target(query, legend, number))
    return panel


def now(title: str, description: str, query: Query, *, legend: str = "", width: int = THIRD) -> stat.Panel:
    """What a query says now, large."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(query.unit)
        .height(HEIGHT // 2)
        .span(width)
        .with_target(_target(query, legend, 0))
    )


def _target(query: Query, legend: str, number: int) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery().expr(query.expr).legend_format(legend).ref_id("ABCDEFGH"[number]).datasource(DATASOURCE)
    )
