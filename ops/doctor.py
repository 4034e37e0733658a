"""`ops doctor`: from a scraped target to a routed alert, and where that chain is broken."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import typer
import yaml
from rich.console import Console

from observability import autoscaling, lint, metrics, monitors, queries
from observability.queries import Series
from observability.variants import SERVICE_LABEL, VARIANT_LABEL, Variant, server_name
from ops.prometheus import Prometheus
from ops.stack import StackUnreachableError, asked_for, kubectl
from stacks.schema import Monitoring, Service, Stack

console = Console()


@dataclass(frozen=True)
class Broken:
    """The first link of a chain that does not hold: what was seen there, and the remedy."""

    link: str
    found: str
    way_out: str


@dataclass(frozen=True)
class Patient:
    """One service of a deployed stack, and where its state can be asked for."""

    stack: Stack
    monitoring: Monitoring
    name: str
    service: Service
    prometheus: Prometheus

    @property
    def series(self) -> Series:
        """Its stable servers' metrics, over the time that autoscalers look at."""
        return Series(
            namespace=self.stack.namespace, service=self.name, variant=Variant.STABLE,
            window=autoscaling.window(self.monitoring),
        )  # fmt: skip

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """An object of the stack's namespace; None where there is none."""
        found = kubectl(
            *("--namespace", self.stack.namespace, "get", kind, name),
            *("--ignore-not-found", "--show-managed-fields", "--output=json"),
        )
        return json.loads(found) if found.strip() else None


RESTORE = "pulumi up --refresh brings it back"

Link = Callable[[Patient], Iterator[Broken]]
"""A link of the chain: yields what is broken there, and nothing where it holds."""


def command(
    stack: Annotated[str, typer.Option(help="The deployed stack.")] = "local",
    manifests: Annotated[
        Path | None, typer.Option(exists=True, help="Look at YAML files of this folder instead; no cluster is asked.")
    ] = None,
) -> None:
    """Find out why a service does not scale, or an alert does not come."""
    if manifests:
        raise typer.Exit(_lint(manifests))
    asked = asked_for(stack)
    if asked.monitoring is None:
        console.print(f"Stack {stack} names no Prometheus: nothing is watched. Add `monitoring: {{}}` to its file.")
        raise typer.Exit(1)
    broken = [_examine(patient) for patient in patients(asked, asked.monitoring)]
    raise typer.Exit(int(any(broken)))


def patients(stack: Stack, monitoring: Monitoring) -> Iterator[Patient]:
    """Every service of a stack."""
    for name, service in stack.services.items():
        yield Patient(stack, monitoring, name, service, Prometheus(monitoring))


def first_broken(patient: Patient) -> Broken | None:
    """The first link of a service's chain that does not hold. Those after it can't be judged."""
    return next((broken for _, link in links(patient) for broken in link(patient)), None)


def links(patient: Patient) -> Sequence[tuple[str, Link]]:
    """The chain of a service: one that nothing scales has no autoscaler's links."""
    scaled = patient.service.scaling.signal is not None
    return [each for each in CHAIN if scaled or each[0] not in OF_AUTOSCALERS]


def _examine(patient: Patient) -> bool:
    """Say how each link is, up to the first broken one. Whether there is one."""
    console.print(f"\n{patient.name}", style="bold", highlight=False)
    for name, link in links(patient):
        broken = next(link(patient), None)
        if broken:
            console.print(f"  [red]✗ {name}[/]: ", end="")
            console.print(f"{broken.found}\n    fix  {broken.way_out}", highlight=False, markup=False, soft_wrap=True)
            return True
        console.print(f"  [green]✓[/] {name}", highlight=False)
    return False


def _lint(folder: Path) -> int:
    files = [folder] if folder.is_file() else sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")])
    documents: Iterator[object] = (each for file in files for each in yaml.safe_load_all(file.read_text()))
    manifests = [cast("lint.Manifest", each) for each in documents if isinstance(each, dict)]
    found = list(lint.faults(manifests))
    for fault in found:
        console.print(str(fault), highlight=False, markup=False, soft_wrap=True)
    console.print(f"{len(manifests)} objects of {len(files)} files: {len(found) or 'no'} faults", highlight=False)
    return int(bool(found))


