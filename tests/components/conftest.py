from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from components.model_store import Publish
from components.triton_pod import ModelsOnVolume


@dataclass
class RecordingEngine(Mocks):
    """Creates nothing, and remembers what it was asked to create."""

    created: list[MockResourceArgs] = field(default_factory=list[MockResourceArgs])

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.created.append(args)
        return f"{args.name}-id", cast("dict[str, Any]", args.inputs)  # pyright: ignore[reportUnknownMemberType] - untyped in the SDK

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no test calls {args.token}")

    def inputs_of(self, kind: str) -> list[dict[str, Any]]:
        """The inputs of each resource whose type ends in `:kind`."""
        return [cast("dict[str, Any]", made.inputs) for made in self.created if made.typ.endswith(f":{kind}")]


class APlatform:
    """A cluster that is there, with models on a volume."""

    def __init__(self) -> None:
        self.kubernetes = k8s.Provider("kubernetes")
        self.ready: Sequence[pulumi.Resource] = ()

    def publisher(self, namespace: pulumi.Input[str]) -> Publish:  # noqa: ARG002 - the signature is the platforms'
        return lambda _service, _repositories: ModelsOnVolume(claim="model-store")


class Build(Protocol):
    def __call__(self, program: Callable[[], None], *, preview: bool = False) -> RecordingEngine: ...


@pytest.fixture
def build() -> Build:
    """Run a program under mocks until every registration has landed: absence can be asserted only then."""

    def run(program: Callable[[], None], *, preview: bool = False) -> RecordingEngine:
        engine = RecordingEngine()
        set_mocks(engine, preview=preview)
        pulumi.runtime.test(program)()  # pyright: ignore[reportUnknownMemberType] - untyped in the SDK
        return engine

    return run
