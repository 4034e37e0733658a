from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import rpc

from components import Gateway, GatewayArgs
from stacks.schema import ExistingCluster, Images, Limits, LocalCluster, Tls
from stacks.schema import Gateway as GatewaySpec
from tests.components.conftest import Build, RecordingEngine
from tests.factories import a_stack

EXISTING = ExistingCluster(context="my-cluster")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path))
    return tmp_path


def a_gateway(
    spec: GatewaySpec | None = None,
    *,
    cluster: LocalCluster | ExistingCluster = EXISTING,
    longest_request_ms: int = 10_000,
) -> Callable[[], None]:
    def program() -> None:
        stack = a_stack(traffic={"requestTimeoutMs": longest_request_ms}).model_copy(
            update={
                "gateway": spec or GatewaySpec(),
                "cluster": cluster,
                "images": Images(envoy="plimsoll.local/envoy:1.39.1"),
            }
        )
        Gateway("gateway", GatewayArgs(stack=stack, namespace="models"))

    return program


def spec_of(engine: RecordingEngine, kind: str) -> dict[str, Any]:
    # With a part of its group: the component's own type ends in `:Gateway` too.
    [made] = engine.inputs_of(kind)
    return made["spec"]


def listeners(engine: RecordingEngine) -> dict[str, dict[str, Any]]:
    """The Gateway's listeners, by name."""
    spec = spec_of(engine, "gateway.networking.k8s.io/v1:Gateway")
    return {listener["name"]: listener for listener in spec["listeners"]}


def test_a_local_cluster_makes_the_certificate_of_its_tls_listener(build: Build, home: Path) -> None:
    engine = build(a_gateway(GatewaySpec(domain="models.example.com"), cluster=LocalCluster()))

    [secret] = engine.inputs_of("Secret")
    certificate = home / "cluster" / "gateway-pki" / "models.example.com.crt"
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["stringData"]["value"]["tls.crt"] == certificate.read_text()
    https = listeners(engine)["https"]
    assert (https["protocol"], https["port"], https["tls"]["mode"]) == ("HTTPS", 443, "Terminate")
    assert https["tls"]["certificateRefs"] == [{"kind": "Secret", "name": secret["metadata"]["name"]}]


def test_the_key_of_a_certificate_is_kept_as_a_secret_and_nowhere_else(build: Build) -> None:
    engine = build(a_gateway(cluster=LocalCluster()))

    [secret] = engine.inputs_of("Secret")
    sealed = secret.pop("stringData")
    assert rpc.is_rpc_secret(sealed)
    assert sealed["value"]["tls.key"].startswith("-----BEGIN PRIVATE KEY-----")
    plain = [str(made.inputs) for made in engine.created]  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - untyped in the SDK
    assert not any("PRIVATE KEY" in inputs for inputs in plain)


def test_an_existing_cluster_without_a_certificate_has_no_tls(build: Build, home: Path) -> None:
    engine = build(a_gateway(cluster=EXISTING))

    assert set(listeners(engine)) == {"http"}
    assert engine.inputs_of("Secret") == []
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("cluster", [LocalCluster(), EXISTING], ids=["local", "existing"])
def test_a_given_certificate_is_used_and_none_is_made(
    build: Build, home: Path, cluster: LocalCluster | ExistingCluster
) -> None:
    given = Tls(secret_name="company-tls")  # noqa: S106 - a Secret's name, not what is in it

    engine = build(a_gateway(GatewaySpec(tls=given), cluster=cluster))

    assert listeners(engine)["https"]["tls"]["certificateRefs"] == [{"kind": "Secret", "name": "company-tls"}]
    assert engine.inputs_of("Secret") == []
    assert list(home.iterdir()) == []


def test_only_routes_of_the_gateways_own_namespace_may_use_it(build: Build) -> None:
    engine = build(a_gateway(cluster=LocalCluster()))

    assert {name: listener["allowedRoutes"] for name, listener in listeners(engine).items()} == {
        "http": {"namespaces": {"from": "Same"}},
        "https": {"namespaces": {"from": "Same"}},
    }


