"""What a stack needs of add-ons that it does not install itself, and what of that its cluster lacks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from components.autoscalers import KEDA_API
from components.gateway import (
    ENVOY_API,
    GATEWAY_API,
    GatewayArgs,
    gateway_spec,
    proxies_spec,
    towards_callers,
    towards_servers,
)
from components.monitoring import OPERATOR_API
from components.routes import grpc_route, http_route, treatment
from observability import autoscaling, monitors, rules
from observability.variants import Variant
from stacks.schema import EksCluster, Problem, Stack, StackError

EXTERNAL_METRICS_API = "external.metrics.k8s.io/v1beta1"
GATEWAY_CLASS = "GatewayClass"


@dataclass(frozen=True)
class Use:
    """A kind that a stack uses, as `kind` of `api`; no kind is the API as such."""

    api: str
    kind: str = ""
    spec: Mapping[str, Any] | None = None
    """Of an object as it is sent; None where the stack sends none, or only plain ones."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """An add-on that a stack needs, and for what."""

    addon: str
    path: str
    """What in the stack needs it."""
    uses: Sequence[Use]
    reason: str
    way_out: str


@dataclass(frozen=True, kw_only=True)
class Served:
    """What an API server says that its cluster has. What it would not say is None."""

    kinds: Mapping[str, frozenset[str]]
    """The kinds of each API in a version that is served, such as `keda.sh/v1alpha1`."""
    unknown_fields: Mapping[tuple[str, str], Sequence[str]] = field(
        default_factory=dict[tuple[str, str], Sequence[str]]
    )
    """By API and kind: the fields of the uses' specs that a kind's definition has not."""
    gateway_classes: Mapping[str, str] | None = None
    """Each GatewayClass, and why no controller serves it: nothing where one does."""
    releases: Mapping[str, str] = field(default_factory=dict[str, str])
    """By API group: the add-on's release, where its definitions say it."""

    def has(self, use: Use) -> bool:
        """Whether it serves a kind in the version that is used."""
        return use.api in self.kinds and (not use.kind or use.kind in self.kinds[use.api])


class AddonsMissingError(StackError):
    """A cluster lacks what its stack needs: all of it, before anything was placed there."""

    def __str__(self) -> str:
        count = "1 thing" if len(self.problems) == 1 else f"{len(self.problems)} things"
        heading = f"The cluster lacks {count} that the stack needs; nothing was changed in it."
        return "\n\n".join([heading, *map(str, self.problems)])


def needs(stack: Stack) -> Iterator[Need]:
    """Every add-on that the objects of a stack are for, with an object of each kind as the stack sends it.

    A stack may have hundreds of services. The first stands for all: their specs differ in little but numbers.
    """
    name, service = next(iter(stack.services.items()))
    gateway = GatewayArgs(stack=stack, namespace=stack.namespace)
    yield Need(
        addon="Gateway API",
        path="addons.kind",
        uses=(
            Use(GATEWAY_API, GATEWAY_CLASS),
            Use(GATEWAY_API, "Gateway", gateway_spec(stack.gateway, "certificate")),
            Use(GATEWAY_API, "HTTPRoute", http_route(name, service, stack.gateway)),
            Use(GATEWAY_API, "GRPCRoute", grpc_route(name, service, stack.gateway)),
        ),
        reason="services are reached through a Gateway and two routes each",
        way_out="install Envoy Gateway 1.9 or newer with its chart, which brings these definitions; where a provider "
        "brings them, ask it for the version that Envoy Gateway's release goes with",
    )
    yield Need(
        addon="Envoy Gateway",
        path="addons.kind",
        uses=(
            Use(ENVOY_API, "EnvoyProxy", proxies_spec(gateway)),
            Use(ENVOY_API, "ClientTrafficPolicy", towards_callers(stack.gateway)),
            Use(ENVOY_API, "BackendTrafficPolicy", towards_servers(gateway)),
            Use(ENVOY_API, "BackendTrafficPolicy", treatment(name, service, stack.gateway)),
        ),
        reason="the proxies' limits, timeouts and retries are said in these kinds. Releases before 1.9 can't merge "
        "backends, and lose requests at each change of a weight",
        way_out="install Envoy Gateway 1.9 or newer, with the definitions of its own release: Helm leaves those of an "
        "older one as they are",
    )
    if stack.monitoring:
        alone = stack.model_copy(update={"services": {name: service}})
        [monitor, *_] = monitors.pod_monitors(alone, stack.monitoring).values()
        yield Need(
            addon="Prometheus Operator",
            path="monitoring",
            uses=(
                Use(OPERATOR_API, "PodMonitor", monitor),
                Use(OPERATOR_API, "PrometheusRule", {"groups": rules.groups(alone, stack.monitoring)}),
            ),
            reason="Prometheus is told in these kinds what to read and what to alert on",
            way_out="install the Prometheus Operator, for example with the chart kube-prometheus-stack; or remove "
            "`monitoring`, and the signals that are asked of it",
        )
    scaled = [name for name, service in stack.services.items() if service.scaling.signal]
    if stack.monitoring and scaled:
        first = scaled[0]
        yield Need(
            addon="KEDA",
            path=f"services.{first}.scaling.signal",
            uses=(
                Use(
                    KEDA_API,
                    "ScaledObject",
                    autoscaling.scaled_object(
                        first,
                        stack.services[first],
                        Variant.STABLE,
                        namespace=stack.namespace,
                        monitoring=stack.monitoring,
                    ),
                ),
                Use(EXTERNAL_METRICS_API),
            ),
            reason=f"KEDA moves the replicas of {_listed(scaled)}, by metrics that it serves to the cluster",
            way_out="install KEDA, or remove the signals and let replicas.min equal replicas.max",
        )
    bursting = [name for name, pool in stack.gpu_pools.items() if pool.burst_nodes]
    if isinstance(stack.cluster, EksCluster) and bursting:
        yield Need(
            addon="Karpenter",
            path=f"gpuPools.{bursting[0]}.nodes.max",
            uses=(Use("karpenter.sh/v1", "NodePool"), Use("karpenter.k8s.aws/v1", "EC2NodeClass")),
            reason=f"Karpenter makes the nodes above the floor of {_listed(bursting)}",
            way_out="install Karpenter, write `addons: {kind: helm}`, or let nodes.max equal nodes.min",
        )


