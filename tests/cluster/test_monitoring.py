"""What is measured, drawn, alerted on and scaled by: on the real Prometheus, Alertmanager and KEDA."""

import json
import os
import signal
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from model_repo.digits.images import held_out
from observability import dashboards, metrics, queries
from observability.queries import Series
from ops import doctor
from ops.doctor import Patient
from ops.load import Request, SteadyLoad, Via
from ops.pager import pages
from ops.prometheus import Prometheus
from ops.scratch import BAD_VERSIONS, FIRST_BAD_VERSION, add_bad_versions
from ops.stack import from_outputs, reach_gateway
from stacks.schema import Stack, parse
from tests.cluster.conftest import (
    applied,
    eventually,
    get,
    kubectl,
    processes_of,
    put_back,
    ready_pods,
    with_own_models,
)
from tests.conftest import NAMESPACE, Project, a_test_stack_config

pytestmark = pytest.mark.cluster

IMAGE = held_out().pixels[:1]
SCALED: dict[str, Any] = {
    "replicas": {"min": 2, "max": 3},
    "signal": {"kind": "pendingRequests", "targetPerReplica": 4},
    "down": {"stabilisationSeconds": 30, "replicas": 1, "periodSeconds": 15},
}
RAISES = FIRST_BAD_VERSION + list(BAD_VERSIONS).index("raises")
OF_GPUS = "nv_gpu_"
LOAD_SECONDS = 1500


