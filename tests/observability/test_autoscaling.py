"""What the number of replicas follows, and how fast."""

from typing import Any

import pytest

from observability.autoscaling import scaled_object
from observability.variants import Variant
from stacks.schema import Monitoring, parse
from tests.factories import a_stack_config

MONITORING = Monitoring(scrape_seconds=5)
SIGNALS = {
    "queueTime": {"kind": "queueTime", "targetMs": 5},
    "pendingRequests": {"kind": "pendingRequests", "targetPerReplica": 4},
    "utilisation": {"kind": "utilisation", "targetPercent": 70},
}


def scaled(variant: Variant = Variant.STABLE, **service: Any) -> dict[str, Any]:
    asked = {"signal": SIGNALS["pendingRequests"], "replicas": {"min": 2, "max": 10}} | service.pop("scaling", {})
    stack = parse({**a_stack_config(scaling=asked, **service), "monitoring": {}})
    return scaled_object("digits", stack.services["digits"], variant, namespace="models", monitoring=MONITORING)


def thresholds(spec: dict[str, Any]) -> dict[str, float]:
    return {trigger["name"]: float(trigger["metadata"]["threshold"]) for trigger in spec["triggers"]}


@pytest.mark.parametrize(
    ("signal", "name", "target"), [("queueTime", "queue-time", 5), ("pendingRequests", "pending-requests", 4)]
)
def test_a_queue_says_when_there_are_too_few_and_what_computes_when_there_are_too_many(
    signal: str, name: str, target: float
) -> None:
    assert thresholds(scaled(scaling={"signal": SIGNALS[signal]}, instances=4)) == {name: target, "busy-instances": 2.8}


def test_utilisation_is_a_share_of_what_was_measured() -> None:
    capacity = {"requestsPerSecond": 200, "measured": "2026-11-25", "machine": "one of ours"}

    spec = scaled(scaling={"signal": SIGNALS["utilisation"]}, capacity=capacity)

    assert thresholds(spec)["utilisation"] == 140


def test_whatever_was_measured_a_queue_that_breaks_the_objective_wants_replicas() -> None:
    capacity = {"requestsPerSecond": 200, "measured": "2026-11-25", "machine": "one of ours"}
    promised = {"availabilityPercent": 99.9, "latency": {"thresholdMs": 100, "percent": 95}, "windowDays": 30}

    spec = scaled(scaling={"signal": SIGNALS["utilisation"]}, capacity=capacity, slo=promised)

    assert thresholds(spec)["queue-time"] == 50


def test_silence_is_never_a_load_of_nothing() -> None:
    spec = scaled()

    assert {trigger["metadata"]["ignoreNullValues"] for trigger in spec["triggers"]} == {"false"}
    assert not any("vector(0)" in trigger["metadata"]["query"] for trigger in spec["triggers"])


def test_a_blind_autoscaler_takes_nothing_away() -> None:
    assert scaled()["fallback"] == {"failureThreshold": 3, "replicas": 2, "behavior": "currentReplicasIfHigher"}
    assert scaled(scaling={"fallbackReplicas": 6})["fallback"]["replicas"] == 6


def test_replicas_come_fast_and_go_slowly_unless_the_stack_says_otherwise() -> None:
    behaviour = scaled()["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert behaviour["scaleUp"]["stabilizationWindowSeconds"] < behaviour["scaleDown"]["stabilizationWindowSeconds"]
    up, down = (behaviour[way]["policies"][0] for way in ("scaleUp", "scaleDown"))
    assert up["value"] / up["periodSeconds"] > down["value"] / down["periodSeconds"]


def test_only_a_service_that_may_have_no_replica_is_woken_by_what_arrives() -> None:
    asleep = scaled(scaling={"replicas": {"min": 0, "max": 3}})

    assert asleep["minReplicaCount"] == 0
    assert "arrivals" in thresholds(asleep)
    assert "arrivals" not in thresholds(scaled())


def test_a_canary_has_its_weights_share_of_the_range() -> None:
    spec = scaled(Variant.CANARY, canary={"version": 3, "weight": 25})

    assert spec["scaleTargetRef"] == {"name": "digits-canary"}
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (1, 3)
    assert all('variant="canary"' in trigger["metadata"]["query"] for trigger in spec["triggers"])