def _prometheus_answers(patient: Patient) -> Iterator[Broken]:
    try:
        patient.prometheus.query("vector(1)")
    except StackUnreachableError as error:
        where = patient.monitoring
        yield Broken(
            "Prometheus answers",
            f"{where.prometheus_url} does not: {error}",
            f"check its pods: kubectl --namespace {where.namespace} get pods; or correct `monitoring` in the "
            "stack file",
        )


def _target_scraped(patient: Patient) -> Iterator[Broken]:
    link, name, namespace = "target scraped", patient.name, patient.stack.namespace
    if patient.get("podmonitor", queries.SERVERS) is None:
        yield Broken(link, f"PodMonitor {queries.SERVERS} is gone", RESTORE)
    # As they were found, before any relabeling: a target without the right labels is the fault of a later link.
    mine = {monitors.discovered(SERVICE_LABEL): name, monitors.discovered(VARIANT_LABEL): str(Variant.STABLE)}
    targets = [
        target
        for target in patient.prometheus.targets()
        if target["discoveredLabels"].get("__meta_kubernetes_namespace") == namespace
        and mine.items() <= target["discoveredLabels"].items()
    ]
    if not targets:
        pods = kubectl(
            "--namespace", namespace, "get", "pods", "--output=name",
            "--selector", f"{SERVICE_LABEL}={name},{VARIANT_LABEL}={Variant.STABLE}",
        )  # fmt: skip
        if not pods.strip():
            yield Broken(link, "there is no pod to read", f"kubectl --namespace {namespace} describe deployment {name}")
        else:
            yield Broken(
                link, f"Prometheus does not take up PodMonitor {queries.SERVERS}",
                "it takes up to four minutes after a change. Else compare the labels of the PodMonitor "
                f"({dict(patient.monitoring.labels) or 'none'}) with spec.podMonitorSelector and "
                "podMonitorNamespaceSelector of the Prometheus, and set monitoring.labels in the stack file",
            )  # fmt: skip
    elif not any(target["health"] == "up" for target in targets):
        errors = sorted({target["lastError"] for target in targets if target["lastError"]})
        yield Broken(
            link, f"no server can be read: {'; '.join(errors) or 'none has been tried yet'}",
            "where it times out, check that the pods run and that NetworkPolicy `servers` admits namespace "
            f"{patient.monitoring.namespace} (monitoring.namespace in the stack file); else {RESTORE}",
        )  # fmt: skip


def _gateway_scraped(patient: Patient) -> Iterator[Broken]:
    link, needed = "gateway scraped", "and no objective can be judged without it"
    if patient.get("podmonitor", queries.GATEWAY) is None:
        yield Broken(link, f"PodMonitor {queries.GATEWAY} is gone, {needed}", RESTORE)
    proxies = Series(namespace=patient.stack.namespace).of(metrics.UP, **{metrics.JOB: queries.GATEWAY})
    if not any(each.value for each in patient.prometheus.query(proxies)):
        yield Broken(
            link, f"Prometheus reads no proxy of the gateway, {needed}",
            f"kubectl --namespace {patient.stack.gateway.controller_namespace} get pods; check that "
            "podMonitorNamespaceSelector of the Prometheus admits the stack's namespace",
        )  # fmt: skip


def _metric_present(patient: Patient) -> Iterator[Broken]:
    anywhere = Series(namespace=patient.stack.namespace)
    if not patient.prometheus.query(_lately(patient, anywhere)):
        yield Broken(
            "metric present", f"servers are read, and {metrics.REQUESTS_SUCCEEDED} is not among what they say",
            "check that the PodMonitor asks at /metrics (Triton answers any other path with an empty page), that no "
            "metricRelabeling of it drops the metric, and that the image is Triton 2.51 or newer",
        )  # fmt: skip


