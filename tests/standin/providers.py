"""Both stand-ins at once, and how the engine is told to take them for the providers."""

import contextlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from tests.standin.aws import AwsStandIn
from tests.standin.kubernetes import KubernetesStandIn
from tests.standin.moto_server import moto
from tests.standin.protocol import served


@dataclass(frozen=True)
class Providers:
    """An AWS account with nothing in it yet, and the cluster that is going to be in it."""

    endpoint: str
    """Where moto is."""
    objects: KubernetesStandIn
    environment: Mapping[str, str]
    """What has to be in a pulumi command's environment."""


@contextlib.contextmanager
def stand_ins() -> Generator[Providers]:
    """Serve both on free ports of the loopback."""
    objects = KubernetesStandIn()
    with moto() as endpoint, served(AwsStandIn(endpoint)) as aws_port, served(objects) as kubernetes_port:
        debugged = {"PULUMI_DEBUG_PROVIDERS": f"aws:{aws_port},kubernetes:{kubernetes_port}"}
        yield Providers(endpoint, objects, debugged)
