"""The two sides of a service, and how objects, metrics and answers tell them apart."""

from enum import StrEnum


class Variant(StrEnum):
    """What is proven, and what is on trial."""

    STABLE = "stable"
    CANARY = "canary"


SERVICE_LABEL = "plimsoll.dev/service"
"""On every object of a service, with the service's name."""

VARIANT_LABEL = "plimsoll.dev/variant"
"""On every object of one side of a service."""

OWNER_LABEL = "gateway.envoyproxy.io/owning-gateway-namespace"
"""Envoy Gateway's, on everything that it places for a gateway: the namespace of that one."""

VARIANT_HEADER = "x-plimsoll-variant"
"""In a request it asks for a side; in an answer it names the side that gave it."""

VERSION_HEADER = "x-plimsoll-version"
"""In an answer: the version that the side which gave it is there to serve."""


def server_name(service: str, variant: Variant) -> str:
    """The name of every object of one side. Callers inside the cluster know the stable one by the service's name."""
    return service if variant is Variant.STABLE else f"{service}-{variant}"