@pytest.fixture(scope="module")
def project(deployed: Project, tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """The deployed project with bad versions, and an autoscaler; the others find the stack as it was."""
    monitored = with_own_models(deployed, tmp_path_factory)
    add_bad_versions(monitored.folder / "model_repo")
    yield monitored
    restored = deployed.up(a_test_stack_config())
    assert restored.code == 0, restored.output


@pytest.fixture(scope="module")
def scaled(project: Project) -> Stack:
    """The stack as it is deployed: its service has an autoscaler and a canary that gets a tenth of its requests."""
    config = a_test_stack_config(scaling=SCALED, canary={"version": 3, "weight": 10})
    done = project.up(config)
    assert done.code == 0, done.output
    return parse(config)


@pytest.fixture(scope="module")
def load(scaled: Stack, project: Project) -> Generator[SteadyLoad]:
    """Steady requests, by both protocols."""
    [served] = from_outputs(project.outputs())
    eventually(lambda: ready_pods() >= 2, 60)
    request = Request(served, "image", IMAGE)
    with (
        reach_gateway(NAMESPACE) as gateway,
        SteadyLoad(gateway, request, Via.GRPC, per_second=20, at_most_seconds=LOAD_SECONDS) as over_grpc,
        SteadyLoad(gateway, request, Via.HTTP, per_second=20, at_most_seconds=LOAD_SECONDS),
    ):
        yield over_grpc


@pytest.fixture(scope="module")
def prometheus(scaled: Stack) -> Prometheus:
    assert scaled.monitoring
    return Prometheus(scaled.monitoring)


@pytest.fixture
def patient(scaled: Stack) -> Patient:
    assert scaled.monitoring
    [one] = doctor.patients(scaled, scaled.monitoring)
    return one


def breaks_at(patient: Patient, link: str | None) -> bool:
    """Whether the doctor names that link, or None."""
    found = doctor.first_broken(patient)
    assert (found and found.link) == link, found
    return True


def queries_of(dashboard: dict[str, Any]) -> Generator[tuple[str, str]]:
    """Each panel's title and query, as Grafana would send it."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$service", "digits").replace("$__rate_interval", "30s")


def test_every_panel_has_something_to_draw_under_load(load: SteadyLoad, prometheus: Prometheus) -> None:
    def empty() -> list[str]:
        return [
            f"{name}, {title}: {query}"
            for name, dashboard in dashboards.load(NAMESPACE).items()
            for title, query in queries_of(dashboard)
            if OF_GPUS not in query and not prometheus.query(query)
        ]

    eventually(lambda: empty() == [], within_seconds=120)
    drawn = [query for each in dashboards.load(NAMESPACE).values() for _, query in queries_of(each)]
    assert len([query for query in drawn if OF_GPUS in query]) == 2, "there is no GPU here"


def test_the_gateways_counts_are_told_apart_by_service_and_side(load: SteadyLoad, prometheus: Prometheus) -> None:
    answered = Series(namespace=NAMESPACE, service="digits", by=(metrics.VARIANT, metrics.PROTOCOL), window="30s")

    def told_apart() -> bool:
        found = prometheus.query(answered.rate(metrics.RESPONSES))
        return {(each.labels[metrics.VARIANT], each.labels[metrics.PROTOCOL]) for each in found if each.value} == {
            (side, protocol) for side in ("stable", "canary") for protocol in ("http", "grpc")
        }

    eventually(told_apart, within_seconds=60)


def test_a_healthy_stack_has_no_broken_link(load: SteadyLoad, patient: Patient) -> None:
    eventually(lambda: breaks_at(patient, None), within_seconds=120)


def test_replicas_are_the_autoscalers_from_the_first_apply_on(scaled: Stack, project: Project) -> None:
    found = json.loads(kubectl("--namespace", NAMESPACE, "get", "deployment", "digits", "--output=json"))
    assert found["spec"]["replicas"] >= 2
    unchanged = project.preview(a_test_stack_config(scaling=SCALED, canary={"version": 3, "weight": 10}),
                                "--expect-no-changes")  # fmt: skip
    assert unchanged.code == 0, unchanged.output


def patched(*, path: str, op: str, value: object = None) -> str:
    """A JSON patch of one change."""
    return json.dumps([{"op": op, "path": path, **({} if value is None else {"value": value})}])


@dataclass(frozen=True)
class Fault:
    """What somebody does to an object of the cluster, and the link of the chain that it breaks."""

    breaks: str
    kind: str
    name: str
    patch: str | None = None
    """A JSON patch; without one the object is deleted."""
    namespace: str = NAMESPACE

    def cause(self) -> None:
        done = ("patch", self.kind, self.name, "--type=json", f"--patch={self.patch}")
        kubectl("--namespace", self.namespace, *(done if self.patch else ("delete", self.kind, self.name)))

    def found(self) -> dict[str, Any]:
        return json.loads(kubectl("--namespace", self.namespace, "get", self.kind, self.name, "--output=json"))


ENDPOINT = "/spec/podMetricsEndpoints/0"
DROPPED = {"sourceLabels": ["__name__"], "regex": metrics.REQUESTS_SUCCEEDED, "action": "drop"}
WRONG_LABEL = 'sum(nv_inference_pending_request_count{model_name="digits"})'

FAULTS = {
    "nothing stands behind Prometheus's name": Fault(
        "Prometheus answers", "service", "prometheus-operated",
        patched(op="replace", path="/spec/selector/app.kubernetes.io~1name", value="nobody"),
        namespace="monitoring",
    ),
    "the servers' PodMonitor is gone": Fault("target scraped", "podmonitor", queries.SERVERS),
    "servers are asked at a wrong port": Fault(
        "target scraped", "podmonitor", queries.SERVERS, patched(op="replace", path=f"{ENDPOINT}/port", value="http")
    ),
    "servers are asked at a wrong path": Fault(
        "metric present", "podmonitor", queries.SERVERS, patched(op="add", path=f"{ENDPOINT}/path", value="/metric")
    ),
    "the gateway's PodMonitor is gone": Fault("gateway scraped", "podmonitor", queries.GATEWAY),
    "a metric is dropped": Fault(
        "metric present", "podmonitor", queries.SERVERS,
        patched(op="add", path=f"{ENDPOINT}/metricRelabelings/-", value=DROPPED),
    ),
    "metrics come without their service": Fault(
        "labels match", "podmonitor", queries.SERVERS, patched(op="remove", path=f"{ENDPOINT}/relabelings/1")
    ),
    "the rules are gone": Fault("rule loaded", "prometheusrule", "plimsoll"),
    "the ScaledObject is gone": Fault("external metric answers", "scaledobject", "digits"),
    "a query has a wrong label": Fault(
        "external metric answers", "scaledobject", "digits",
        patched(op="replace", path="/spec/triggers/0/metadata/query", value=WRONG_LABEL),
    ),
    "KEDA's operator is off": Fault(
        "external metric answers", "deployment", "keda-operator", patched(op="replace", path="/spec/replicas", value=0),
        namespace="keda",
    ),
    "nobody answers for external metrics": Fault(
        "HPA has a value", "apiservice", "v1beta1.external.metrics.k8s.io",
        patched(op="replace", path="/spec/service/name", value="nobody"),
    ),
    "somebody has raised the maximum": Fault(
        "bounds and pace are the stack's", "scaledobject", "digits",
        patched(op="replace", path="/spec/maxReplicaCount", value=30),
    ),
    "nobody is told of alerts": Fault(
        "alerts routed", "alertmanager", "main", patched(op="replace", path="/spec/replicas", value=0),
        namespace="monitoring",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_doctor_names_the_link_that_is_broken(load: SteadyLoad, patient: Patient, fault: Fault) -> None:
    before = fault.found()
    fault.cause()
    try:
        eventually(lambda: breaks_at(patient, fault.breaks), within_seconds=120)
    finally:
        put_back(before)
    eventually(lambda: breaks_at(patient, None), within_seconds=120)


def test_the_doctor_names_who_has_set_an_autoscalers_replicas(load: SteadyLoad, patient: Patient) -> None:
    eventually(lambda: breaks_at(patient, None), within_seconds=120)
    named = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "digits", "namespace": NAMESPACE}}
    applied({**named, "spec": {"replicas": 2}}, by="somebody")
    try:
        found = doctor.first_broken(patient)
        assert found
        assert found.found == "'somebody' has set the Deployment's replicas, and the autoscaler owns them"
    finally:
        applied(named, by="somebody")
    eventually(lambda: breaks_at(patient, None) and wanted_replicas() >= SCALED["replicas"]["min"], within_seconds=60)


def alerts(name: str) -> list[dict[str, Any]]:
    """The alerts of that name that have reached Alertmanager, of the tests' namespace."""
    path = "/api/v1/namespaces/monitoring/services/alertmanager-operated:9093/proxy/api/v2/alerts"
    return [
        each
        for each in json.loads(kubectl("get", "--raw", path))
        if each["labels"]["alertname"] == name and each["labels"]["namespace"] == NAMESPACE
    ]


def test_a_canary_that_fails_its_tenth_reaches_alertmanager_within_two_minutes(
    load: SteadyLoad, project: Project, scaled: Stack
) -> None:
    assert alerts("PlimsollCanaryBurn") == []
    done = project.up(a_test_stack_config(scaling=SCALED, canary={"version": RAISES, "weight": 10}))
    assert done.code == 0, done.output

    took = eventually(lambda: alerts("PlimsollCanaryBurn") != [], within_seconds=120)

    [alert] = [each for each in alerts("PlimsollCanaryBurn") if each["labels"]["objective"] == "availability"]
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/canary-burn.md"
    assert "PlimsollCanaryBurn: digits's canary misses its availability" in pages(scaled, "digits").since(())
    print(f"fired after {took:.0f} s")


def wanted_replicas() -> int:
    found = json.loads(kubectl("--namespace", NAMESPACE, "get", "deployment", "digits", "--output=json"))
    return found["spec"]["replicas"]


def test_without_kedas_operator_replicas_stay_and_an_alert_says_so(load: SteadyLoad, scaled: Stack) -> None:
    before = wanted_replicas()
    kubectl("--namespace", "keda", "scale", "deployment", "keda-operator", "--replicas=0")
    try:
        eventually(lambda: alerts("PlimsollAutoscalerMissing") != [], within_seconds=120)
        assert wanted_replicas() == before
    finally:
        kubectl("--namespace", "keda", "scale", "deployment", "keda-operator", "--replicas=1")
    eventually(lambda: alerts("PlimsollAutoscalerMissing") == [], within_seconds=180)


def falls_back() -> bool:
    """Whether KEDA holds the fallback, because it can't read the signal."""
    found = get("scaledobject", "digits")
    return any(each["type"] == "Fallback" and each["status"] == "True" for each in found["status"]["conditions"])


def test_while_prometheus_is_killed_no_replica_goes_and_afterwards_the_gap_is_told(
    load: SteadyLoad, scaled: Stack, prometheus: Prometheus
) -> None:
    pod = json.loads(kubectl("--namespace", "monitoring", "get", "pod", "prometheus-main-0", "--output=json"))
    before = lowest = wanted_replicas()
    fallen_back = False
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in processes_of(pod, "prometheus"):
            os.kill(process, signal.SIGKILL)
        lowest = min(lowest, wanted_replicas())
        fallen_back |= falls_back()
        time.sleep(1)
    assert fallen_back
    assert lowest >= before

    # Its container comes back more slowly each time.
    eventually(lambda: bool(prometheus.query("up")), within_seconds=180)
    eventually(lambda: not falls_back(), within_seconds=60)
    assert wanted_replicas() >= before
    eventually(lambda: alerts("PlimsollMetricsGap") != [], within_seconds=300)
