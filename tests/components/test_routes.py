import re
from collections.abc import Callable
from typing import Any

import pytest

from components.gateway import duration
from components.routes import Routes, RoutesArgs, grpc_route, http_route, treatment
from stacks.schema import Gateway, Service
from tests.components.conftest import Build
from tests.factories import a_service

Route = Callable[[str, Service, Gateway], dict[str, Any]]

GATEWAY = Gateway(domain="models.example.com")
EACH_PROTOCOL = pytest.mark.parametrize("route", [http_route, grpc_route])

# What Envoy Gateway 1.9 keeps by cluster (`btpSpecHasClusterScopedFields`): with one of these, it merges no backends.
KEPT_BY_BACKEND = {
    "loadBalancer",
    "proxyProtocol",
    "healthCheck",
    "circuitBreaker",
    "timeout",
    "tcpKeepalive",
    "connection",
    "http2",
    "dns",
    "admissionControl",
    "useClientProtocol",
}


def rules(route: Route, **service: Any) -> dict[str, dict[str, Any]]:
    """The rules of a service's route, by name."""
    return {rule["name"]: rule for rule in route("digits", a_service(**service), GATEWAY)["rules"]}


def answer_headers(rule: dict[str, Any]) -> dict[str, str]:
    [setting] = [each for each in rule["filters"] if each["type"] == "ResponseHeaderModifier"]
    return {header["name"]: header["value"] for header in setting["responseHeaderModifier"]["set"]}


def mirrors(rule: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["requestMirror"]["backendRef"] for each in rule["filters"] if each["type"] == "RequestMirror"]


def weights(rule: dict[str, Any]) -> dict[str, int]:
    return {backend["name"]: backend["weight"] for backend in rule["backendRefs"]}


@EACH_PROTOCOL
def test_without_a_canary_the_stable_version_gets_everything(route: Route) -> None:
    of_service = rules(route)

    assert set(of_service) == {"pinned-canary", "pinned-stable", "split"}
    assert weights(of_service["split"]) == {"digits": 100}


@EACH_PROTOCOL
def test_without_a_canary_every_answer_names_the_stable_version(route: Route) -> None:
    of_service = rules(route, version=2)

    for rule in (of_service["pinned-stable"], of_service["split"]):
        assert answer_headers(rule) == {"x-plimsoll-variant": "stable", "x-plimsoll-version": "2"}


@EACH_PROTOCOL
def test_a_canarys_backend_is_there_before_and_after_it(route: Route) -> None:
    without, beside = rules(route), rules(route, canary={"version": 3})

    assert without["pinned-canary"]["backendRefs"] == beside["pinned-canary"]["backendRefs"]
    assert without["pinned-canary"]["filters"] == []


@EACH_PROTOCOL
@pytest.mark.parametrize(("weight", "stable"), [(0, 100), (1, 99), (30, 70), (100, 0)])
def test_a_canary_takes_its_weight_from_the_stable_version(route: Route, weight: int, stable: int) -> None:
    split = rules(route, canary={"version": 3, "weight": weight})["split"]

    assert weights(split) == {"digits": stable, "digits-canary": weight}


@EACH_PROTOCOL
def test_a_weight_moves_only_the_split_rule(route: Route) -> None:
    before = rules(route, canary={"version": 3, "weight": 10})
    after = rules(route, canary={"version": 3, "weight": 60})

    assert weights(before.pop("split")) != weights(after.pop("split"))
    assert before == after


@EACH_PROTOCOL
@pytest.mark.parametrize("canary", [{"weight": 0}, {"weight": 100}, {"mirror": True}], ids=str)
def test_both_sides_stay_in_use_whatever_the_weight(route: Route, canary: dict[str, Any]) -> None:
    of_service = rules(route, canary={"version": 3, **canary})

    # Envoy drops a backend that no rule sends anything to, and making it anew loses requests.
    assert weights(of_service["pinned-stable"]) == {"digits": 1}
    assert weights(of_service["pinned-canary"]) == {"digits-canary": 1}


