"""What the number of replicas follows: pure answers, placed by `components/autoscalers.py`.

Kubernetes' autoscaler takes a signal for proportional to the load that each replica gets: twice the value wants twice
the replicas. A queue is not: it is nothing until the servers are full, then grows without bound, and is gone again with
one replica more. So a queue's signal says when there are too few, and nobody lets it say when there are too many: a
second trigger, how many instances compute, holds what the load needs. The autoscaler follows whichever wants more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from observability import queries
from observability.queries import Query, Series
from observability.variants import Variant, server_name
from stacks.schema import Monitoring, Pace, PendingRequests, QueueTime, Replicas, Service, Utilisation

BUSY_SHARE = 0.7
"""The share of a replica's instances that compute, on average, when it has as much to do as it should. Above it queues
form even at an even pace, and what is left is the headroom for the time that a new replica takes."""

POLL_SECONDS = 5
"""How often KEDA looks whether there is anything to do at all, and whether its signal can be read."""

FAILURES = 3
"""Failed readings in a row until the fallback holds."""

READINGS = 4
"""How many a rate is taken over, so that one that is lost or late does not matter."""

LEAST_WINDOW_SECONDS = 30

IDLE_SECONDS = 300
"""How long nobody has to ask until a service that may have no replicas has none."""


def canary_range(service: Service) -> Replicas:
    """The replicas of a canary, by its weight's share of the stable ones'."""
    stable = service.scaling.replicas
    return Replicas(min=service.canary_replicas(stable.min), max=service.canary_replicas(stable.max))


def replicas_of(service: Service, variant: Variant) -> Replicas:
    """The range in which the number of replicas of one side moves."""
    return service.scaling.replicas if variant is Variant.STABLE else canary_range(service)


def scaled_object(
    name: str, service: Service, variant: Variant, *, namespace: str, monitoring: Monitoring
) -> dict[str, Any]:
    """The spec of one side's ScaledObject."""
    scaling, replicas = service.scaling, replicas_of(service, variant)
    fallback = scaling.fallback_replicas or max(replicas.min, 1)
    return {
        "scaleTargetRef": {"name": server_name(name, variant)},
        "minReplicaCount": replicas.min,
        "maxReplicaCount": max(replicas.max, replicas.min, 1),
        "pollingInterval": POLL_SECONDS,
        "cooldownPeriod": IDLE_SECONDS,
        "fallback": {
            "failureThreshold": FAILURES,
            "replicas": min(fallback, max(replicas.max, 1)),
            # Not knowing the load is no reason to take away what carries it.
            "behavior": "currentReplicasIfHigher",
        },
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleUp": _pace(scaling.up), "scaleDown": _pace(scaling.down)}
            }
        },
        "triggers": list(triggers(name, service, variant, namespace=namespace, monitoring=monitoring)),
    }


def window(monitoring: Monitoring) -> str:
    """What rates are taken over, as PromQL writes it."""
    return f"{max(LEAST_WINDOW_SECONDS, READINGS * monitoring.scrape_seconds)}s"


def triggers(
    name: str, service: Service, variant: Variant, *, namespace: str, monitoring: Monitoring
) -> Iterator[dict[str, Any]]:
    """What wants replicas, each with its query and how much of it one replica should have."""
    series = Series(namespace=namespace, service=name, variant=variant, window=window(monitoring))
    url = monitoring.prometheus_url
    empty = service.scaling.replicas.min == 0
    match service.scaling.signal:
        case QueueTime(target_ms=target):
            yield _trigger("queue-time", queries.queue_time_ms(series), target, url, "Value", may_be_empty=empty)
        case PendingRequests(target_per_replica=target):
            yield _trigger("pending-requests", queries.pending_requests(series), target, url, may_be_empty=empty)
        case Utilisation(target_percent=percent) if service.capacity:
            target = service.capacity.requests_per_second * percent / 100
            yield _trigger("utilisation", queries.arrivals_per_second(series), target, url, may_be_empty=empty)
            if service.slo:
                # A rate takes a while to rise, and says nothing of a capacity that was measured too high.
                longest = service.slo.latency.threshold_ms * queries.LONGEST_QUEUE_SHARE
                yield _trigger("queue-time", queries.queue_time_ms(series), longest, url, "Value", may_be_empty=empty)
        case _:
            return
    busy = service.instances * BUSY_SHARE
    yield _trigger("busy-instances", queries.busy_instances(series), busy, url, may_be_empty=empty)
    if empty:
        # Without a server nothing of the above exists. What callers ask for is counted at the gateway.
        asked = queries.arrivals_per_second(series)
        yield _trigger("arrivals", asked, NEVER_SCALES, url, may_be_empty=True)


NEVER_SCALES = 1e9
"""A target so large that a trigger only says whether there is anything at all."""


def _trigger(
    name: str, query: Query, target: float, url: str, metric_type: str = "AverageValue", *, may_be_empty: bool
) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": metric_type,
        "metadata": {
            "serverAddress": url,
            "query": f"({query.expr}) or vector(0)" if may_be_empty else query.expr,
            "threshold": f"{target:g}",
            # No answer is no reading, and not a load of 0: else every gap would take replicas away.
            "ignoreNullValues": "false",
        },
    }


def _pace(pace: Pace) -> Mapping[str, Any]:
    return {
        "stabilizationWindowSeconds": pace.stabilisation_seconds,
        "policies": [{"type": "Pods", "value": pace.replicas, "periodSeconds": pace.period_seconds}],
    }
