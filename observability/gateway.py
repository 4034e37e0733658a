"""What Envoy counts of each side of a service, on port 19001 of each proxy.

Source: Envoy's cluster statistics, 1.39, with the names that Envoy Gateway 1.9 gives merged backends. To HTTP a gRPC
answer is a 200 whatever became of the call, so errors are counted in two ways.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from observability.variants import Variant, server_name

METRICS_PORT = 19001

RESPONSES = "envoy_cluster_upstream_rq"
"""Answers, by code."""

CODE_LABEL = "envoy_response_code"

LATENCY_BUCKETS = "envoy_cluster_upstream_rq_time_bucket"
"""Time from passing a request on to its answer's end, in milliseconds; successful ones only. Cumulative, by `le`."""

GRPC_STATUS = "envoy_cluster_grpc_ModelInfer_"
"""Followed by a gRPC status number: calls that ended with it."""

BACKEND_LABEL = "envoy_cluster_name"

# What is the server's fault: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
GRPC_ERRORS = (2, 4, 8, 13, 14, 15)


def backend(namespace: str, service: str, variant: Variant, port: int, port_name: str) -> str:
    """Envoy's name for one port of one side of a service, as Envoy Gateway makes it."""
    return f"service/{namespace}/{server_name(service, variant)}/{port}/{port_name}"


@dataclass(frozen=True)
class Counts:
    """Requests of one side, since the proxy started or between two readings."""

    requests: float = 0
    errors: float = 0
    """Those that failed by the server's fault."""
    within_ms: Mapping[float, float] = field(default_factory=dict[float, float])
    """How many successful ones took at most so many milliseconds."""

    def __add__(self, other: "Counts") -> "Counts":
        return self._combined(other, 1)

    def since(self, earlier: "Counts") -> "Counts":
        """What was counted after an earlier reading; all of it where the proxy has started anew in between."""
        return self if self.requests < earlier.requests else self._combined(earlier, -1)

    def _combined(self, other: "Counts", sign: int) -> "Counts":
        limits = self.within_ms.keys() | other.within_ms.keys()
        return Counts(
            self.requests + sign * other.requests,
            self.errors + sign * other.errors,
            {limit: self.within_ms.get(limit, 0) + sign * other.within_ms.get(limit, 0) for limit in limits},
        )

    @property
    def error_ratio(self) -> float:
        """The share that failed, from 0 to 1; 0 of no requests."""
        return self.errors / self.requests if self.requests else 0.0

    def latency_ms(self, quantile: float) -> float | None:
        """The latency that a share of the successful requests stayed within; None of no requests.

        Straight-lined within a bucket, as PromQL's histogram_quantile does.
        """
        limits = sorted(self.within_ms)
        total = self.within_ms[limits[-1]] if limits else 0
        if not total:
            return None
        rank, below, lower = quantile * total, 0.0, 0.0
        for limit in limits:
            count = self.within_ms[limit]
            if count >= rank:
                return lower if math.isinf(limit) else lower + (limit - lower) * (rank - below) / (count - below)
            below, lower = count, limit
        return lower


def counts(exposition: str, backends: Mapping[str, Variant]) -> Mapping[Variant, Counts]:
    """What one proxy has counted of some backends, by side, from its metrics as Prometheus reads them."""
    found = dict.fromkeys(backends.values(), Counts())
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            variant = backends.get(sample.labels.get(BACKEND_LABEL, ""))
            if variant is not None:
                found[variant] += _counted(sample.name, sample.labels, sample.value)
    return found


def _counted(name: str, labels: Mapping[str, str], value: float) -> Counts:
    # The parser gives counters the suffix that OpenMetrics wants and Envoy leaves out. The answers thus get the name of
    # another counter, that of all tries, which has no code.
    name = name.removesuffix("_total")
    if name == RESPONSES and CODE_LABEL in labels:
        return Counts(requests=value, errors=value if labels[CODE_LABEL].startswith("5") else 0)
    if name == LATENCY_BUCKETS:
        return Counts(within_ms={float(labels["le"]): value})
    status = name.removeprefix(GRPC_STATUS)
    return Counts(errors=value if status != name and status in map(str, GRPC_ERRORS) else 0)
