"""What Prometheus and Grafana are given: what to read, what to work out and alert on, what to draw."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions, core

from components.metadata import metadata
from observability import dashboards, monitors, rules
from stacks.schema import Monitoring as MonitoringSpec
from stacks.schema import Stack

OPERATOR_API = "monitoring.coreos.com/v1"

GRAFANA_SIDECAR = {"grafana_dashboard": "1"}
"""The label by which Grafana's sidecar finds dashboards, unless its owner chose another."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """The stack that is watched, and by whom."""

    stack: Stack
    spec: MonitoringSpec
    namespace: pulumi.Input[str]


def place_monitoring(stack: Stack, *, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
    """Have the stack watched, if it says by whom."""
    if stack.monitoring:
        Monitoring("monitoring", MonitoringArgs(stack=stack, spec=stack.monitoring, namespace=namespace), opts)


class Monitoring(pulumi.ComponentResource):
    """PodMonitors, one PrometheusRule and a ConfigMap a dashboard, for all services of the stack together."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Monitoring", name, None, opts)
        self._args = args
        for monitor, spec in monitors.pod_monitors(args.stack, args.spec).items():
            self._place("PodMonitor", monitor, spec)
        self._place("PrometheusRule", "plimsoll", {"groups": rules.groups(args.stack, args.spec)})
        for dashboard, content in dashboards.load(args.stack.namespace).items():
            core.v1.ConfigMap(
                f"dashboard-{dashboard}",
                metadata=metadata(
                    f"dashboard-{dashboard}", namespace=args.namespace, labels={**args.spec.labels, **GRAFANA_SIDECAR}
                ),
                data={f"{args.stack.namespace}-{dashboard}.json": json.dumps(content)},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})

    def _place(self, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        apiextensions.CustomResource(
            name,
            api_version=OPERATOR_API,
            kind=kind,
            metadata=metadata(name, namespace=self._args.namespace, labels=self._args.spec.labels),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self),
        )
