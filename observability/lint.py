"""Faults of autoscaling that can be read off manifests: each was found in recipes that people copy.

They have in common that everything applies without an error, and nothing ever scales.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from observability import metrics

Manifest = Mapping[str, Any]

TARGET_LABELS = frozenset(
    {
        "namespace",
        "pod",
        "container",
        "endpoint",
        "instance",
        "job",
        "service",
        "variant",
        "node",
        "cluster",
        "prometheus",
    }
)
"""What Prometheus adds to every series that it reads in Kubernetes."""

EXPORTER_LABELS = {
    "nv_": frozenset({metrics.MODEL, metrics.VERSION, metrics.REASON, "gpu_uuid", "quantile", "le"}),
    "vllm:": frozenset({"model_name", "engine", "finished_reason", "le"}),
    "DCGM_": frozenset({"gpu", "UUID", "device", "modelName", "Hostname", "exported_pod", "exported_namespace"}),
}
"""What exporters say themselves, by how their metrics' names begin. Source: the exporters' documentation."""

ASKS_PROMETHEUS = frozenset({"PrometheusRule", "ScaledObject", "ScaledJob"})
"""Kinds that hold PromQL. Others are not searched: before an update, much of them may not be known yet."""

_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_LABEL = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True)
class Fault:
    """Something that will not work, and what would."""

    where: str
    """The object, as Kind/name."""
    found: str
    reason: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found}\n  why  {self.reason}\n  fix  {self.way_out}"


def faults(manifests: Sequence[Manifest]) -> Iterator[Fault]:
    """Everything wrong with some manifests that belong together."""
    provided = set(_provided(manifests))
    scaled = dict(_scaled(manifests))
    for manifest in manifests:
        yield from _removed_api(manifest)
        yield from _unprovided_metric(manifest, provided)
        yield from _wrong_labels(manifest)
        yield from _fixed_replicas(manifest, scaled)
        yield from _silence_is_no_load(manifest)


def _name(manifest: Manifest) -> str:
    return f"{manifest.get('kind', '?')}/{manifest.get('metadata', {}).get('name', '?')}"


def _spec(manifest: Manifest) -> Mapping[str, Any]:
    return manifest.get("spec") or {}


def _removed_api(manifest: Manifest) -> Iterator[Fault]:
    version = str(manifest.get("apiVersion", ""))
    if version in {"autoscaling/v2beta1", "autoscaling/v2beta2"}:
        yield Fault(
            _name(manifest),
            f"apiVersion {version}",
            "Kubernetes 1.26 removed it: the API server refuses the object, and nothing scales",
            "write apiVersion: autoscaling/v2; metrics are said under `target:` there",
        )


def _provided(manifests: Sequence[Manifest]) -> Iterator[str]:
    """The metrics that some manifests make available to an HPA."""
    for manifest in manifests:
        if manifest.get("kind") == "PrometheusRule":
            for group in _spec(manifest).get("groups", ()):
                yield from (rule["record"] for rule in group.get("rules", ()) if "record" in rule)
        if manifest.get("kind") == "ConfigMap":  # prometheus-adapter's rules name what they provide
            for text in cast("Mapping[str, object]", manifest.get("data") or {}).values():
                yield from re.findall(r"as:\s*[\"']?([\w:]+)", str(text))
        if manifest.get("kind") == "ScaledObject":
            name = manifest.get("metadata", {}).get("name", "")
            yield from (f"s{number}-{each.get('type', '')}" for number, each in enumerate(_triggers(manifest)))
            yield f"keda-hpa-{name}"


def _unprovided_metric(manifest: Manifest, provided: set[str]) -> Iterator[Fault]:
    if manifest.get("kind") != "HorizontalPodAutoscaler":
        return
    for metric in _spec(manifest).get("metrics", ()):
        kind = str(metric.get("type", ""))
        if kind not in {"Pods", "Object", "External"}:
            continue
        about = metric.get(kind.lower(), {})
        name = about.get("metric", {}).get("name") or about.get("metricName", "")
        if name and name not in provided:
            yield Fault(
                _name(manifest),
                f"metric '{name}' is provided by nothing here",
                "the autoscaler's target stays <unknown>, and it never acts",
                "use a ScaledObject, whose trigger holds its query; or add the rule of prometheus-adapter that names "
                f"it, and the PrometheusRule that records it{_nearest(name, provided)}",
            )


def _nearest(name: str, provided: set[str]) -> str:
    alike = [each for each in provided if each.split(":")[-1] == name.rsplit(":", maxsplit=1)[-1]]
    return f" (there is {', '.join(sorted(alike))})" if alike else ""


def _wrong_labels(manifest: Manifest) -> Iterator[Fault]:
    if manifest.get("kind") not in ASKS_PROMETHEUS:
        return
    for query in _queries(_spec(manifest)):
        for metric, matchers in _SELECTOR.findall(query):
            known = next((labels for start, labels in EXPORTER_LABELS.items() if metric.startswith(start)), None)
            if known is None:
                continue
            for label in _LABEL.findall(re.sub(r'"[^"]*"', '""', matchers)):
                if label not in known | TARGET_LABELS:
                    own = ", ".join(sorted(known - {"le", "quantile"}))
                    yield Fault(
                        _name(manifest),
                        f"{metric} is asked for by label '{label}'",
                        "its exporter has no such label, so the query finds nothing, today and always",
                        f"use one of its own: {own}; or one of Kubernetes': namespace, pod, container",
                    )


def _queries(value: Any) -> Iterator[str]:
    """Every PromQL expression in a part of an object, by the keys that hold one."""
    match value:
        case Mapping():
            for key, inner in cast("Mapping[str, Any]", value).items():
                if key in {"expr", "query", "seriesQuery", "metricsQuery"} and isinstance(inner, str):
                    yield inner
                else:
                    yield from _queries(inner)
        case Sequence() if not isinstance(value, str):
            for inner in cast("Sequence[Any]", value):
                yield from _queries(inner)
        case _:
            return


def _triggers(manifest: Manifest) -> Sequence[Mapping[str, Any]]:
    return _spec(manifest).get("triggers", ())


def _scaled(manifests: Sequence[Manifest]) -> Iterator[tuple[str, str]]:
    """What is scaled, as Kind/name, and by whom."""
    for manifest in manifests:
        if manifest.get("kind") in {"HorizontalPodAutoscaler", "ScaledObject"}:
            target = _spec(manifest).get("scaleTargetRef", {})
            yield f"{target.get('kind', 'Deployment')}/{target.get('name', '')}", _name(manifest)


def _fixed_replicas(manifest: Manifest, scaled: Mapping[str, str]) -> Iterator[Fault]:
    name = _name(manifest)
    if name in scaled and "replicas" in _spec(manifest):
        yield Fault(
            name,
            f"replicas: {_spec(manifest)['replicas']}, and {scaled[name]} scales it",
            "each apply sets the number back, in the middle of the load that it was raised for",
            "leave `replicas` out, from the very first apply on: taken out later, a client-side apply sets it to 1",
        )


def _silence_is_no_load(manifest: Manifest) -> Iterator[Fault]:
    if manifest.get("kind") != "ScaledObject":
        return
    for trigger in _triggers(manifest):
        if trigger.get("type") == "prometheus":
            ignored = trigger.get("metadata", {}).get("ignoreNullValues", "true")
            if str(ignored).lower() != "false":
                yield Fault(
                    _name(manifest),
                    'a prometheus trigger without ignoreNullValues: "false"',
                    "no data then counts as a load of 0, and every gap in the metrics takes replicas away",
                    'set ignoreNullValues: "false", and a `fallback`',
                )
