"""What twenty services cost where one does: scrapes, rules and previews.

Each stack is deployed with one replica and one autoscaler a service, and left alone until Prometheus has read
everything a few times; then it says itself what it reads and how long its rules take. Previews are of the deployed
stack, so nothing is to be changed.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks import projects, stack_config
from benchmarks.cluster import cluster
from benchmarks.projects import CHECKOUT, BenchmarkError, Project
from benchmarks.report import Report, Table
from observability import metrics, queries
from observability.queries import Series
from ops.prometheus import Prometheus
from ops.stack import kubectl
from stacks.schema import Monitoring, parse

SIZES = (1, 5, 20)
PREVIEWS = 3
SAMPLES = 4
SAMPLE_SECONDS = 15
PATIENCE_SECONDS = 300
PROPORTIONAL = 1.25
"""How much more than in proportion counts as growing faster."""

NAMESPACE = "plimsoll-benchmark-fleet"

console = Console(stderr=True)


@dataclass(frozen=True)
class Fleet:
    """A deployed stack of so many services, as Prometheus and Pulumi see it."""

    services: int
    targets: int
    samples: int
    """Read in each round, of all targets."""
    scrape_seconds: float
    """For each round, the sum of all targets."""
    rules: int
    evaluation_seconds: float
    """To work each rule out once."""
    prometheus_cores: float
    """Of the whole of it, which reads what else is there too."""
    preview_seconds: float


def run(sizes: Sequence[int] = SIZES) -> Report:
    """Deploy the stacks one after another, and measure each at rest."""
    fleets: list[Fleet] = []
    with cluster(), tempfile.TemporaryDirectory() as folder:
        project = projects.create(CHECKOUT, Path(folder))
        try:
            for size in sizes:
                stack = stack_config.local_stack(NAMESPACE, {f"digits-{number:02}": ONE for number in range(size)})
                console.print(f"{size} services: deploying")
                project.configure({"stack": stack})
                project.pulumi("up", "--yes", "--skip-preview")
                if monitoring := parse(stack).monitoring:
                    fleets.append(_measure(size, monitoring, project))
        finally:
            project.pulumi("destroy", "--yes", "--skip-preview")
    return _report(fleets)


ONE = {
    "resources": {"cpu": 0.02, "memoryMib": 512},
    "scaling": {"replicas": {"min": 1, "max": 2}, "signal": {"kind": "queueTime", "targetMs": 5}},
}
"""What differs from the local stack's service: as many as fit one small node, and an autoscaler."""


def _measure(size: int, monitoring: Monitoring, project: Project) -> Fleet:
    prometheus = Prometheus(monitoring)
    here = Series(namespace=NAMESPACE)
    _await_targets(prometheus, size)
    cores: list[float] = []
    for _ in range(SAMPLES):
        time.sleep(SAMPLE_SECONDS)
        shown = kubectl("--namespace", monitoring.namespace, "top", "pods", "prometheus-main-0", "--no-headers")
        cores.append(int(shown.split()[1].removesuffix("m")) / 1000)
    rules = [rule for rule in prometheus.rules() if rule.get("labels", {}).get(metrics.NAMESPACE) == NAMESPACE]

    def total(metric: str) -> float:
        return sum(each.value for each in prometheus.query(f"avg_over_time({here.of(metric)}[1m])"))

    fleet = Fleet(
        services=size,
        targets=len(prometheus.query(here.of(metrics.UP))),
        samples=round(total("scrape_samples_scraped")),
        scrape_seconds=total("scrape_duration_seconds"),
        rules=len(rules),
        evaluation_seconds=sum(rule["evaluationTime"] for rule in rules),
        prometheus_cores=median(cores),
        preview_seconds=median(project.pulumi("preview").seconds for _ in range(PREVIEWS)),
    )
    console.print(f"  {fleet}", highlight=False)
    return fleet


def _await_targets(prometheus: Prometheus, servers: int) -> None:
    """Wait until every server is read. Raises BenchmarkError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    ready = f"sum({Series(namespace=NAMESPACE).of(metrics.UP, **{metrics.JOB: queries.SERVERS})})"
    while time.monotonic() < deadline:
        if [each.value for each in prometheus.query(ready)] == [servers]:
            return
        time.sleep(2)
    raise BenchmarkError(ready, f"Prometheus does not read {servers} servers within {PATIENCE_SECONDS} s")


def _report(fleets: Sequence[Fleet]) -> Report:
    return Report(
        name="fleet",
        title="What twenty services cost where one does",
        method=" ".join((__doc__ or "").split("\n\n", 1)[1].split())
        + f" Cores are the median of {SAMPLES} looks, previews of {PREVIEWS}.",
        tables=[
            Table(
                title="By number of services",
                columns=(
                    *("services", "targets", "samples a round", "scrapes s", "rules", "all rules once ms"),
                    *("Prometheus cores", "preview s"),
                ),
                rows=[
                    (
                        *(f"{each.services}", f"{each.targets}", f"{each.samples:,}", f"{each.scrape_seconds:.2f}"),
                        *(f"{each.rules}", f"{each.evaluation_seconds * 1000:.0f}"),
                        *(f"{each.prometheus_cores:.3f}", f"{each.preview_seconds:.1f}"),
                    )
                    for each in fleets
                ],
            )
        ],
        findings=list(_findings(fleets)),
        data={"fleets": [asdict(each) for each in fleets]},
    )


def _findings(fleets: Sequence[Fleet]) -> Iterator[str]:
    first, last = fleets[0], fleets[-1]
    times = last.services / first.services
    for what, before, after in (
        ("samples", first.samples, last.samples),
        ("time to read them", first.scrape_seconds, last.scrape_seconds),
        ("rules", first.rules, last.rules),
        ("time to work them out", first.evaluation_seconds, last.evaluation_seconds),
        ("previews", first.preview_seconds, last.preview_seconds),
    ):
        growth = after / before
        verdict = "no more than in proportion" if growth <= times * PROPORTIONAL else "MORE than in proportion"
        yield f"{times:g} times the services, {growth:.1f} times the {what}: {verdict}."
