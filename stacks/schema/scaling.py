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
    """Scale on the share of time in which the model's instances compute."""

    kind: Literal["utilisation"] = "utilisation"
    target_percent: float = Field(
        gt=0,
        le=100,
        description="The busy share of each replica's instances to hold, in percent of time. What is left is the "
        "headroom for a burst.",
        examples=[70],
    )


Signal = Annotated[
    QueueTime | PendingRequests | Utilisation, Field(discriminator="kind"), BeforeValidator(kind_is_text)
]
"""What the autoscaler watches: queueTime, pendingRequests or utilisation."""


class Scaling(Spec):
    """A range of replicas and the signal that moves within it."""

    replicas: Replicas = Field(
        default=Replicas(min=2, max=2),
        description="How many replicas may run. Two by default, so that one can be replaced while the other answers.",
    )
    signal: Signal | None = Field(
        default=None,
        description="What the autoscaler watches. Absent: nothing moves the number, so min and max are equal.",
        examples=[{"kind": "queueTime", "targetMs": 5}],
    )
