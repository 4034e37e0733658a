"""A stack that counts on add-ons, on API servers of its own: real ones with an empty store, and what is put into it."""

import json
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import toolchain
from local.cluster import pki
from local.cluster.probes import Answers
from tests.conftest import UPDATE, Project, a_test_stack_config

pytestmark = pytest.mark.engine

START_SECONDS = 60.0
LOOPBACK = pki.Identity("server", "kube-apiserver", addresses=(IPv4Address("127.0.0.1"),))
KINDS = (
    *("GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute"),
    *("EnvoyProxy", "ClientTrafficPolicy", "BackendTrafficPolicy"),
)
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
LONG_AGO = "2026-01-01T00:00:00Z"
FIXED = {"replicas": {"min": 2, "max": 2}}
SCALED = {"replicas": {"min": 1, "max": 3}, "signal": {"kind": "queueTime", "targetMs": 5}}


@dataclass(frozen=True)
class BareCluster:
    """An API server and its store, and nothing else: no node, no controller, no add-on."""

    kubeconfig: Path

    def define(self, definitions: Sequence[Mapping[str, Any]]) -> None:
        """Add definitions of kinds, and wait until objects of them can be read: a little after they are established."""
        applied = self.kubectl("apply", "--server-side", "--filename=-", given=yaml.safe_dump_all(definitions))
        assert applied.returncode == 0, applied.stdout
        for each in definitions:
            name = each["metadata"]["name"]
            until(lambda name=name: self.kubectl("get", name).returncode == 0, lambda name=name: f"no {name}")

    def kubectl(self, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
        command = (str(toolchain.bin_dir("kubernetes") / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments)
        return subprocess.run(
            command, input=given, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@contextmanager
def running(*command: str, log: Path) -> Generator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)


@contextmanager
def a_bare_cluster(folder: Path) -> Generator[BareCluster]:
    """A cluster on this machine's loopback, beside the embedded one and apart from it."""
    toolchain.ensure(["etcd", "kubernetes"])
    certificates = pki.Pki(folder)
    certificates.ensure()
    pki.Authority(folder, "plimsoll-local").ensure([LOOPBACK])
    etcd, peer, port = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}", free_port()
    server, key = f"https://127.0.0.1:{port}", certificates.service_account_key
    kubeconfig = folder / "config"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": "bare", "cluster": {"server": server, "certificate-authority": "ca.crt"}}],
                "users": [{"name": "me", "user": {"client-certificate": "admin.crt", "client-key": "admin.key"}}],
                "contexts": [{"name": "bare", "context": {"cluster": "bare", "user": "me"}}],
                "current-context": "bare",
            }
        )
    )
    with (
        running(
            str(toolchain.bin_dir("etcd") / "etcd"),
            *(f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync"),
            *(f"--listen-client-urls={etcd}", f"--advertise-client-urls={etcd}", f"--listen-peer-urls={peer}"),
            log=folder / "etcd.log",
        ),
        running(
            str(toolchain.bin_dir("kubernetes") / "kube-apiserver"),
            *(f"--etcd-servers={etcd}", "--bind-address=127.0.0.1", f"--secure-port={port}"),
            f"--tls-cert-file={certificates.certificate(LOOPBACK)}",
            f"--tls-private-key-file={certificates.key(LOOPBACK)}",
            *(f"--client-ca-file={certificates.authority}", "--authorization-mode=RBAC"),
            "--service-account-issuer=https://kubernetes.default.svc",
            *(f"--service-account-signing-key-file={key}", f"--service-account-key-file={key}"),
            "--service-cluster-ip-range=10.96.0.0/16",
            log=folder / "server.log",
        ),
    ):
        log = folder / "server.log"
        until(Answers(f"{server}/readyz", certificates.authority), lambda: log.read_text()[-2000:])
        yield BareCluster(kubeconfig)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Generator[BareCluster]:
    with a_bare_cluster(tmp_path_factory.mktemp("bare")) as cluster:
        yield cluster


def definitions_of_the_gateway() -> dict[str, dict[str, Any]]:
    """Gateway API's and Envoy Gateway's, as they are installed with it, by kind."""
    toolchain.ensure(["envoy-gateway"])
    charts = toolchain.tool("envoy-gateway").artifact.folder / "charts" / "gateway-helm" / "charts" / "crds" / "crds"
    return {
        each["spec"]["names"]["kind"]: each
        for file in charts.rglob("*.yaml")
        for each in yaml.load_all(file.read_text(), yaml.CSafeLoader)
        if each and each["kind"] == "CustomResourceDefinition" and each["spec"]["names"]["kind"] in KINDS
    }


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Generator[BareCluster]:
    """One with everything that a gateway needs, and a GatewayClass that is served."""
    gateway_class = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "eg"},
        "spec": {"controllerName": CONTROLLER},
    }
    accepted = {
        "type": "Accepted",
        "status": "True",
        "reason": "Accepted",
        "message": "",
        "lastTransitionTime": LONG_AGO,
    }
    with a_bare_cluster(tmp_path_factory.mktemp("gated")) as cluster:
        cluster.define(list(definitions_of_the_gateway().values()))
        for place, given in (
            ((), gateway_class),
            (("--subresource=status",), {**gateway_class, "status": {"conditions": [accepted]}}),
        ):
            applied = cluster.kubectl("apply", "--server-side", *place, "--filename=-", given=json.dumps(given))
            assert applied.returncode == 0, applied.stdout
        yield cluster


