"""Every service promises something, and Prometheus is there to count it."""

from collections.abc import Iterator

from stacks.schema import Problem

from policies.change import Change
from policies.policy import OfStack


def problems(change: Change) -> Iterator[Problem]:
    """Services without objectives, and a stack without anything that counts them."""
    stack = change.stack
    for name, service in stack.services.items():
        if service.slo is None:
            yield Problem(
                path=f"services.{name}.slo",
                found="is absent",
                limit="an availability and a latency objective",
                reason="without one no alert fires, no canary can be judged, and nobody knows when to stop changing it",
                way_out="say what its callers may rely on, as in slo: {availabilityPercent: 99, latency: {thresholdMs: "
                "100, percent: 95}}; a modest promise is better than none",
            )
    if stack.monitoring is None:
        yield Problem(
            path="monitoring",
            found="is absent",
            limit="the Prometheus that watches the stack",
            reason="objectives that nobody counts are not kept",
            way_out="say monitoring: {}, or where its Prometheus is",
        )


POLICY = OfStack("slo", "Every service has objectives, and a Prometheus that counts them.", problems)
