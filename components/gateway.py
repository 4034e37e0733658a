"""The gateway: one fleet of Envoy proxies a stack, and what protects them and the servers behind them."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions, core

from components.metadata import metadata
from local.cluster import gateway_certificate
from stacks.schema import GATEWAY_NAME, HTTP_PORT, HTTPS_PORT, LATENCY_BUCKETS_MS, LocalCluster, Stack
from stacks.schema import Gateway as GatewaySpec

GATEWAY_API = "gateway.networking.k8s.io/v1"
ENVOY_API = "gateway.envoyproxy.io/v1alpha1"

WORKERS = 2  # threads of one proxy; Envoy's own choice is one for each core of its node
PROXY_CPU = "100m"
PROXY_MEMORY = "512Mi"

# Stopping: callers learn that the proxy is going, then it ends what it has begun.
LEAVE_SERVICE_SECONDS = 5
DRAIN_SECONDS = 30

CONNECT_TIMEOUT = "1s"  # inside a cluster a connection takes a millisecond or never comes
STREAMS_PER_CONNECTION = 250  # of HTTP/2; with more under way, a caller opens another connection
PARALLEL_RETRIES = 64  # to one version at once: retries compete with new requests

# A replica that fails so often in a row is left alone for a while, but never more than half of them. Broken connections
# have to be few: a dead replica has the fewest requests under way, so it is tried first, and second, again and again.
# Errors that a server gives have to be many: refusals under overload are errors, and a replica less would make more.
BROKEN_CONNECTIONS_IN_A_ROW = 2
ERRORS_IN_A_ROW = 50
EJECTION_TIME = "5s"
EJECTED_PERCENT = 50


def duration(milliseconds: int) -> str:
    """As Gateway API writes it: at most five digits to a unit."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds}s{rest}ms" if rest else f"{seconds}s"


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    """The stack whose gateway it is, and where that stands."""

    stack: Stack
    namespace: pulumi.Input[str]


class Gateway(pulumi.ComponentResource):
    """Listeners for plain and for TLS connections, and what holds for every route behind them.

    All that Envoy keeps by backend (circuit breakers, health, connections) is said here and never with a route: a route
    that said it would get backends of its own, which come and go with the weights, and each time requests are lost.
    """

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Gateway", name, None, opts)
        self._namespace = args.namespace
        certificate = self._certificate(args)
        proxies = self._place(ENVOY_API, "EnvoyProxy", proxies_spec(args))
        gateway = self._place(
            GATEWAY_API,
            "Gateway",
            gateway_spec(args.stack.gateway, certificate),
            annotations={"pulumi.com/waitFor": "condition=Programmed"},
            depends_on=[proxies],
        )
        self._place(ENVOY_API, "ClientTrafficPolicy", towards_callers(args.stack.gateway), depends_on=[gateway])
        self._place(ENVOY_API, "BackendTrafficPolicy", towards_servers(args), depends_on=[gateway])
        self.register_outputs({})

    def _place(
        self,
        api_version: str,
        kind: str,
        spec: dict[str, Any],
        *,
        annotations: dict[str, str] | None = None,
        depends_on: list[pulumi.Resource] | None = None,
    ) -> apiextensions.CustomResource:
        return apiextensions.CustomResource(
            GATEWAY_NAME,
            api_version=api_version,
            kind=kind,
            metadata=metadata(GATEWAY_NAME, namespace=self._namespace, annotations=annotations),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=depends_on),
        )

    def _certificate(self, args: GatewayArgs) -> pulumi.Input[str] | None:
        """The name of the Secret that holds the gateway's certificate; None for no TLS listener."""
        match args.stack.gateway.tls, args.stack.cluster:
            case None, LocalCluster():
                made = gateway_certificate.ensure(args.stack.gateway.domain)
                secret = core.v1.Secret(
                    f"{GATEWAY_NAME}-tls",
                    metadata=metadata(f"{GATEWAY_NAME}-tls", namespace=args.namespace),
                    type="kubernetes.io/tls",
                    string_data={
                        "tls.crt": pulumi.Output.secret(made.certificate.read_text()),
                        "tls.key": pulumi.Output.secret(made.key.read_text()),
                    },
                    opts=pulumi.ResourceOptions(parent=self),
                )
                return secret.metadata.name
            case None, _:
                return None
            case tls, _:
                return tls.secret_name


