"""One served model."""

import math
from datetime import date
from typing import Literal

from pydantic import Field

from stacks.schema.base import Name, Spec, Version
from stacks.schema.batching import Batching
from stacks.schema.canary import Canary
from stacks.schema.engine import Engine
from stacks.schema.fix import Fix
from stacks.schema.scaling import Scaling
from stacks.schema.slo import Slo
from stacks.schema.traffic import Traffic


class Resources(Spec):
    """What one replica reserves on its node."""

    cpu: float = Field(
        default=1.0,
        ge=0.01,
        le=192,
        description="CPU of one replica, in cores. At most 192, which is what the largest node has.",
    )
    memory_mib: int = Field(
        default=1024,
        ge=256,
        le=2_097_152,
        description="Memory of one replica, in MiB. At least 256, because less is taken for a number of GiB; at "
        "most 2 TiB, which is what the largest node has.",
    )


class Capacity(Spec):
    """What one replica was measured to carry within the objectives; `python -m ops calibrate` writes it."""

    requests_per_second: float = Field(
        gt=0,
        le=1_000_000,
        description="The most requests that one replica answers within the latency objective, in requests a second.",
        examples=[240],
    )
    measured: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The day of the measurement, as YYYY-MM-DD: a model, an image or a node changes what it was.",
        examples=["2026-11-25"],
    )
    machine: str = Field(
        min_length=1,
        max_length=200,
        description="What it was measured on, in words: it holds for no other machine.",
        examples=["g6.2xlarge, one NVIDIA L4"],
    )


class Service(Spec):
    """A model behind one name: which version, on what, how fast, how many."""

    runtime: Literal["triton"] = Field(
        default="triton",
        description="The inference server. Triton is the one there is.",
    )
    pool: Name | None = Field(
        default=None,
        description="The GPU pool whose nodes it runs on, one GPU for each replica. Absent: no GPU, any node.",
        examples=["l4"],
    )
    model: Name = Field(
        description="The model to serve: a folder in model_repo, and Triton's name for it.",
        examples=["digits"],
    )
    version: Version = Field(
        description="The stable version: a numbered folder in the model's. Above 0, because "
        "Triton ignores folders whose name starts with 0.",
        examples=[1],
    )
    engine: Engine = Field(
        description="What runs the model inside Triton. Always said, because not every Triton image has every backend.",
        examples=[{"kind": "onnxruntime"}],
    )
    batching: Batching = Field(
        default=Batching(),
        description="How requests are gathered into batches, and how many may wait.",
    )
    instances: int = Field(
        default=2,
        ge=2,
        le=32,
        description="Copies of the model in each replica. At least 2: with one copy Triton's bounded queue moves only "
        "on half-second ticks, and requests time out that should not. Above 32 is taken for a slip.",
    )
    resources: Resources = Field(
        default=Resources(),
        description="CPU and memory that one replica reserves on its node.",
    )
    scaling: Scaling = Field(
        default=Scaling(),
        description="How many replicas run, and what moves that number.",
    )
    capacity: Capacity | None = Field(
        default=None,
        description="What one replica carries. Absent: not measured, and no check or signal can count on it.",
    )
    slo: Slo | None = Field(
        default=None,
        description="What the service promises its callers. Absent: nothing is promised, and no alert fires on it.",
    )
    traffic: Traffic = Field(
        default=Traffic(),
        description="How the gateway treats its requests: timeout, retries, rate limit.",
    )
    canary: Canary | None = Field(
        default=None,
        description="A version on trial beside the stable one. Absent: none.",
    )
    fix: Fix | None = Field(
        default=None,
        description="Marks a change as one that mends the service: it may go out though the error budget is spent. "
        "Absent: it is a change like any other.",
    )

    def is_fix(self, today: date) -> bool:
        """Whether its changes are marked as a fix, and still are on that day."""
        return self.fix is not None and today <= date.fromisoformat(self.fix.until)

    @property
    def max_replicas(self) -> int:
        """The most pods the service runs at once: its replicas at full scale, and the canary's."""
        return self.scaling.replicas.max + self.canary_replicas(self.scaling.replicas.max)

    @property
    def canary_gets_requests(self) -> bool:
        """Whether any request reaches the canary that does not ask for it."""
        return self.canary is not None and (self.canary.weight > 0 or self.canary.mirror)

    @property
    def at_least_replicas(self) -> "Service":
        """The same service, with its range of replicas shrunk to the fewest."""
        replicas = self.scaling.replicas
        scaling = self.scaling.model_copy(update={"replicas": replicas.model_copy(update={"max": replicas.min})})
        return self.model_copy(update={"scaling": scaling})

    def canary_replicas(self, stable_replicas: int) -> int:
        """How many replicas carry the canary's share of what `stable_replicas` carry; 0 without a canary.

        A shadow gets a copy of every request, and one that gets none is kept ready.
        """
        if self.canary is None:
            return 0
        percent = 100 if self.canary.mirror else self.canary.weight
        return max(1, math.ceil(stable_replicas * percent / 100))