@EACH_PROTOCOL
def test_a_caller_may_ask_for_either_side_by_header(route: Route) -> None:
    of_service = rules(route, canary={"version": 3, "weight": 50})

    for variant in ("stable", "canary"):
        matches = of_service[f"pinned-{variant}"]["matches"]
        assert matches == [
            {**match, "headers": [{"name": "x-plimsoll-variant", "value": variant}]}
            for match in of_service["split"]["matches"]
        ]


@EACH_PROTOCOL
def test_with_a_canary_all_rules_name_the_side_that_answered_in_one_way(route: Route) -> None:
    pinned, *others = [answer_headers(rule) for rule in rules(route, canary={"version": 3, "weight": 50}).values()]

    assert others == [pinned, pinned], "rules that differed would part Envoy's backends"
    assert "'canary' : 'stable'" in pinned["x-plimsoll-variant"]
    assert "'3' : '2'" in pinned["x-plimsoll-version"]


@EACH_PROTOCOL
def test_a_shadow_gets_a_copy_of_what_is_split_and_of_nothing_else(route: Route) -> None:
    of_service = rules(route, canary={"version": 3, "mirror": True})

    assert [backend["name"] for backend in mirrors(of_service["split"])] == ["digits-canary"]
    assert weights(of_service["split"]) == {"digits": 100, "digits-canary": 0}
    assert mirrors(of_service["pinned-stable"]) == mirrors(of_service["pinned-canary"]) == []


@EACH_PROTOCOL
def test_a_canary_that_is_no_shadow_gets_no_copies(route: Route) -> None:
    of_service = rules(route, canary={"version": 3, "weight": 50})

    assert [mirrors(rule) for rule in of_service.values()] == [[], [], []]


@EACH_PROTOCOL
@pytest.mark.parametrize("canary", [None, {"version": 3, "weight": 50}, {"version": 3, "mirror": True}], ids=str)
def test_no_backend_has_filters_of_its_own(route: Route, canary: dict[str, Any] | None) -> None:
    backends = [backend for rule in rules(route, canary=canary).values() for backend in rule["backendRefs"]]

    assert all(set(backend) == {"name", "port", "weight"} for backend in backends), "they would part Envoy's backends"


@pytest.mark.parametrize(("route", "port"), [(http_route, 8000), (grpc_route, 8001)])
@pytest.mark.parametrize("canary", [None, {"version": 3, "mirror": True}], ids=str)
def test_each_protocol_leads_to_the_port_that_speaks_it(route: Route, port: int, canary: dict[str, Any] | None) -> None:
    of_service = rules(route, canary=canary).values()

    backends = [backend for rule in of_service for backend in (*rule["backendRefs"], *mirrors(rule))]
    assert {backend["port"] for backend in backends} == {port}


def test_the_two_protocols_share_no_host_name() -> None:
    http, grpc = (route("digits", a_service(), GATEWAY)["hostnames"] for route in (http_route, grpc_route))

    assert http == ["digits.models.example.com"]
    assert grpc == ["digits-grpc.models.example.com"]


def test_http_callers_reach_health_and_inference_and_nothing_else() -> None:
    route = http_route("words", a_service(model="digits"), GATEWAY)

    for rule in route["rules"]:
        assert {match["path"]["type"] for match in rule["matches"]} == {"Exact"}
        assert {match["path"]["value"] for match in rule["matches"]} == {
            "/v2/health/ready",
            "/v2/health/live",
            "/v2/models/digits",
            "/v2/models/digits/infer",
            "/v2/models/digits/ready",
            "/v2/models/digits/config",
        }


def test_grpc_callers_reach_health_and_inference_and_nothing_else() -> None:
    for rule in rules(grpc_route).values():
        # A match without a method would let in the whole service, which loads models and maps shared memory.
        assert {match["method"]["service"] for match in rule["matches"]} == {"inference.GRPCInferenceService"}
        assert {match["method"]["method"] for match in rule["matches"]} == {
            "ServerLive",
            "ServerReady",
            "ModelReady",
            "ModelMetadata",
            "ModelConfig",
            "ModelInfer",
        }