def proxies_spec(args: GatewayArgs) -> dict[str, Any]:
    """The EnvoyProxy: how Envoy Gateway runs the stack's proxies."""
    replicas = args.stack.gateway.replicas
    return {
        # One backend in Envoy for each Service port, whatever routes lead there and with what weight.
        "mergeBackends": {},
        "concurrency": WORKERS,
        # For all services, whatever their thresholds: a change of it starts the proxies anew.
        "bootstrap": {"type": "Merge", "value": json.dumps({"stats_config": {"histogram_bucket_settings": [
            {"match": {"suffix": "upstream_rq_time"}, "buckets": LATENCY_BUCKETS_MS}
        ]}})},
        "logging": {"level": {"default": "warn"}},
        "telemetry": {"accessLog": {"disable": True}},  # a line for each request costs more than forwarding it
        "shutdown": {"minDrainDuration": f"{LEAVE_SERVICE_SECONDS}s", "drainTimeout": f"{DRAIN_SECONDS}s"},
        "provider": {
            "type": "Kubernetes",
            "kubernetes": {
                "envoyDeployment": {
                    "replicas": replicas,
                    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                    "container": {
                        "image": args.stack.images.envoy,
                        "resources": {"requests": {"cpu": PROXY_CPU, "memory": PROXY_MEMORY},
                                      "limits": {"memory": PROXY_MEMORY}},
                    },
                },
                **({"envoyPDB": {"maxUnavailable": 1}} if replicas > 1 else {}),
                # Reached from inside the cluster only: a load balancer would have to say who may call.
                "envoyService": {"type": "ClusterIP"},
            },
        },
    }  # fmt: skip


def gateway_spec(spec: GatewaySpec, certificate: pulumi.Input[str] | None) -> dict[str, Any]:
    """The Gateway: its listeners, for this namespace's routes."""
    own_routes = {"namespaces": {"from": "Same"}}
    listeners: list[dict[str, Any]] = [
        {"name": "http", "protocol": "HTTP", "port": HTTP_PORT, "allowedRoutes": own_routes}
    ]
    if certificate is not None:
        listeners.append(
            {
                "name": "https",
                "protocol": "HTTPS",
                "port": HTTPS_PORT,
                "allowedRoutes": own_routes,
                "tls": {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": certificate}]},
            }
        )
    parameters = {"group": "gateway.envoyproxy.io", "kind": "EnvoyProxy", "name": GATEWAY_NAME}
    return {
        "gatewayClassName": spec.class_name,
        "infrastructure": {"parametersRef": parameters},
        "listeners": listeners,
    }


def towards_callers(spec: GatewaySpec) -> dict[str, Any]:
    """The ClientTrafficPolicy: what callers may do."""
    return {
        "targetRefs": [_GATEWAY],
        "connection": {
            "connectionLimit": {"value": spec.limits.connections},
            "bufferLimit": f"{spec.limits.request_mib}Mi",
        },
        "http2": {"maxConcurrentStreams": STREAMS_PER_CONNECTION},
        "timeout": {"http": {"idleTimeout": f"{spec.limits.idle_seconds}s"}},
    }


def towards_servers(args: GatewayArgs) -> dict[str, Any]:
    """The BackendTrafficPolicy: how the proxies treat every server."""
    spec = args.stack.gateway
    return {
        "targetRefs": [_GATEWAY],
        "timeout": {
            "tcp": {"connectTimeout": CONNECT_TIMEOUT},
            # HTTPRoutes have each service's own; a GRPCRoute has no place for one, and gRPC callers set deadlines.
            "http": {"requestTimeout": duration(args.stack.longest_request_ms)},
        },
        "connection": {"bufferLimit": f"{spec.limits.request_mib}Mi"},
        "circuitBreaker": {
            "maxConnections": spec.limits.connections,
            "maxPendingRequests": spec.limits.pending_requests,
            "maxParallelRequests": spec.limits.parallel_requests,
            "maxParallelRetries": PARALLEL_RETRIES,
        },
        "healthCheck": {
            "passive": {
                "interval": "1s",
                "splitExternalLocalOriginErrors": True,
                "consecutiveLocalOriginFailures": BROKEN_CONNECTIONS_IN_A_ROW,
                "consecutive5XxErrors": ERRORS_IN_A_ROW,
                "baseEjectionTime": EJECTION_TIME,
                "maxEjectionPercent": EJECTED_PERCENT,
            },
            # Of a version with no healthy replica, try the others: one on its way out still answers.
            "panicThreshold": 1,
        },
    }


_GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": GATEWAY_NAME}
