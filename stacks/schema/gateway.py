"""The way in for callers: one gateway a stack."""

from pydantic import Field

from stacks.schema.base import Name, Spec

GATEWAY_NAME = "gateway"
"""What every object of a stack's gateway is called; no service is called so."""

HTTP_PORT = 80
HTTPS_PORT = 443


class Tls(Spec):
    """The certificate of the gateway's TLS listener."""

    secret_name: Name = Field(
        description="The Secret of type kubernetes.io/tls in the stack's namespace, good for the gateway's domain and "
        "the names right below it. By reference, because a stack holds no secrets.",
        examples=["gateway-tls"],
    )


class Limits(Spec):
    """What one replica of the gateway lets through before it refuses."""

    connections: int = Field(
        default=2_000,
        ge=1,
        le=1_000_000,
        description="The most connections that callers may hold open, in connections. Finite, because each costs the "
        "gateway memory.",
    )
    parallel_requests: int = Field(
        default=512,
        ge=1,
        le=1_000_000,
        description="The most requests under way to one version of one service, in requests. Counted besides the "
        "connections, because one gRPC connection carries many; more are refused at once with 503.",
    )
    pending_requests: int = Field(
        default=256,
        ge=1,
        le=1_000_000,
        description="The most requests that wait for a connection to one version of one service, in requests. Finite, "
        "because a queue without end answers too late.",
    )
    request_mib: int = Field(
        default=16,
        ge=1,
        le=1024,
        description="The largest request, in MiB. Room for a batch of tensors, and finite, because the gateway keeps a "
        "request until it is answered, to be able to send it again.",
    )
    idle_seconds: int = Field(
        default=300,
        ge=1,
        le=86_400,
        description="How long a connection may be idle, in seconds. Finite, because some callers go without a word.",
    )


class Gateway(Spec):
    """The gateway that every service of the stack is called through."""

    class_name: Name = Field(
        default="eg",
        description="The GatewayClass, which the cluster's Envoy Gateway serves. Its own guide calls it eg.",
    )
    controller_namespace: Name = Field(
        default="envoy-gateway-system",
        description="The namespace of the cluster's Envoy Gateway. Its proxies run there, and model servers admit "
        "them.",
    )
    domain: str = Field(
        default="plimsoll.internal",
        pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)+$",
        max_length=200,
        description="The DNS domain of the services' names: SERVICE.DOMAIN for HTTP, SERVICE-grpc.DOMAIN for gRPC. At "
        "most 200 characters, which leaves room for a service's.",
        json_schema_extra={"patternErrorMessage": "a DNS domain, as in models.example.com"},
    )
    tls: Tls | None = Field(
        default=None,
        description="The certificate of the TLS listener. Absent: a local cluster makes its own, signed by an "
        "authority of its own; any other has no TLS listener.",
    )
    replicas: int = Field(
        default=2,
        ge=1,
        le=100,
        description="How many proxies run, in pods. Two by default, so that one can be replaced while the other "
        "forwards; above 100 is taken for a slip.",
    )
    limits: Limits = Field(
        default=Limits(),
        description="What each of them lets through before it refuses.",
    )

    def http_host(self, service: str) -> str:
        """The host name that a service's HTTP callers use."""
        return f"{service}.{self.domain}"

    def grpc_host(self, service: str) -> str:
        """The host name that its gRPC callers use: Gateway API lets routes of the two kinds share none."""
        return f"{service}-grpc.{self.domain}"
