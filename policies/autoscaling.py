"""Autoscalers that can work: with bounds, a pace, a fallback, and a metric that something provides."""

from collections.abc import Iterator, Sequence

from observability import lint
from stacks.schema import Problem

from policies.change import Change
from policies.policy import OfPlan, Props, Resource, below

REASON = "everything applies without an error, and on the day of the load nothing scales, or everything does"


def problems(change: Change, plan: Sequence[Resource]) -> Iterator[Problem]:
    """Autoscalers that would do nothing or too much, and services that should have one and have none."""
    manifests = [resource.props for resource in plan if resource.is_kubernetes_object]
    for fault in lint.faults(manifests):
        yield Problem(fault.where, fault.found, "what its exporter and Kubernetes know", fault.reason, fault.way_out)
    scalers = {
        str(manifest["metadata"].get("name")): below(manifest, "spec")
        for manifest in manifests
        if manifest["kind"] == "ScaledObject"
    }
    for name, spec in scalers.items():
        yield from _unbounded(f"ScaledObject/{name}", spec)
    for name, service in change.stack.in_force.services.items():
        if (
            service.scaling.signal
            and name not in scalers
            and service.scaling.replicas.min != service.scaling.replicas.max
        ):
            yield Problem(
                path=f"services.{name}.scaling.signal",
                found="no ScaledObject follows it",
                limit="one for each service with a signal",
                reason=REASON,
                way_out="place it, as components/autoscalers.py does",
            )


def _unbounded(where: str, spec: Props) -> Iterator[Problem]:
    behaviour = below(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior")
    wanted = {
        "maxReplicaCount": (spec.get("maxReplicaCount"), "how many replicas it may have: KEDA's default is 100"),
        "minReplicaCount": (spec.get("minReplicaCount"), "how few it may have: KEDA's default is 0"),
        "fallback": (spec.get("fallback"), "what holds while the metric can't be read"),
        **{
            f"advanced.horizontalPodAutoscalerConfig.behavior.{direction}": (
                paced(below(behaviour, direction)),
                "how fast it may go: a stabilizationWindowSeconds and policies",
            )
            for direction in ("scaleUp", "scaleDown")
        },
    }
    for key, (value, limit) in wanted.items():
        if value is None:
            yield Problem(f"{where}.{key}", "is absent", limit, REASON, "say it, as observability/autoscaling.py does")
    least, most = spec.get("minReplicaCount"), spec.get("maxReplicaCount")
    if least is not None and most is not None and least > most:
        yield Problem(f"{where}.maxReplicaCount", f"{most}", f"at least minReplicaCount, {least}", REASON, "raise it")


def paced(direction: Props) -> Props | None:
    """One direction's behaviour, if it says both how long to wait and how much to do at once."""
    return direction if "stabilizationWindowSeconds" in direction and direction.get("policies") else None


POLICY = OfPlan("autoscaling", "Autoscalers have bounds, a pace, a fallback and a metric that is there.", problems)
