"""`ops report`: one page that shows what a service's callers felt over a window, and what its replicas did about it."""

# matplotlib's keyword arguments carry no types.
# pyright: reportUnknownMemberType=false, reportArgumentType=false

import base64
import io
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import typer
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from rich.console import Console

from observability import autoscaling, metrics, queries
from observability.queries import Query, Series, Unit
from ops.errors import CommandError
from ops.prometheus import Line, Prometheus
from ops.stack import asked_for
from stacks.schema import Service

POINTS = 240
"""Of each line: as many as a picture of this size can show."""

SIZE_INCHES = (6.4, 2.6)
COLOURS = ("#1f6feb", "#d1690e", "#6e40aa", "#2da44e", "#bf3989")
LIMIT_COLOUR = "#cf222e"

console = Console()


@dataclass(frozen=True)
class Chart:
    """One picture: lines of one unit, and the limit that they are compared with."""

    name: str
    title: str
    says: str
    queries: Mapping[str, Query]
    """By legend; `{label}` in it stands for the series' own."""
    limit: float | None = None
    limit_name: str = ""


@dataclass(frozen=True)
class Drawn:
    """A chart with what Prometheus said."""

    chart: Chart
    lines: Mapping[str, Line]

    @property
    def unit(self) -> Unit:
        """Of all its lines."""
        return next(iter(self.chart.queries.values())).unit


def command(
    service: Annotated[str, typer.Argument(help="The service, as the stack calls it.")],
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "local",
    last: Annotated[str, typer.Option(help="The window, up to now: 30m, 6h, 7d.")] = "1h",
    into: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("report"),
) -> None:
    """Draw a service's last hours: load, replicas, latency, queue, split, budget, as one page and as pictures."""
    asked = asked_for(stack)
    found = asked.services.get(service)
    if found is None:
        raise CommandError(f"stack {stack} has no service '{service}'", f"name one of: {', '.join(asked.services)}")
    if asked.monitoring is None:
        raise CommandError(f"stack {stack} is watched by no Prometheus", "add `monitoring: {}` to its file, and deploy")
    window = _seconds(last)
    end = time.time()
    drawn = collect(
        charts(service, found, asked.namespace, max(window / POINTS, asked.monitoring.scrape_seconds)),
        Prometheus(asked.monitoring), start=end - window, end=end,
    )  # fmt: skip
    if not any(each.lines for each in drawn):
        raise CommandError(f"Prometheus knows nothing of {service} in the last {last}", "python -m ops doctor")
    page = write(drawn, into, title=f"{service}, stack {stack}", start=end - window, end=end)
    console.print(f"{page}, and {len(drawn)} pictures beside it", highlight=False, soft_wrap=True)


def _seconds(window: str) -> float:
    found = re.fullmatch(r"(\d+)([mhd])", window)
    if not found or int(found[1]) == 0:
        raise typer.BadParameter(f"'{window}' is no window, as in 30m, 6h or 7d", param_hint="--last")
    return int(found[1]) * {"m": 60, "h": 3600, "d": 86_400}[found[2]]


def charts(name: str, service: Service, namespace: str, step_seconds: float) -> Sequence[Chart]:
    """What to draw of a service."""
    window = f"{max(round(step_seconds * autoscaling.READINGS), autoscaling.LEAST_WINDOW_SECONDS)}s"
    whole = Series(namespace=namespace, service=name, window=window)
    sides = Series(namespace=namespace, service=name, by=(metrics.VARIANT,), window=window)
    latency = service.slo.latency if service.slo else None
    return (
        Chart("load", "Requests a second", "What callers asked, and who answered it: the split.",
              {"arrived": queries.arrivals_per_second(whole),
               "answered, {variant}": queries.answers_per_second(sides)}),
        Chart("replicas", "Replicas", "Servers that were up.", {"{variant}": queries.replicas(sides)},
              service.scaling.replicas.max, "most"),
        Chart("latency", "Latency, ms", "Of successful answers, at the gateway.",
              {f"p{percent}": queries.latency_ms(whole, percent / 100) for percent in (50, 95, 99)},
              latency.threshold_ms if latency else None,
              f"objective, p{latency.percent:g}" if latency else ""),
        Chart("errors", "Failed requests, share", "By the platform's fault.", {"{variant}": queries.error_share(sides)},
              1 - service.slo.availability_percent / 100 if service.slo else None, "objective"),
        Chart("queue", "Time in queue, ms", "How long a request waited for an instance, on average.",
              {"{variant}": queries.queue_time_ms(sides)}),
        Chart("batch", "Batch size", "Inputs that one run of the model computed, on average.",
              {"{variant}": queries.batch_size(sides)}),
        Chart("busy", "Busy instances", "Instances that computed at once, over all replicas.",
              {"{variant}": queries.busy_instances(sides)}),
        Chart("budget", "Error budget left, share", "Of the objective's window. Below 0 more is spent than there was.",
              {"{objective}": queries.budget_left(Series(namespace=namespace, service=name))}, 0.0, "spent"),
    )  # fmt: skip


def collect(asked: Sequence[Chart], prometheus: Prometheus, *, start: float, end: float) -> list[Drawn]:
    """Ask for every line. Raises StackUnreachableError."""
    step = max((end - start) / POINTS, 1.0)
    return [
        Drawn(
            chart,
            {
                legend.format_map(_Labels(line.labels)): line
                for legend, query in chart.queries.items()
                for line in prometheus.query_range(query.expr, start=start, end=end, step_seconds=step)
            },
        )
        for chart in asked
    ]