def _lately(patient: Patient, series: Series) -> str:
    """How many servers' counts were read within the time of a rate. A look at now would see those of minutes ago."""
    window = autoscaling.window(patient.monitoring)
    return f"count(present_over_time({series.of(metrics.REQUESTS_SUCCEEDED)}[{window}]))"


def _labels_match(patient: Patient) -> Iterator[Broken]:
    if not patient.prometheus.query(_lately(patient, patient.series)):
        seen = patient.prometheus.query(Series(namespace=patient.stack.namespace).of(metrics.REQUESTS_SUCCEEDED))
        labels = sorted({label for each in seen for label in each.labels})
        yield Broken(
            "labels match", f"the metric is there, and not by {metrics.SERVICE}=\"{patient.name}\" and "
            f"{metrics.VARIANT}=\"stable\": it has {', '.join(labels)}",
            f"{RESTORE}, if it is the PodMonitor's relabelings that are gone; a Prometheus that enforces its own must "
            "leave these",
        )  # fmt: skip


def _rule_loaded(patient: Patient) -> Iterator[Broken]:
    if patient.get("prometheusrule", "plimsoll") is None:
        yield Broken("rule loaded", "PrometheusRule plimsoll is gone", RESTORE)
    mine = [
        rule
        for rule in patient.prometheus.rules()
        if rule.get("labels", {}).get(metrics.NAMESPACE) == patient.stack.namespace
    ]
    if not any(rule["name"] == "PlimsollServersMissing" for rule in mine):
        yield Broken(
            "rule loaded", "Prometheus has none of the stack's rules",
            f"kubectl --namespace {patient.stack.namespace} get prometheusrule plimsoll; compare its labels with "
            "spec.ruleSelector and ruleNamespaceSelector of the Prometheus, and set monitoring.labels",
        )  # fmt: skip
    for rule in mine:
        if rule.get("health") == "err":
            yield Broken("rule loaded", f"{rule['name']} fails: {rule.get('lastError')}", RESTORE)


def _external_metric_answers(patient: Patient) -> Iterator[Broken]:
    scaled = patient.get("scaledobject", patient.name)
    if scaled is None:
        yield Broken("external metric answers", "there is no ScaledObject", RESTORE)
        return
    operator = json.loads(
        kubectl("--namespace", patient.monitoring.autoscaler_namespace, "get", "deployments", "-o", "json")
    )
    for deployment in operator["items"]:
        if not deployment.get("status", {}).get("readyReplicas"):
            yield Broken(
                "external metric answers", f"KEDA's {deployment['metadata']['name']} has no ready pod",
                f"kubectl --namespace {patient.monitoring.autoscaler_namespace} describe deployment "
                f"{deployment['metadata']['name']}; the number of replicas is frozen until then",
            )  # fmt: skip
    conditions = {each["type"]: each for each in scaled.get("status", {}).get("conditions", ())}
    if conditions.get("Fallback", {}).get("status") == "True":
        yield Broken(
            "external metric answers", "KEDA can't read its query and holds the fallback",
            f"ask it yourself: {_failing_query(patient, scaled)}",
        )  # fmt: skip
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        yield Broken(
            "external metric answers",
            f"the ScaledObject is not ready: {ready.get('message', 'KEDA has not looked at it yet')}",
            f"kubectl --namespace {patient.stack.namespace} describe scaledobject {patient.name}",
        )  # fmt: skip
    if failing := _failing_query(patient, scaled):
        yield Broken(
            "external metric answers", "a trigger's query answers nothing, or not one number",
            f"pulumi up --refresh restores it; it is {failing}",
        )  # fmt: skip


def _failing_query(patient: Patient, scaled: dict[str, Any]) -> str:
    """The first trigger's query that Prometheus gives no single number for."""
    for trigger in scaled["spec"]["triggers"]:
        query = trigger["metadata"]["query"]
        if len(patient.prometheus.query(query)) != 1:
            return query
    return ""