def test_a_gateway_is_run_by_the_stacks_class_as_its_own_parameters_say(build: Build) -> None:
    engine = build(a_gateway(GatewaySpec(class_name="envoy")))

    [parameters] = engine.inputs_of("EnvoyProxy")
    gateway = spec_of(engine, "gateway.networking.k8s.io/v1:Gateway")
    assert gateway["gatewayClassName"] == "envoy"
    assert gateway["infrastructure"]["parametersRef"]["kind"] == "EnvoyProxy"
    assert gateway["infrastructure"]["parametersRef"]["name"] == parameters["metadata"]["name"]


def test_proxies_are_reached_from_inside_the_cluster_only(build: Build) -> None:
    proxies = spec_of(build(a_gateway()), "EnvoyProxy")

    assert proxies["provider"]["kubernetes"]["envoyService"] == {"type": "ClusterIP"}


def test_proxies_run_the_stacks_image_in_the_stacks_number(build: Build) -> None:
    proxies = spec_of(build(a_gateway(GatewaySpec(replicas=3))), "EnvoyProxy")

    deployment = proxies["provider"]["kubernetes"]["envoyDeployment"]
    assert deployment["replicas"] == 3
    assert deployment["container"]["image"] == "plimsoll.local/envoy:1.39.1"


def test_proxies_are_evicted_one_by_one(build: Build) -> None:
    proxies = spec_of(build(a_gateway(GatewaySpec(replicas=2))), "EnvoyProxy")

    assert proxies["provider"]["kubernetes"]["envoyPDB"] == {"maxUnavailable": 1}


def test_a_single_proxy_has_no_disruption_budget(build: Build) -> None:
    proxies = spec_of(build(a_gateway(GatewaySpec(replicas=1))), "EnvoyProxy")

    assert "envoyPDB" not in proxies["provider"]["kubernetes"]


def test_a_new_proxy_is_there_before_an_old_one_goes(build: Build) -> None:
    proxies = spec_of(build(a_gateway(GatewaySpec(replicas=1))), "EnvoyProxy")

    strategy = proxies["provider"]["kubernetes"]["envoyDeployment"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_routes_that_lead_to_one_server_share_its_backend(build: Build) -> None:
    proxies = spec_of(build(a_gateway()), "EnvoyProxy")

    assert proxies["mergeBackends"] == {}, "backends of a route's own come and go with its weights, and lose requests"


def test_a_proxy_lets_through_what_the_stack_allows_and_refuses_more(build: Build) -> None:
    limits = Limits(connections=11, parallel_requests=22, pending_requests=33)

    breaker = spec_of(build(a_gateway(GatewaySpec(limits=limits))), "BackendTrafficPolicy")["circuitBreaker"]

    assert breaker["maxConnections"] == 11
    assert breaker["maxParallelRequests"] == 22
    assert breaker["maxPendingRequests"] == 33
    assert breaker["maxParallelRetries"] >= 1, "without a limit, retries would outnumber requests under overload"


def test_callers_may_hold_as_much_as_the_stack_allows(build: Build) -> None:
    limits = Limits(connections=11, request_mib=4, idle_seconds=60)

    policy = spec_of(build(a_gateway(GatewaySpec(limits=limits))), "ClientTrafficPolicy")

    assert policy["connection"] == {"connectionLimit": {"value": 11}, "bufferLimit": "4Mi"}
    assert policy["timeout"]["http"]["idleTimeout"] == "60s"


@pytest.mark.parametrize(("longest", "written"), [(600_000, "600s"), (1_500, "1s500ms")])
def test_no_request_may_take_longer_than_the_longest_of_any_service(build: Build, longest: int, written: str) -> None:
    policy = spec_of(build(a_gateway(longest_request_ms=longest)), "BackendTrafficPolicy")

    assert policy["timeout"]["http"]["requestTimeout"] == written


def test_what_protects_callers_and_servers_holds_for_the_whole_gateway(build: Build) -> None:
    engine = build(a_gateway())

    [gateway] = engine.inputs_of("gateway.networking.k8s.io/v1:Gateway")
    for kind in ("ClientTrafficPolicy", "BackendTrafficPolicy"):
        assert spec_of(engine, kind)["targetRefs"] == [
            {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": gateway["metadata"]["name"]}
        ]
