"""Changes for policies to judge."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from observability.evidence import Health
from policies.change import Asked, Change, NotKnownError
from policies.limits import Limits, read_limits
from policies.policy import Props, Resource
from stacks.schema import Stack, parse
from tests.stacks.configs import committed, put

TODAY = date(2026, 11, 28)
LIMITS = read_limits().every
VERSIONS = {"digits/1": "a1", "digits/2": "a2", "digits/3": "a3", "digits/4": "a4"}


def a_change(
    stack: Stack,
    *,
    deployed: Stack | NotKnownError | None = None,
    health: Health | NotKnownError = Health(),  # noqa: B008 - frozen
    limits: Limits = LIMITS,
    versions: Mapping[str, str] = VERSIONS,
) -> Change:
    """An update to `stack` of what is deployed."""

    def read_deployed() -> Asked | None:
        if isinstance(deployed, NotKnownError):
            raise deployed
        return Asked(deployed, VERSIONS) if deployed else None

    def read_health(deployed: Stack, service: str, version: int) -> Health:
        if isinstance(health, NotKnownError):
            raise health
        return health

    return Change(Asked(stack, versions), limits, TODAY, read_deployed, read_health)


def prod(**changed: Any) -> Stack:
    """The committed stack for production, with the values at some dotted paths changed."""
    config = committed("Pulumi.prod.yaml")
    for path, value in changed.items():
        config = put(config, path, value)
    return parse(config)


def a_resource(
    type_: str, name: str = "one", *, provider: Props | None = None, protected: bool = False, **props: Any
) -> Resource:
    """A resource as it is about to be."""
    return Resource(type=type_, name=name, props=props, provider=provider or {}, protected=protected)
