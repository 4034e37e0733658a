from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime.mocks import MockMonitor
from pulumi_kubernetes import core

from components import place_services
from model_repo import assemble, assemble_all
from stacks.schema import Stack, parse
from tests.components.conftest import APlatform, Build, RecordingEngine
from tests.factories import a_service, a_stack, a_stack_config

RESOURCES_A_SERVICE_MAY_COST = 9


@pytest.fixture
def awaited(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """What each route waits for, both as `Kind name`: the mocks' monitor is told, and does not pass it on."""
    of_route: dict[str, set[str]] = {}
    register = MockMonitor.RegisterResource  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped in the SDK

    def remember(monitor: MockMonitor, request: Any) -> Any:
        if request.type.endswith("Route"):
            urns = [urn.rsplit(":", 3) for urn in request.dependencies]
            route = f"{request.type.rsplit(':', 1)[1]} {request.name}"
            of_route[route] = {f"{kind} {name}" for _, kind, _, name in urns}
        return register(monitor, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", remember)
    return of_route


def services_of(stack: Stack, outputs: list[Any] | None = None) -> Callable[[], None]:
    """A program that places a stack's services, and notes what it says of them in `outputs`."""

    def program() -> None:
        placed = place_services(
            stack,
            assemble_all(stack),
            platform=APlatform(),
            gateway=core.v1.ConfigMap("gateway"),
            namespace="models",
            opts=pulumi.ResourceOptions(),
        )
        if outputs is not None:
            pulumi.Output.from_input(placed).apply(outputs.append)

    return program


def deployments(engine: RecordingEngine) -> dict[str, dict[str, Any]]:
    return {made["metadata"]["name"]: made["spec"] for made in engine.inputs_of("Deployment")}


def test_a_service_costs_few_resources(build: Build) -> None:
    service = a_stack_config()["services"]["digits"]
    pair = parse({**a_stack_config(), "services": {"digits": service, "words": service}})

    more = len(build(services_of(pair)).created) - len(build(services_of(a_stack())).created)

    assert 0 < more <= RESOURCES_A_SERVICE_MAY_COST, "preview time grows with the square of their number"


def test_a_service_without_a_canary_is_one_server(build: Build) -> None:
    assert set(deployments(build(services_of(a_stack())))) == {"digits"}


def test_a_canary_is_a_server_of_its_own_that_serves_its_own_version(build: Build) -> None:
    service = a_service(canary={"version": 3, "weight": 10})
    repositories = assemble("digits", service)

    engine = build(services_of(a_stack(canary={"version": 3, "weight": 10})))

    assert repositories.canary is not None
    mounted = {
        name: (
            spec["template"]["metadata"]["annotations"]["plimsoll.dev/repository-digest"],
            spec["template"]["spec"]["containers"][0]["volumeMounts"][0]["subPath"],
        )
        for name, spec in deployments(engine).items()
    }
    assert mounted == {
        "digits": (repositories.stable.digest,) * 2,
        "digits-canary": (repositories.canary.digest,) * 2,
    }
    assert repositories.canary.version == 3
    assert repositories.canary.digest != repositories.stable.digest


def test_neither_side_finds_pods_of_the_other(build: Build) -> None:
    engine = build(services_of(a_stack(canary={"version": 3, "weight": 10})))

    finders = {made["metadata"]["name"]: made["spec"]["selector"] for made in engine.inputs_of("core/v1:Service")}
    assert finders == {
        "digits": {"plimsoll.dev/service": "digits", "plimsoll.dev/variant": "stable"},
        "digits-canary": {"plimsoll.dev/service": "digits", "plimsoll.dev/variant": "canary"},
    }
    for name, spec in deployments(engine).items():
        assert spec["selector"] == {"matchLabels": finders[name]}
        assert finders[name].items() <= spec["template"]["metadata"]["labels"].items()
    budgets = {made["metadata"]["name"]: made["spec"] for made in engine.inputs_of("PodDisruptionBudget")}
    assert {name: budget["selector"]["matchLabels"] for name, budget in budgets.items()} == finders


def test_a_canary_changes_nothing_of_the_stable_server(build: Build) -> None:
    alone = deployments(build(services_of(a_stack())))["digits"]
    beside = deployments(build(services_of(a_stack(canary={"version": 3, "weight": 10}))))["digits"]

    assert alone == beside


@pytest.mark.parametrize(
    ("canary", "replicas"),
    [
        ({"weight": 0}, 1),
        ({"weight": 1}, 1),
        ({"weight": 25}, 1),
        ({"weight": 26}, 2),
        ({"weight": 50}, 2),
        ({"weight": 100}, 4),
        ({"mirror": True}, 4),
    ],
    ids=str,
)
def test_a_canary_has_the_replicas_for_its_share(build: Build, canary: dict[str, Any], replicas: int) -> None:
    scaling = {"replicas": {"min": 4, "max": 4}}

    engine = build(services_of(a_stack(canary={"version": 3, **canary}, scaling=scaling)))

    assert {name: spec["replicas"] for name, spec in deployments(engine).items()} == {
        "digits": 4,
        "digits-canary": replicas,
    }


def test_a_stack_says_how_its_services_are_called_and_what_serves_them(build: Build) -> None:
    outputs: list[Any] = []

    build(services_of(a_stack(canary={"version": 3, "weight": 50}), outputs))

    [services] = outputs
    assert set(services) == {"digits"}
    digits = services["digits"]
    assert digits["model"] == "digits"
    assert (digits["httpHost"], digits["grpcHost"]) == ("digits.plimsoll.internal", "digits-grpc.plimsoll.internal")
    assert (digits["stable"]["version"], digits["stable"]["replicas"]) == (2, 2)
    assert (digits["canary"]["version"], digits["canary"]["replicas"]) == (3, 1)


def test_a_stack_says_nothing_of_a_canary_that_a_service_has_not(build: Build) -> None:
    outputs: list[Any] = []

    build(services_of(a_stack(), outputs))

    assert "canary" not in outputs[0]["digits"]


@pytest.mark.parametrize("canary", [{"weight": 1}, {"mirror": True}], ids=str)
def test_requests_reach_a_canary_only_once_its_pods_answer(
    build: Build, awaited: dict[str, set[str]], canary: dict[str, Any]
) -> None:
    build(services_of(a_stack(canary={"version": 3, **canary})))

    assert set(awaited) == {"HTTPRoute digits", "GRPCRoute digits"}
    for waits_for in awaited.values():
        assert {"Deployment digits", "Deployment digits-canary", "Service digits-canary"} <= waits_for


def test_requests_can_be_taken_from_a_canary_whose_pods_never_answer(
    build: Build, awaited: dict[str, set[str]]
) -> None:
    build(services_of(a_stack(canary={"version": 3, "weight": 0})))

    assert set(awaited) == {"HTTPRoute digits", "GRPCRoute digits"}
    for waits_for in awaited.values():
        assert "Deployment digits" in waits_for
        assert {each for each in waits_for if each.endswith("digits-canary")} == {"Service digits-canary"}


def test_a_service_waits_for_the_gateway_and_for_no_other_service(build: Build, awaited: dict[str, set[str]]) -> None:
    service = a_stack_config()["services"]["digits"]

    build(services_of(parse({**a_stack_config(), "services": {"digits": service, "words": service}})))

    assert len(awaited) == 4
    for route, waits_for in awaited.items():
        assert {each.split()[1].removesuffix("-canary") for each in waits_for} == {"gateway", route.split()[1]}
