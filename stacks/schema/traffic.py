"""How the gateway treats one service's requests."""

from pydantic import Field

from stacks.schema.base import Spec


class RateLimit(Spec):
    """A ceiling on one service's requests, which each replica of the gateway keeps for itself."""

    requests_per_second: int = Field(
        ge=1,
        le=1_000_000,
        description="The most requests a second that one replica of the gateway forwards, in requests. More are "
        "refused at once with 429.",
        examples=[500],
    )


class Traffic(Spec):
    """A timeout, retries and a rate limit."""

    request_timeout_ms: int = Field(
        default=10_000,
        ge=1,
        le=3_600_000,
        description="How long a request may take, retries included, in milliseconds. Above the latency threshold, or "
        "requests are cut off whose lateness would only have been counted; above an hour is taken for a slip.",
    )
    retries: int = Field(
        default=2,
        ge=0,
        le=5,
        description="How often a request is sent again when its connection broke or its server refused it. Few, "
        "because under overload each is more load.",
    )
    rate_limit: RateLimit | None = Field(
        default=None,
        description="A ceiling on the rate of requests. Absent: what the servers can do is the ceiling.",
    )
    usual_requests_per_second: float | None = Field(
        default=None,
        gt=0,
        le=10_000_000,
        description="The load of an ordinary hour, in requests a second: what the expected cost is worked out from, "
        "with a measured capacity. Absent: not stated, and the service counts at its most replicas.",
        examples=[120],
    )
    peak_requests_per_second: float | None = Field(
        default=None,
        gt=0,
        le=10_000_000,
        description="The load that the service must carry, in requests a second. With a measured capacity, replicas "
        "that can't carry it are refused. Absent: not stated, and not checked.",
        examples=[500],
    )
