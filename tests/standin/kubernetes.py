"""The stand-in for the `kubernetes` provider: keeps what it is given, for a real API server to judge afterwards.

No cluster on AWS is to be had here, and the embedded one has neither GPUs nor AWS' controllers: pods would wait for
ever. What is kept here goes to the embedded API server as a dry run: tests/cluster/test_eks_objects.py.
"""

import time
from collections.abc import Iterable
from typing import Any

from tests.standin.protocol import StandIn, Values, unknown

CLUSTER_IP = "172.20.0.99"

FAILING_SECONDS = 5
"""What a Job takes until it has failed: long enough for whatever does not wait for it to be changed."""

IMMUTABLE = ("apiVersion", "kind")


class KubernetesStandIn(StandIn):
    """Every kind of object, and Helm releases, by ID."""

    name = "kubernetes"
    version = "4.34.2"

    def __init__(self) -> None:
        self.kept: dict[str, Values] = {}
        """The inputs of each, by ID."""
        self.failing: set[str] = set()
        """Types of which nothing gets ready, as a Job whose pod fails."""

    @property
    def objects(self) -> list[Values]:
        """Whole Kubernetes objects, as they would be sent to a server."""
        return [kept for kept in self.kept.values() if "apiVersion" in kept]

    def refusals(self, kind: str, inputs: Values) -> Iterable[tuple[str, str]]:
        """An object has a kind and a name."""
        if kind == "kubernetes:helm.sh/v3:Release":
            return (
                () if inputs.get("chart") and inputs.get("version") else (("version", "a release names its chart's"),)
            )
        named = inputs.get("metadata", {})
        return () if unknown(named) or named.get("name") else (("metadata.name", "is missing"),)

    def completed(self, kind: str, urn: str, inputs: Values, old: Values, seed: bytes) -> Values:
        """Nothing is added."""
        return inputs

    def replacing(self, kind: str, changed: Iterable[str]) -> list[str]:
        """What makes another object of it."""
        return [key for key in changed if key in IMMUTABLE]

    def create(self, kind: str, inputs: Values) -> tuple[str, Values]:
        """Keep it."""
        named: dict[str, Any] = inputs.get("metadata", inputs)
        identity = f"{kind} {named.get('namespace', '')}/{named['name']}"
        if identity in self.kept:
            raise ValueError(f"{identity} already exists")
        if kind in self.failing:
            time.sleep(FAILING_SECONDS)
            raise ValueError(f"{identity} did not get ready")
        self.kept[identity] = inputs
        return identity, self._outputs(kind, inputs)

    def read(self, kind: str, identity: str) -> Values | None:
        """What was kept."""
        kept = self.kept.get(identity)
        return None if kept is None else self._outputs(kind, kept)

    def update(self, kind: str, identity: str, old: Values, new: Values) -> Values:
        """Keep the new."""
        self.kept[identity] = new
        return self._outputs(kind, new)

    def delete(self, kind: str, identity: str) -> None:
        """Forget it."""
        self.kept.pop(identity, None)

    @staticmethod
    def _outputs(kind: str, inputs: Values) -> Values:
        if kind == "kubernetes:core/v1:Service":
            return {**inputs, "spec": {**inputs["spec"], "clusterIP": CLUSTER_IP}}
        return inputs
