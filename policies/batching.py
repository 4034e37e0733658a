"""Batches form well within what callers were promised, and a queue ends somewhere."""

from collections.abc import Iterator

from stacks.schema import Problem

from policies.change import Change
from policies.policy import OfStack


def problems(change: Change) -> Iterator[Problem]:
    """Services whose requests wait too long for a batch, or in too long a queue."""
    limits = change.limits.batching
    for name, service in change.stack.services.items():
        batching = service.batching
        if service.slo:
            threshold = service.slo.latency.threshold_ms
            longest = threshold * limits.max_delay_percent / 100
            if batching.max_queue_delay_ms > longest:
                yield Problem(
                    path=f"services.{name}.batching.maxQueueDelayMs",
                    found=f"{batching.max_queue_delay_ms:g} ms",
                    limit=f"{longest:g} ms: {limits.max_delay_percent:g} % of the latency objective's {threshold:g} "
                    "ms, by policies/limits.yaml",
                    reason="a lone request waits all of it before anything is computed",
                    way_out="lower it; at a high load batches form without waiting",
                )
        if batching.max_queue_size > limits.max_queue_size:
            yield Problem(
                path=f"services.{name}.batching.maxQueueSize",
                found=f"{batching.max_queue_size} requests",
                limit=f"{limits.max_queue_size}, by policies/limits.yaml",
                reason="what waits at the end of a long queue is answered when its caller has gone, and costs the same",
                way_out="lower it: callers that are refused at once can go elsewhere",
            )


POLICY = OfStack("batching", "Batches form well within the latency objective, and queues end.", problems)
