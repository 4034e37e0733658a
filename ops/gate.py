"""Whether a canary does as well as the stable version beside it, over the same time."""

from dataclasses import dataclass

from observability.gateway import Counts

ROUNDING = 1e-9  # 10 of 100 is at the limit of 9 of 100 and 1 % more, and not above it


@dataclass(frozen=True)
class Gate:
    """What a canary may cost its callers, and how much has to be seen before that is judged."""

    error_excess: float = 0.01
    """How far its share of failed requests may lie above the stable side's, from 0 to 1."""
    p95_ratio: float = 1.5
    """How many times the stable side's p95 its own may be."""
    p95_slack_ms: float = 5.0
    """What its p95 may be above that: the gateway counts latencies in a few buckets, and small ones fall into one."""
    least_requests: int = 100
    """Of each side, to judge by."""

    def has_seen_enough(self, side: Counts) -> bool:
        """Whether a side can be judged. One that can't is never taken for good."""
        return side.requests >= self.least_requests

    def failing(self, canary: Counts, stable: Counts) -> str:
        """Why too many of the canary's requests fail, as a clause; empty if they don't."""
        if canary.error_ratio <= stable.error_ratio + self.error_excess + ROUNDING:
            return ""
        return (
            f"{canary.error_ratio:.1%} of its {canary.requests:.0f} requests failed; the limit is the stable side's "
            f"{stable.error_ratio:.1%} and {self.error_excess:.1%} more"
        )

    def slow(self, canary: Counts, stable: Counts) -> str:
        """Why the canary's answers take too long, as a clause; empty if they don't."""
        its, usual = canary.latency_ms(0.95), stable.latency_ms(0.95)
        if its is None or usual is None or its <= (limit := usual * self.p95_ratio + self.p95_slack_ms):
            return ""
        return (
            f"its p95 is {its:.1f} ms; the limit is {limit:.1f} ms: {self.p95_ratio:g} times the stable side's "
            f"{usual:.1f} ms, and {self.p95_slack_ms:g} ms more"
        )