@pytest.mark.parametrize(("timeout_ms", "written"), [(1, "0s1ms"), (1_500, "1s500ms"), (600_000, "600s")])
def test_every_http_rule_has_the_services_timeout(timeout_ms: int, written: str) -> None:
    of_service = rules(http_route, canary={"version": 3}, traffic={"requestTimeoutMs": timeout_ms})

    assert [rule["timeouts"] for rule in of_service.values()] == [{"request": written}] * 3


def test_no_grpc_rule_has_a_timeout_because_a_grpc_route_has_no_place_for_one() -> None:
    assert not any("timeouts" in rule for rule in rules(grpc_route, canary={"version": 3}).values())


@pytest.mark.parametrize("milliseconds", [1, 999, 1_000, 99_999, 100_000, 599_999, 600_000])
def test_a_duration_has_at_most_five_digits_to_a_unit(milliseconds: int) -> None:
    written = duration(milliseconds)

    assert re.fullmatch("([0-9]{1,5}(h|m|s|ms)){1,4}", written), "the pattern of Gateway API"
    in_ms = {"s": 1000, "ms": 1}
    assert sum(int(number) * in_ms[unit] for number, unit in re.findall("([0-9]+)(ms|s)", written)) == milliseconds


@pytest.mark.parametrize(
    "traffic", [{}, {"requestTimeoutMs": 500, "retries": 0, "rateLimit": {"requestsPerSecond": 9}}]
)
def test_a_services_policy_says_nothing_that_envoy_keeps_by_backend(traffic: dict[str, Any]) -> None:
    policy = treatment("digits", a_service(traffic=traffic), GATEWAY)

    assert KEPT_BY_BACKEND & set(policy) == set(), "the service would get backends of its own, and lose requests"


def test_a_services_policy_adds_to_the_gateways() -> None:
    policy = treatment("digits", a_service(), GATEWAY)

    assert policy["mergeType"] == "StrategicMerge", "without it the gateway's limits would not hold for the service"


def test_a_rate_is_limited_only_where_a_service_asks_for_it() -> None:
    free = treatment("digits", a_service(), GATEWAY)
    limited = treatment("digits", a_service(traffic={"rateLimit": {"requestsPerSecond": 500}}), GATEWAY)

    assert "rateLimit" not in free
    assert limited["rateLimit"] == {
        "type": "Local",
        "local": {"rules": [{"limit": {"requests": 500, "unit": "Second"}}]},
    }


@pytest.mark.parametrize("retries", [0, 5])
def test_a_request_is_sent_again_as_often_as_the_service_says(retries: int) -> None:
    policy = treatment("digits", a_service(traffic={"retries": retries}), GATEWAY)

    assert policy["retry"]["numRetries"] == retries


def test_each_service_has_two_routes_and_a_policy_that_bear_its_name(build: Build) -> None:
    services = {"digits": a_service(), "words": a_service(canary={"version": 3})}

    def program() -> None:
        awaited = dict.fromkeys(services, ())
        Routes("routes", RoutesArgs(services=services, ready=awaited, gateway=GATEWAY, namespace="models"))

    engine = build(program)

    for kind in ("HTTPRoute", "GRPCRoute", "BackendTrafficPolicy"):
        objects = sorted(engine.inputs_of(kind), key=lambda made: made["metadata"]["name"])
        assert [(each["metadata"]["name"], each["metadata"]["namespace"]) for each in objects] == [
            ("digits", "models"),
            ("words", "models"),
        ]
        assert [each["metadata"]["labels"]["plimsoll.dev/service"] for each in objects] == ["digits", "words"]
    for policy in engine.inputs_of("BackendTrafficPolicy"):
        assert [(target["kind"], target["name"]) for target in policy["spec"]["targetRefs"]] == [
            ("HTTPRoute", policy["metadata"]["name"]),
            ("GRPCRoute", policy["metadata"]["name"]),
        ]


@EACH_PROTOCOL
def test_a_route_hangs_on_the_stacks_gateway(route: Route) -> None:
    assert route("digits", a_service(), GATEWAY)["parentRefs"] == [{"name": "gateway"}]
