"""What a service promises its callers."""

from pydantic import Field

from stacks.schema.base import Spec

LATENCY_BUCKETS_MS = (
    *(1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 200, 250, 300, 400, 500, 600, 750),
    *(1_000, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000),
    600_000,
)
"""The times that the gateway counts answers by, in milliseconds. What lies between two is not known exactly."""


class Latency(Spec):
    """A latency objective: `percent` of the requests are answered within `threshold_ms`."""

    threshold_ms: float = Field(
        gt=0,
        le=600_000,
        description="How long an answer may take, measured at the gateway, in milliseconds. Above 10 minutes is "
        "taken for a slip.",
        examples=[50],
    )
    percent: float = Field(
        gt=0,
        lt=100,
        description="The share of requests answered within thresholdMs, in percent. Below 100: what is left is the "
        "error budget, and none would make every slow request an alert.",
        examples=[95],
    )


class Slo(Spec):
    """Availability and latency objectives over one rolling window."""

    availability_percent: float = Field(
        gt=0,
        lt=100,
        description="The share of requests answered without a server's error, in percent. Below 100: what is left is "
        "the error budget, and none would make every error an alert.",
        examples=[99.9],
    )
    latency: Latency = Field(
        description="The latency objective: which share of the requests is answered how fast.",
    )
    window_days: int = Field(
        default=30,
        ge=1,
        le=90,
        description="The rolling window that the objectives are counted over, in days. At most 90: a longer "
        "one would hide a bad month.",
    )
