"""Asking the stack's Prometheus, through the cluster's API server: nothing has to be routed or forwarded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from observability.queries import Value
from ops.stack import kubectl
from stacks.schema import Monitoring

PATIENCE_SECONDS = 20


@dataclass(frozen=True)
class Line:
    """One series over time."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]
    """Seconds since 1970, and the value then."""


@dataclass(frozen=True)
class Prometheus:
    """The Prometheus that a stack names. Every method raises StackUnreachableError."""

    monitoring: Monitoring
    context: str | None = None
    """Of the kubeconfig. Absent: the current one."""

    def query(self, expr: str) -> list[Value]:
        """What an expression says now."""
        found = self._ask("query", query=expr)["result"]
        return [Value(each["metric"], float(each["value"][1])) for each in found]

    def query_range(self, expr: str, *, start: float, end: float, step_seconds: float) -> list[Line]:
        """What an expression said over time."""
        found = self._ask("query_range", query=expr, start=start, end=end, step=step_seconds)["result"]
        return [
            Line(each["metric"], [(float(moment), float(value)) for moment, value in each["values"]]) for each in found
        ]

    def targets(self) -> list[dict[str, Any]]:
        """Everything that it reads or tries to."""
        return self._ask("targets", state="active")["activeTargets"]

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that it has loaded."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def alerts(self) -> list[dict[str, Any]]:
        """What is pending or firing."""
        return self._ask("alerts")["alerts"]

    def alertmanagers(self) -> list[str]:
        """Whom it tells of alerts."""
        return [each["url"] for each in self._ask("alertmanagers")["activeAlertmanagers"]]

    def _ask(self, path: str, **parameters: object) -> Any:
        where = f"/api/v1/namespaces/{self.monitoring.namespace}/services/{self.monitoring.service}"
        url = f"{where}:{self.monitoring.port}/proxy/api/v1/{path}?{urlencode(parameters)}"
        context = (f"--context={self.context}",) if self.context else ()
        patience = (
            f"--request-timeout={PATIENCE_SECONDS}s"  # the API server itself waits for what it forwards, for ever
        )
        return json.loads(kubectl(*context, "get", patience, "--raw", url))["data"]