@pytest.fixture(scope="module")
def outdated(tmp_path_factory: pytest.TempPathFactory) -> Generator[BareCluster]:
    """One with the definitions of older releases: Gateway API's of 1.0 and Envoy Gateway's of 1.8, in what matters."""
    definitions = definitions_of_the_gateway()
    for each in definitions.values():
        if each["spec"]["group"] == "gateway.networking.k8s.io":
            each["metadata"]["annotations"]["gateway.networking.k8s.io/bundle-version"] = "v1.0.0"
    routes = definitions["GRPCRoute"]["spec"]["versions"]
    routes[:] = [{**routes[0], "served": False, "storage": False}, {**routes[0], "name": "v1alpha2"}]
    proxies = definitions["EnvoyProxy"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del proxies["properties"]["mergeBackends"]
    proxies.pop("x-kubernetes-validations", None)  # some are about that field
    with a_bare_cluster(tmp_path_factory.mktemp("outdated")) as cluster:
        cluster.define(list(definitions.values()))
        yield cluster


def a_config(models: Path, **changes: Any) -> dict[str, Any]:
    """The tests' stack on a cluster of this file's, with a service that scales."""
    config = a_test_stack_config(scaling=SCALED)
    config["cluster"] = {"kind": "existing", "context": "bare"}
    config["modelRepository"] = {"kind": "volume", "claim": {"name": "models", "mountedAt": str(models)}}
    return {**config, **changes}


def on(cluster: BareCluster, project: Project) -> Project:
    return replace(project, environment={**project.environment, "KUBECONFIG": str(cluster.kubeconfig)})


def resources(project: Project) -> set[str]:
    """The types of what a stack has made, but for the stack itself."""
    state = json.loads(project.pulumi("stack", "export").output)
    return {each["type"] for each in state["deployment"].get("resources", ())} - {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize("command", [("preview",), UPDATE], ids=["preview", "update"])
def test_a_bare_cluster_is_told_of_all_that_it_lacks_and_nothing_is_changed(
    bare: BareCluster, project: Project, tmp_path: Path, command: tuple[str, ...]
) -> None:
    stack = on(bare, project)
    stack.configure(a_config(tmp_path))

    refused = stack.pulumi(*command)

    assert refused.code != 0
    assert "The cluster lacks 4 things that the stack needs; nothing was changed in it." in refused.output
    for path, addon in (
        ("addons.kind", "Gateway API"),
        ("addons.kind", "Envoy Gateway"),
        ("monitoring", "Prometheus Operator"),
        ("services.digits.scaling.signal", "KEDA"),
    ):
        assert f"{path}: {addon} is not in the cluster" in refused.output
    assert "Traceback" not in refused.output
    assert "namespace/plimsoll-test" not in bare.kubectl("get", "namespaces", "--output=name").stdout
    assert list(tmp_path.iterdir()) == []
    assert resources(stack) == set()


def test_definitions_of_older_releases_are_refused_by_version_and_by_field(
    outdated: BareCluster, project: Project, tmp_path: Path
) -> None:
    config = a_config(tmp_path, monitoring=None)
    config["services"]["digits"]["scaling"] = FIXED

    refused = on(outdated, project).preview(config)

    assert refused.code != 0
    for found in (
        "the cluster's Gateway API v1.0.0 serves no GRPCRoute of gateway.networking.k8s.io/v1 (only v1alpha2)",
        "the cluster's Envoy Gateway has no spec.mergeBackends in its EnvoyProxy",
        "gateway.className: the cluster has no GatewayClass 'eg'",
    ):
        assert found in refused.output
    assert "The cluster lacks 3 things" in refused.output


def test_a_gateway_class_that_is_not_there_is_refused_with_those_that_are(
    gated: BareCluster, project: Project, tmp_path: Path
) -> None:
    config = a_config(tmp_path, monitoring=None)
    config["services"]["digits"]["scaling"] = FIXED
    stack = on(gated, project)

    refused = stack.up({**config, "gateway": {**config["gateway"], "className": "nobodys"}})

    assert refused.code != 0
    assert "gateway.className: the cluster has no GatewayClass 'nobodys'" in refused.output
    assert "limit   one of: eg" in refused.output
    assert resources(stack) == set()


def test_a_cluster_that_does_not_answer_is_left_to_the_provider(
    bare: BareCluster, project: Project, tmp_path: Path
) -> None:
    kubeconfig = yaml.safe_load(bare.kubeconfig.read_text())
    kubeconfig["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{free_port()}"
    nowhere = bare.kubeconfig.with_name("nowhere")
    nowhere.write_text(yaml.safe_dump(kubeconfig))
    stack = on(replace(bare, kubeconfig=nowhere), project)

    previewed = stack.preview(a_config(tmp_path))
    updated = stack.pulumi(*UPDATE)

    assert previewed.code == 0, previewed.output
    assert "The cluster could not be asked for its add-ons: it gave no answer" in previewed.output
    assert updated.code != 0
    assert "unreachable" in updated.output
