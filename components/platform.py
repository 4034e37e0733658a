"""What a stack's services are placed on, whoever made it."""

from collections.abc import Sequence
from typing import Protocol

import pulumi
import pulumi_kubernetes as k8s

from components.buildable import BuildableStack, OnCluster, OnEks
from components.cluster import Cluster
from components.model_store import Publish


class Platform(Protocol):
    """A Kubernetes cluster with nodes and add-ons, and somewhere to keep models."""

    kubernetes: k8s.Provider
    """What all Kubernetes objects are placed through."""
    ready: Sequence[pulumi.Resource]
    """What has to be there before a model server can run."""

    def publisher(self, namespace: pulumi.Input[str]) -> Publish:
        """What makes models readable for the servers of a namespace."""
        ...


def place_platform(asked: BuildableStack) -> Platform:
    """Place what the stack makes of its own platform, and find the rest."""
    match asked.target:
        case OnCluster() as target:
            return Cluster("cluster", target)
        case OnEks() as target:
            from components.eks import EksPlatform  # noqa: PLC0415 - two thirds of a second, for who needs it

            return EksPlatform("eks", asked.stack, target)
