"""How requests find a version: two routes a service, one for each protocol of Triton."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions

from components import gateway
from components.metadata import metadata
from components.triton_pod import GRPC, HTTP
from observability.variants import SERVICE_LABEL, VARIANT_HEADER, VERSION_HEADER, Variant, server_name
from stacks.schema import GATEWAY_NAME, Canary, Gateway, Service

# What callers need of Triton's protocols. The rest would let them change the server: its models, traces, shared memory.
# Not streams: the gateway takes in a request whole before it passes it on, to bound its size and to be able to retry.
GRPC_SERVICE = "inference.GRPCInferenceService"
GRPC_METHODS = ("ModelInfer", "ModelReady", "ModelMetadata", "ModelConfig", "ServerReady", "ServerLive")
HTTP_HEALTH = ("/v2/health/ready", "/v2/health/live")
HTTP_OF_MODEL = ("", "/infer", "/ready", "/config")

# A broken connection may have carried the request already. Served models are pure functions: twice does no harm.
RETRIED = ["connect-failure", "refused-stream", "reset", "unavailable", "retriable-status-codes"]
BACK_OFF = {"baseInterval": "20ms", "maxInterval": "200ms"}


@dataclass(frozen=True, kw_only=True)
class RoutesArgs:
    """The stack's services, and what each route waits for before it sends requests there."""

    services: Mapping[str, Service]
    ready: Mapping[str, Sequence[pulumi.Resource]]
    gateway: Gateway
    namespace: pulumi.Input[str]


class Routes(pulumi.ComponentResource):
    """The routes of all services, in one component: a preview's cost grows faster than the number of its resources.

    Routes name Services and don't take their outputs, so that a weight can go back to 0 whatever state the canary is
    in; what they do wait for is said in `ready`.
    """

    def __init__(self, name: str, args: RoutesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Routes", name, None, opts)
        for service_name, service in args.services.items():
            placed = [
                self._place(service_name, gateway.GATEWAY_API, kind, spec, args.namespace, args.ready[service_name])
                for kind, spec in (
                    ("HTTPRoute", http_route(service_name, service, args.gateway)),
                    ("GRPCRoute", grpc_route(service_name, service, args.gateway)),
                )
            ]
            self._place(
                service_name, gateway.ENVOY_API, "BackendTrafficPolicy", treatment(service_name, service, args.gateway),
                args.namespace, placed,
            )  # fmt: skip
        self.register_outputs({})

    def _place(
        self,
        name: str,
        api_version: str,
        kind: str,
        spec: Mapping[str, Any],
        namespace: pulumi.Input[str],
        after: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        return apiextensions.CustomResource(
            name,
            api_version=api_version,
            kind=kind,
            metadata=metadata(name, namespace=namespace, labels={SERVICE_LABEL: name}),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )


def http_route(name: str, service: Service, spec: Gateway) -> dict[str, Any]:
    """The HTTPRoute of KServe's v2 protocol."""
    paths = [*HTTP_HEALTH, *(f"/v2/models/{service.model}{path}" for path in HTTP_OF_MODEL)]
    matches = [{"path": {"type": "Exact", "value": path}} for path in paths]
    route = _route(name, service, spec.http_host(name), matches, HTTP.number)
    for rule in route["rules"]:
        rule["timeouts"] = {"request": gateway.duration(service.traffic.request_timeout_ms)}
    return route


def grpc_route(name: str, service: Service, spec: Gateway) -> dict[str, Any]:
    """The GRPCRoute of KServe's v2 protocol."""
    matches = [{"method": {"service": GRPC_SERVICE, "method": method}} for method in GRPC_METHODS]
    return _route(name, service, spec.grpc_host(name), matches, GRPC.number)


def treatment(name: str, service: Service, spec: Gateway) -> dict[str, Any]:
    """The BackendTrafficPolicy of both routes: what Envoy keeps by route, added to the gateway's."""
    traffic = service.traffic
    limit = traffic.rate_limit
    local = {"rules": [{"limit": {"requests": limit.requests_per_second, "unit": "Second"}}]} if limit else None
    return {
        "targetRefs": [
            {"group": "gateway.networking.k8s.io", "kind": kind, "name": name} for kind in ("HTTPRoute", "GRPCRoute")
        ],
        "mergeType": "StrategicMerge",
        "requestBuffer": {"limit": f"{spec.limits.request_mib}Mi"},
        "retry": {
            "numRetries": traffic.retries,
            "retryOn": {"triggers": RETRIED, "httpStatusCodes": [503]},
            "perRetry": {"backOff": BACK_OFF},
        },
        **({"rateLimit": {"type": "Local", "local": local}} if local else {}),
    }


def _route(name: str, service: Service, host: str, matches: list[dict[str, Any]], port: int) -> dict[str, Any]:
    """A route with a rule for each side that a caller may ask for by header, and one that splits the rest."""
    naming = {
        "type": "ResponseHeaderModifier",
        "responseHeaderModifier": {"set": list(_answer_headers(name, service, port))},
    }
    stable, canary = (
        {"name": server_name(name, variant), "port": port} for variant in (Variant.STABLE, Variant.CANARY)
    )

    def pinned(variant: Variant) -> dict[str, Any]:
        # Also what keeps Envoy's backend of that side there while the split sends nothing to it.
        header = {"name": VARIANT_HEADER, "value": variant}
        return {
            "name": f"pinned-{variant}",
            "matches": [{**match, "headers": [header]} for match in matches],
            # Without a canary nobody answers there.
            "filters": [naming] if variant is Variant.STABLE or service.canary else [],
            "backendRefs": [{"name": server_name(name, variant), "port": port, "weight": 1}],
        }

    if service.canary is None:
        split = {"filters": [naming], "backendRefs": [{**stable, "weight": 100}]}
    else:
        split = {
            "filters": [naming, *_mirror(service.canary, canary)],
            "backendRefs": [
                {**stable, "weight": 100 - service.canary.weight},
                {**canary, "weight": service.canary.weight},
            ],
        }
    return {
        "parentRefs": [{"name": GATEWAY_NAME}],
        "hostnames": [host],
        "rules": [
            pinned(Variant.CANARY),
            pinned(Variant.STABLE),
            {"name": "split", "matches": matches, **split},
        ],
    }


def _mirror(canary: Canary, backend: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "RequestMirror", "requestMirror": {"backendRef": backend}}] if canary.mirror else []


def _answer_headers(name: str, service: Service, port: int) -> Iterator[dict[str, str]]:
    """Envoy works them out for each answer: rules of their own for each side would part it into separate backends."""
    if service.canary is None:
        yield {"name": VARIANT_HEADER, "value": Variant.STABLE}
        yield {"name": VERSION_HEADER, "value": str(service.version)}
        return
    # With the port, because a namespace may be called like a canary.
    by_canary = f"xds.cluster_name.contains('/{server_name(name, Variant.CANARY)}/{port}/')"
    yield {"name": VARIANT_HEADER, "value": f"%CEL({by_canary} ? '{Variant.CANARY}' : '{Variant.STABLE}')%"}
    yield {"name": VERSION_HEADER, "value": f"%CEL({by_canary} ? '{service.canary.version}' : '{service.version}')%"}
