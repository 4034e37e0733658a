"""How many replicas a service runs, and what moves that number."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stacks.schema.base import Spec, kind_is_text


class Replicas(Spec):
    """The range the number of replicas moves in; equal ends fix it."""

    min: int = Field(
        ge=0,
        le=1_000,
        description="The fewest replicas, in pods. 0 scales to zero, which only a signal can undo; above 1,000 is "
        "taken for a slip.",
        examples=[2],
    )
    max: int = Field(
        ge=1,
        le=1_000,
        description="The most replicas, in pods. Bounds what the service can cost, and must fit its pool; above 1,000 "
        "is taken for a slip.",
        examples=[2],
    )


class QueueTime(Spec):
    """Scale on the mean time that requests wait in Triton's queue."""

    kind: Literal["queueTime"] = "queueTime"
    target_ms: float = Field(
        gt=0,
        le=60_000,
        description="The mean queue time to hold, in milliseconds. Below the latency objective, or replicas arrive "
        "after the objective is missed; above 0, because some queue is how batches form.",
        examples=[5],
    )


class PendingRequests(Spec):
    """Scale on the number of requests waiting in Triton's queue."""

    kind: Literal["pendingRequests"] = "pendingRequests"
    target_per_replica: float = Field(
        gt=0,
        le=100_000,
        description="The number of waiting requests to hold, in requests for each replica. Above 0, or no number of "
        "replicas would do.",
        examples=[4],
    )


class Utilisation(Spec):
    """Scale on the share of their measured capacity that replicas are asked for."""

    kind: Literal["utilisation"] = "utilisation"
    target_percent: float = Field(
        gt=0,
        le=100,
        description="The share of its capacity to ask of each replica, in percent of capacity.requestsPerSecond. What "
        "is left is the headroom for a burst.",
        examples=[70],
    )


Signal = Annotated[
    QueueTime | PendingRequests | Utilisation, Field(discriminator="kind"), BeforeValidator(kind_is_text)
]
"""What the autoscaler watches: queueTime, pendingRequests or utilisation."""


class Pace(Spec):
    """How fast the number of replicas may move in one direction."""

    stabilisation_seconds: int = Field(
        ge=0,
        le=3_600,
        description="How long a wish has to stand before it is followed, in seconds: the most careful one of that time "
        "counts. 3,600 is Kubernetes' own limit.",
        examples=[300],
    )
    replicas: int = Field(
        ge=1,
        le=1_000,
        description="How many replicas may come or go in one period.",
        examples=[2],
    )
    period_seconds: int = Field(
        ge=1,
        le=1_800,
        description="The length of such a period, in seconds. 1,800 is Kubernetes' own limit.",
        examples=[60],
    )


class Scaling(Spec):
    """A range of replicas, the signal that moves within it, and how fast."""

    replicas: Replicas = Field(
        default=Replicas(min=2, max=2),
        description="How many replicas may run. Two by default, so that one can be replaced while the other answers.",
    )
    signal: Signal | None = Field(
        default=None,
        description="What the autoscaler watches. Absent: nothing moves the number, so min and max are equal.",
        examples=[{"kind": "queueTime", "targetMs": 5}],
    )
    up: Pace = Field(
        default=Pace(stabilisation_seconds=0, replicas=4, period_seconds=15),
        description="How fast replicas are added. At once and several, because callers wait meanwhile; not all at "
        "once, because one false reading would start every node.",
    )
    down: Pace = Field(
        default=Pace(stabilisation_seconds=300, replicas=1, period_seconds=60),
        description="How fast replicas are taken away. Slowly, because a replica too many costs cents and one too few "
        "costs error budget, and the next rise may be minutes away.",
    )
    fallback_replicas: int | None = Field(
        default=None,
        ge=1,
        le=1_000,
        description="The fewest replicas while the signal can't be read. More that run already stay. Absent: "
        "replicas.min, so that the number is just held.",
    )
