from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components import Gateway, GatewayArgs, place_monitoring, place_services
from components.addons import EXTERNAL_METRICS_API, AddonsMissingError, Served, missing, needs
from model_repo import assemble_all
from stacks.schema import Problem, Stack, parse
from tests.components.conftest import APlatform, Build
from tests.factories import a_stack_config
from tests.stacks.configs import committed, put

SIGNAL = {"replicas": {"min": 1, "max": 3}, "signal": {"kind": "queueTime", "targetMs": 5}}

OF_KUBERNETES = ("networking.k8s.io",)

EVERYTHING = Served(
    kinds={
        "gateway.networking.k8s.io/v1": frozenset({"GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute"}),
        "gateway.envoyproxy.io/v1alpha1": frozenset({"EnvoyProxy", "ClientTrafficPolicy", "BackendTrafficPolicy"}),
        "monitoring.coreos.com/v1": frozenset({"PodMonitor", "PrometheusRule"}),
        "keda.sh/v1alpha1": frozenset({"ScaledObject"}),
        EXTERNAL_METRICS_API: frozenset(),
        "karpenter.sh/v1": frozenset({"NodePool"}),
        "karpenter.k8s.aws/v1": frozenset({"EC2NodeClass"}),
    },
    gateway_classes={"eg": ""},
)


def a_plain_stack(**changes: Any) -> Stack:
    return parse({**a_stack_config(), **changes})


def a_watched_stack() -> Stack:
    """One that scales."""
    return parse({**a_stack_config(scaling=SIGNAL), "monitoring": {}})


def on_aws(**pool: Any) -> Stack:
    """One with a pool, on a cluster of its own."""
    config = put(committed("Pulumi.dev.yaml"), "addons", {"kind": "preinstalled"})
    return parse(put(config, "gpuPools.l4.nodes", {"min": 2, **pool}))


def found(stack: Stack, served: Served) -> Sequence[Problem]:
    return list(missing(stack, needs(stack), served))


def without(served: Served, *apis: str) -> Served:
    return replace(served, kinds={api: kinds for api, kinds in served.kinds.items() if api not in apis})


def serving(kinds: Mapping[str, frozenset[str]], releases: Mapping[str, str]) -> Served:
    """Everything, but for these APIs."""
    return replace(EVERYTHING, kinds={**EVERYTHING.kinds, **kinds}, releases=releases)


@pytest.mark.parametrize(
    ("stack", "addons"),
    [
        (a_plain_stack(), ["Gateway API", "Envoy Gateway"]),
        (a_plain_stack(monitoring={}), ["Gateway API", "Envoy Gateway", "Prometheus Operator"]),
        (a_watched_stack(), ["Gateway API", "Envoy Gateway", "Prometheus Operator", "KEDA"]),
        (on_aws(max=2), ["Gateway API", "Envoy Gateway", "Prometheus Operator", "KEDA"]),
        (on_aws(max=3), ["Gateway API", "Envoy Gateway", "Prometheus Operator", "KEDA", "Karpenter"]),
    ],
    ids=["plain", "watched", "scaled", "pool that stands", "pool that bursts"],
)
def test_a_stack_needs_the_addons_of_what_it_asks_for_and_no_other(stack: Stack, addons: list[str]) -> None:
    assert [need.addon for need in needs(stack)] == addons


@pytest.mark.parametrize("stack", [a_plain_stack(), a_watched_stack(), on_aws(max=3)])
def test_a_cluster_that_has_all_of_them_lacks_nothing(stack: Stack) -> None:
    assert found(stack, EVERYTHING) == []


def test_an_empty_cluster_is_told_of_every_addon_at_once_with_what_needs_it() -> None:
    problems = found(a_watched_stack(), Served(kinds={"apps/v1": frozenset({"Deployment"})}))

    assert [(problem.path, problem.found) for problem in problems] == [
        ("addons.kind", "Gateway API is not in the cluster"),
        ("addons.kind", "Envoy Gateway is not in the cluster"),
        ("monitoring", "Prometheus Operator is not in the cluster"),
        ("services.digits.scaling.signal", "KEDA is not in the cluster"),
    ]
    said = str(AddonsMissingError(problems))
    assert said.startswith("The cluster lacks 4 things that the stack needs; nothing was changed in it.")


