"""What a service promises its callers."""

from pydantic import Field

from stacks.schema.base import Spec


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