class _Labels(dict[str, str]):
    """A series' labels; one that it has not is said to be missing and not an error."""

    def __missing__(self, label: str) -> str:
        return f"no {label}"


def write(drawn: Sequence[Drawn], into: Path, *, title: str, start: float, end: float) -> Path:
    """The page, with its pictures inside it and beside it."""
    into.mkdir(parents=True, exist_ok=True)
    pictures = {each.chart.name: picture(each, start=start, end=end) for each in drawn}
    for name, png in pictures.items():
        (into / f"{name}.png").write_bytes(png)
    page = into / "index.html"
    page.write_text(_page(drawn, pictures, title=title, start=start, end=end))
    return page


def picture(drawn: Drawn, *, start: float, end: float) -> bytes:
    """A chart as a PNG."""
    with mpl.rc_context({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=SIZE_INCHES, dpi=160, layout="constrained")
        axes = figure.add_subplot()
        for number, (legend, line) in enumerate(sorted(drawn.lines.items())):
            axes.plot(
                [datetime.fromtimestamp(moment, tz=UTC) for moment, _ in line.points],
                [value for _, value in line.points],
                label=legend, color=COLOURS[number % len(COLOURS)], linewidth=1.4,
                drawstyle="steps-post" if drawn.chart.name == "replicas" else "default",
            )  # fmt: skip
        if drawn.chart.limit is not None:
            axes.axhline(drawn.chart.limit, color=LIMIT_COLOUR, linewidth=1, linestyle="--",
                         label=drawn.chart.limit_name)  # fmt: skip
        if not drawn.lines:
            axes.text(0.5, 0.5, "nothing was measured", transform=axes.transAxes, ha="center", color="#57606a")
        axes.set_title(drawn.chart.title, loc="left", fontweight="bold")
        axes.set_xlim(datetime.fromtimestamp(start, tz=UTC), datetime.fromtimestamp(end, tz=UTC))
        if drawn.chart.name != "budget":
            axes.set_ylim(bottom=0)
        locator = AutoDateLocator(maxticks=8)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.grid(axis="y", color="#d0d7de", linewidth=0.5)
        if drawn.lines or drawn.chart.limit is not None:
            axes.legend(loc="upper left", frameon=False, ncols=4)
        out = io.BytesIO()
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _page(drawn: Sequence[Drawn], pictures: Mapping[str, bytes], *, title: str, start: float, end: float) -> str:
    span = " to ".join(f"{datetime.fromtimestamp(moment, tz=UTC):%Y-%m-%d %H:%M} UTC" for moment in (start, end))
    figures = "\n".join(
        f'<figure><img src="data:image/png;base64,{base64.b64encode(pictures[each.chart.name]).decode()}" '
        f'alt="{escape(each.chart.title)}"><figcaption>{escape(each.chart.says)}</figcaption></figure>'
        for each in drawn
    )
    rows = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in summary(drawn).items()
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; color: #1f2328 }}
h1 {{ margin: 0 }} p {{ margin: .2rem 0 1.2rem; color: #57606a }}
table {{ border-collapse: collapse; margin-bottom: 1.5rem }}
th, td {{ text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #d0d7de; font-weight: normal }}
td {{ font-variant-numeric: tabular-nums; font-weight: 600 }}
main {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1.2rem }}
figure {{ margin: 0; border: 1px solid #d0d7de; border-radius: 6px; padding: .6rem }} img {{ width: 100% }}
figcaption {{ color: #57606a; font-size: 13px }}
</style>
<h1>{escape(title)}</h1><p>{span}</p>
<table>{rows}</table>
<main>{figures}</main>
</html>
"""


def summary(drawn: Sequence[Drawn]) -> dict[str, str]:
    """The window in a few numbers."""
    lines = {each.chart.name: each.lines for each in drawn}
    limits = {each.chart.name: each.chart.limit for each in drawn}
    said: dict[str, str] = {}
    if arrived := lines["load"].get("arrived"):
        said["requests"] = f"{_area(arrived):,.0f}, at most {max(value for _, value in arrived.points):.0f} a second"
    if p95 := lines["latency"].get("p95"):
        known = [value for _, value in p95.points if not math.isnan(value)]
        over = sum(value > (limits["latency"] or float("inf")) for value in known)
        said["p95"] = (
            f"{sorted(known)[len(known) // 2]:.1f} ms in the middle, {max(known):.1f} ms at worst" if known else "-"
        )
        if limits["latency"] is not None and known:
            said["p95 above the objective"] = f"{over / len(known):.1%} of the time"
    if replicas := lines["replicas"]:
        hours = sum(_area(line) for line in replicas.values()) / 3600
        said["replica-hours"] = f"{hours:.2f}"
    for objective, line in sorted(lines["budget"].items()):
        said[f"error budget left, {objective}"] = f"{line.points[-1][1]:.1%}"
    return said


def _area(line: Line) -> float:
    """What a line adds up to over time, its value holding until the next one."""
    return sum(
        value * (after - moment)
        for (moment, value), (after, _) in zip(line.points, line.points[1:], strict=False)
        if not math.isnan(value)
    )