def _hpa_has_a_value(patient: Patient) -> Iterator[Broken]:
    hpa = patient.get("hpa", f"keda-hpa-{patient.name}")
    if hpa is None:
        yield Broken(
            "HPA has a value", "KEDA made no HPA",
            f"kubectl --namespace {patient.stack.namespace} describe scaledobject {patient.name}",
        )  # fmt: skip
        return
    conditions = {each["type"]: each for each in hpa.get("status", {}).get("conditions", ())}
    active = conditions.get("ScalingActive", {})
    # With no replica there is nothing to scale, and KEDA watches alone.
    asleep = active.get("reason") == "ScalingDisabled" and patient.service.scaling.replicas.min == 0
    if active.get("status") != "True" and not asleep:
        yield Broken(
            "HPA has a value", f"it has none: {active.get('message', 'no condition yet')}",
            "check APIService v1beta1.external.metrics.k8s.io: kubectl get apiservice | grep external.metrics",
        )  # fmt: skip


def _bounds_are_sane(patient: Patient) -> Iterator[Broken]:
    scaled = patient.get("scaledobject", patient.name)
    wanted = autoscaling.scaled_object(
        patient.name, patient.service, Variant.STABLE, namespace=patient.stack.namespace, monitoring=patient.monitoring
    )
    link = "bounds and pace are the stack's"
    for key in ("minReplicaCount", "maxReplicaCount", "advanced", "fallback"):
        there = (scaled or {}).get("spec", {}).get(key)
        if not _holds(wanted[key], there):
            yield Broken(link, f"{key} is {there}, and the stack file means {wanted[key]}", RESTORE)
    deployment = patient.get("deployment", server_name(patient.name, Variant.STABLE)) or {}
    for manager in deployment.get("metadata", {}).get("managedFields", ()):
        owns = "f:replicas" in manager.get("fieldsV1", {}).get("f:spec", {})
        if owns and manager.get("subresource") != "scale":
            yield Broken(
                link, f"'{manager['manager']}' has set the Deployment's replicas, and the autoscaler owns them",
                "take `replicas` out of what it applies; until then each of its applies undoes the autoscaler",
            )  # fmt: skip
    if patient.service.scaling.down.stabilisation_seconds < autoscaling.LEAST_WINDOW_SECONDS:
        yield Broken(
            link, f"scaling.down.stabilisationSeconds is {patient.service.scaling.down.stabilisation_seconds}",
            f"set it to {autoscaling.LEAST_WINDOW_SECONDS} or more: shorter than what rates are taken over, it follows "
            "every dip",
        )  # fmt: skip


def _holds(wanted: object, there: object) -> bool:
    """Whether what was applied is still there, whatever the API server has added to it."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        applied, found = cast("dict[str, object]", wanted), cast("dict[str, object]", there)
        return all(_holds(each, found.get(key)) for key, each in applied.items())
    return wanted == there


def _alerts_are_routed(patient: Patient) -> Iterator[Broken]:
    if not patient.prometheus.alertmanagers():
        yield Broken(
            "alerts routed", "Prometheus tells no Alertmanager",
            "name one in spec.alerting.alertmanagers of the Prometheus, and check that its pods are ready",
        )  # fmt: skip


CHAIN: Sequence[tuple[str, Link]] = (
    ("Prometheus answers", _prometheus_answers),
    ("target scraped", _target_scraped),
    ("gateway scraped", _gateway_scraped),
    ("metric present", _metric_present),
    ("labels match", _labels_match),
    ("rule loaded", _rule_loaded),
    ("external metric answers", _external_metric_answers),
    ("HPA has a value", _hpa_has_a_value),
    ("bounds and pace are the stack's", _bounds_are_sane),
    ("alerts routed", _alerts_are_routed),
)
"""From the servers to whoever is called, in the order in which one needs the other."""

OF_AUTOSCALERS = {"external metric answers", "HPA has a value", "bounds and pace are the stack's"}