def test_a_kind_that_is_served_in_another_version_only_is_named_with_that_version_and_the_addons_release() -> None:
    served = serving(
        {
            "gateway.networking.k8s.io/v1": frozenset({"GatewayClass", "Gateway", "HTTPRoute"}),
            "gateway.networking.k8s.io/v1alpha2": frozenset({"GRPCRoute", "TCPRoute"}),
        },
        releases={"gateway.networking.k8s.io": "v1.0.0"},
    )

    [problem] = found(a_plain_stack(), served)

    assert problem.found == (
        "the cluster's Gateway API v1.0.0 serves no GRPCRoute of gateway.networking.k8s.io/v1 (only v1alpha2)"
    )
    assert problem.limit == "gateway.networking.k8s.io/v1 with GatewayClass, Gateway, HTTPRoute, GRPCRoute"


def test_definitions_of_an_older_release_are_refused_for_the_fields_that_they_lack() -> None:
    served = replace(
        EVERYTHING,
        unknown_fields={
            ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy"): ["spec.mergeBackends"],
            ("gateway.networking.k8s.io/v1", "HTTPRoute"): ["spec.rules[0].name", "spec.rules[1].name"],
        },
    )

    routes, proxies = found(a_plain_stack(), served)

    assert routes.found == "the cluster's Gateway API has no spec.rules[].name in its HTTPRoute"
    assert proxies.found == "the cluster's Envoy Gateway has no spec.mergeBackends in its EnvoyProxy"
    assert "lose requests" in proxies.reason


def test_keda_without_its_metrics_is_no_keda() -> None:
    [problem] = found(a_watched_stack(), without(EVERYTHING, EXTERNAL_METRICS_API))

    assert problem.found == "the cluster's KEDA serves no external.metrics.k8s.io/v1beta1"


def test_metrics_that_another_addon_serves_do_not_make_keda() -> None:
    [problem] = found(a_watched_stack(), without(EVERYTHING, "keda.sh/v1alpha1"))

    assert problem.found == "KEDA is not in the cluster"


@pytest.mark.parametrize(
    ("classes", "said", "limit"),
    [
        ({}, "the cluster has no GatewayClass 'eg'", "a GatewayClass that Envoy Gateway serves; there is none"),
        ({"other": ""}, "the cluster has no GatewayClass 'eg'", "one of: other"),
        (
            {"eg": "Waiting for controller", "other": ""},
            "no controller serves 'eg': Waiting for controller",
            "one of: other",
        ),
    ],
)
def test_a_gateway_class_has_to_be_there_and_served(classes: dict[str, str], said: str, limit: str) -> None:
    [problem] = found(a_plain_stack(), replace(EVERYTHING, gateway_classes=classes))

    assert (problem.path, problem.found, problem.limit) == ("gateway.className", said, limit)


def test_what_the_caller_may_not_read_is_not_held_against_the_cluster() -> None:
    assert found(a_plain_stack(), replace(EVERYTHING, gateway_classes=None)) == []


def test_many_services_that_scale_are_one_problem() -> None:
    config = a_stack_config(scaling=SIGNAL)
    services = {f"digits-{number}": config["services"]["digits"] for number in range(300)}
    stack = parse({**config, "services": services, "monitoring": {}})

    [problem] = found(stack, without(EVERYTHING, "keda.sh/v1alpha1", EXTERNAL_METRICS_API))

    assert problem.path == "services.digits-0.scaling.signal"
    assert "digits-0 and 299 others" in problem.reason


def test_every_kind_that_is_placed_and_is_not_of_kubernetes_itself_is_asked_for(build: Build) -> None:
    stack = a_watched_stack()

    def program() -> None:
        place_services(
            stack,
            assemble_all(stack),
            platform=APlatform(),
            gateway=Gateway("gateway", GatewayArgs(stack=stack, namespace="ml")),
            namespace="ml",
            opts=pulumi.ResourceOptions(),
        )
        place_monitoring(stack, namespace="ml", opts=pulumi.ResourceOptions())

    placed = {tuple(made.typ.removeprefix("kubernetes:").split(":")) for made in build(program).created}
    of_others = {each for each in placed if each[0].count(".") and each[0].partition("/")[0] not in OF_KUBERNETES}
    assert of_others == {(use.api, use.kind) for need in needs(stack) for use in need.uses if use.spec}