def missing(stack: Stack, needed: Iterable[Need], served: Served) -> Iterator[Problem]:
    """All of the needs of a stack that its cluster has not, or not in the version and with the fields that are used."""
    for need in needed:
        absent = [use for use in need.uses if not served.has(use)]
        if absent:
            yield _problem(need, _absent(need, absent, served), _kinds_by_api(need.uses))
        if unknown := list(_unknown(need, served)):
            found = f"{_named(need, served)} has no {', no '.join(unknown)}"
            yield _problem(need, found, "definitions with every field that the stack sends")
    yield from _gateway_class(stack, served)


def _gateway_class(stack: Stack, served: Served) -> Iterator[Problem]:
    """Nothing is to be said of a class where there can be none."""
    name, classes = stack.gateway.class_name, served.gateway_classes
    if classes is None or classes.get(name) == "":
        return
    others = sorted(each for each, refused in classes.items() if not refused)
    if name in classes:
        found = f"no controller serves '{name}': {classes[name]}"
        way_out = "see that Envoy Gateway runs and takes it up, or name another one"
    else:
        found = f"the cluster has no GatewayClass '{name}'"
        way_out = "apply the class that docs/existing-cluster.md shows, or name another one"
    yield Problem(
        path="gateway.className",
        found=found,
        limit=f"one of: {', '.join(others)}" if others else "a GatewayClass that Envoy Gateway serves; there is none",
        reason="a Gateway of any other class gets no proxies, and the update would wait for them in vain",
        way_out=way_out,
    )


def _problem(need: Need, found: str, limit: str) -> Problem:
    return Problem(path=need.path, found=found, limit=limit, reason=need.reason, way_out=need.way_out)


def _kinds_by_api(uses: Iterable[Use]) -> str:
    """Such as `keda.sh/v1alpha1 with ScaledObject`."""
    by_api: dict[str, list[str]] = {}
    for use in dict.fromkeys((use.api, use.kind) for use in uses):
        by_api.setdefault(use[0], []).extend(filter(None, use[1:]))
    return "; ".join(f"{api} with {', '.join(kinds)}" if kinds else api for api, kinds in by_api.items())


def _absent(need: Need, absent: Sequence[Use], served: Served) -> str:
    groups = {_group(use.api) for use in need.uses if use.kind}  # an API as such may be served by another add-on
    if not any(_group(api) in groups for api in served.kinds):
        return f"{need.addon} is not in the cluster"
    return f"{_named(need, served)} serves no {', no '.join(_with_other_versions(use, served) for use in absent)}"


def _with_other_versions(use: Use, served: Served) -> str:
    group = _group(use.api)
    others = sorted(
        api.partition("/")[2]
        for api, kinds in served.kinds.items()
        if _group(api) == group and (not use.kind or use.kind in kinds)
    )
    named = f"{use.kind} of {use.api}" if use.kind else use.api
    return f"{named} (only {', '.join(others)})" if others else named


def _unknown(need: Need, served: Served) -> Iterator[str]:
    for api, kind in dict.fromkeys((use.api, use.kind) for use in need.uses):
        # A field of every rule is missing once.
        fields = dict.fromkeys(re.sub(r"\[\d+\]", "[]", each) for each in served.unknown_fields.get((api, kind), ()))
        if fields:
            yield f"{', '.join(fields)} in its {kind}"


def _named(need: Need, served: Served) -> str:
    """The add-on as it was found, with its release where the cluster says it."""
    release = next((served.releases[group] for use in need.uses if (group := _group(use.api)) in served.releases), "")
    return f"the cluster's {need.addon}{release and f' {release}'}"


def _group(api: str) -> str:
    return api.partition("/")[0]


def _listed(names: Iterable[str]) -> str:
    first, *more = names
    match more:
        case []:
            return first
        case [second]:
            return f"{first} and {second}"
        case _:
            return f"{first} and {len(more)} others"
