"""Who watches the stack: a Prometheus that is there already, run by the Prometheus Operator."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from stacks.schema.base import Name, Spec

LabelKey = Annotated[str, Field(pattern="^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")]
LabelValue = Annotated[str, Field(pattern="^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")]


class Monitoring(Spec):
    """Where Prometheus is asked, and how it finds what the stack gives it to watch."""

    namespace: Name = Field(
        default="monitoring",
        description="The namespace of Prometheus: its pods may read the servers' metrics, and nobody else outside.",
    )
    service: Name = Field(
        default="prometheus-operated",
        description="The Service that the autoscaler asks Prometheus through. By default the one that the Prometheus "
        "Operator makes for every Prometheus.",
    )
    port: int = Field(default=9090, ge=1, le=65_535, description="The port of that Service.")
    autoscaler_namespace: Name = Field(
        default="keda",
        description="The namespace of KEDA, whose operator is watched too: without it the number of replicas is "
        "frozen.",
    )
    labels: Mapping[LabelKey, LabelValue] = Field(
        default={},
        description="Labels by which this Prometheus picks the monitors and rules that are its own, and Grafana's "
        "sidecar the dashboards. Absent: it takes every one, as that of the embedded cluster does.",
        examples=[{"release": "kube-prometheus-stack"}],
    )
    scrape_seconds: int = Field(
        default=15,
        ge=1,
        le=60,
        description="How often metrics are read, in seconds. An autoscaler sees a change of load after about two "
        "readings; above a minute no alert of five minutes has enough of them.",
    )
    runbooks: str = Field(
        default="docs/runbooks",
        min_length=1,
        max_length=500,
        description="Where the runbooks are: an alert links to this, a slash and its own page. A folder of the "
        "checkout, or the address at which the team reads it.",
        examples=["https://git.example.com/platform/plimsoll/src/main/docs/runbooks"],
    )

    @property
    def prometheus_url(self) -> str:
        """Where Prometheus answers inside the cluster."""
        return f"http://{self.service}.{self.namespace}.svc.cluster.local:{self.port}"
