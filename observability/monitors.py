"""What Prometheus reads of a stack, and the labels that it gives what it reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from observability import metrics, queries
from observability.variants import OWNER_LABEL, SERVICE_LABEL, VARIANT_LABEL
from stacks.schema import Monitoring, Stack

KEDA_OPERATOR = {"app": "keda-operator"}

SERVER_METRICS = "nv_.*"
GATEWAY_METRICS = "|".join(
    (
        metrics.RESPONSES,
        metrics.ARRIVALS,
        metrics.LATENCY_BUCKETS,
        metrics.LATENCY_COUNT,
        metrics.GRPC_RESPONSES,
        metrics.OVERFLOWS,
        metrics.NO_BACKEND,
    )
)
"""All of what Envoy counts that anything here reads. It counts a thousand things more for each backend."""

AUTOSCALER_METRICS = "keda_.*"


def pod_monitors(stack: Stack, monitoring: Monitoring) -> Mapping[str, dict[str, Any]]:
    """The spec of each PodMonitor, by name."""
    scaled = any(service.scaling.signal for service in stack.services.values())
    return {
        queries.SERVERS: _servers(stack, monitoring),
        queries.GATEWAY: _proxies(stack, monitoring),
        **({queries.AUTOSCALER: _autoscaler(stack, monitoring)} if scaled else {}),
    }


def _servers(stack: Stack, monitoring: Monitoring) -> dict[str, Any]:
    labels = [
        _copied(discovered(label), target)
        for label, target in ((SERVICE_LABEL, metrics.SERVICE), (VARIANT_LABEL, metrics.VARIANT))
    ]
    return _monitor(
        stack.namespace,
        {"matchExpressions": [{"key": SERVICE_LABEL, "operator": "Exists"}]},
        {"port": "metrics", "path": "/metrics", "relabelings": [_job(queries.SERVERS), *labels]},
        SERVER_METRICS,
        monitoring,
    )


def _proxies(stack: Stack, monitoring: Monitoring) -> dict[str, Any]:
    # service/NAMESPACE/NAME/PORT/PROTOCOL, with -canary after the name of one. No service's own name ends so.
    backend = f"service/{stack.namespace}/(.+?)(?:-(canary))?/[0-9]+/(.+)"
    of_backend = {"sourceLabels": [metrics.ENVOY_BACKEND], "regex": backend}
    return _monitor(
        stack.gateway.controller_namespace,
        {"matchLabels": {OWNER_LABEL: stack.namespace}},
        {
            "port": "metrics",
            "path": "/stats/prometheus",
            "relabelings": [_job(queries.GATEWAY), _constant(metrics.NAMESPACE, stack.namespace)],
        },
        GATEWAY_METRICS,
        monitoring,
        [
            # Envoy has backends of its own: who reads its metrics, and who configures it.
            {**of_backend, "regex": f"(service/{stack.namespace}/.*)?", "action": "keep"},
            {**of_backend, "targetLabel": metrics.VARIANT, "replacement": "stable"},
            {**of_backend, "regex": backend.replace("?:-(canary))?", "?:-(canary))"), "targetLabel": metrics.VARIANT,
             "replacement": "canary"},
            {**of_backend, "targetLabel": metrics.SERVICE, "replacement": "$1"},
            {**of_backend, "targetLabel": metrics.PROTOCOL, "replacement": "$3"},
            {
                "sourceLabels": ["__name__"],
                "regex": f"{metrics.GRPC_STATUS_PREFIX}([0-9]+)",
                "targetLabel": metrics.GRPC_STATUS,
                "replacement": "$1",
            },
            {
                "sourceLabels": ["__name__"],
                "regex": f"{metrics.GRPC_STATUS_PREFIX}[0-9]+",
                "targetLabel": "__name__",
                "replacement": metrics.GRPC_RESPONSES,
            },
        ],
    )  # fmt: skip


def _autoscaler(stack: Stack, monitoring: Monitoring) -> dict[str, Any]:
    return _monitor(
        monitoring.autoscaler_namespace,
        {"matchLabels": KEDA_OPERATOR},
        {
            "port": "http",
            "path": "/metrics",
            "relabelings": [_job(queries.AUTOSCALER), _constant(metrics.NAMESPACE, stack.namespace)],
        },
        AUTOSCALER_METRICS,
        monitoring,
    )


def _monitor(
    namespace: str,
    selector: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    kept: str,
    monitoring: Monitoring,
    relabelled: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    every = f"{monitoring.scrape_seconds}s"
    return {
        "selector": selector,
        "namespaceSelector": {"matchNames": [namespace]},
        "podMetricsEndpoints": [
            {
                **endpoint,
                "interval": every,
                "scrapeTimeout": every,
                "metricRelabelings": [*relabelled, {"sourceLabels": ["__name__"], "regex": kept, "action": "keep"}],
            }
        ],
    }


def _job(name: str) -> dict[str, str]:
    return _constant(metrics.JOB, name)


def _constant(label: str, value: str) -> dict[str, str]:
    return {"targetLabel": label, "replacement": value}


def _copied(source: str, target: str) -> dict[str, Any]:
    return {"sourceLabels": [source], "targetLabel": target}


def discovered(label: str) -> str:
    """A pod's label as Prometheus finds it: with an underscore for all but letters and digits."""
    return "__meta_kubernetes_pod_label_" + "".join(letter if letter.isalnum() else "_" for letter in label)
