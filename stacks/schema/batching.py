"""How requests are gathered into batches, and how many may wait."""

from pydantic import Field

from stacks.schema.base import Spec


class Batching(Spec):
    """Triton's dynamic batcher and its bounded queue."""

    max_batch_size: int = Field(
        default=32,
        ge=1,
        le=4096,
        description="The largest batch, in items. Larger ones give more throughput and more latency; above 4,096 "
        "is taken for a slip.",
    )
    max_queue_delay_ms: float = Field(
        default=2.0,  # a float like one from a file, so that both render alike
        ge=0,
        le=10_000,
        description="How long a request waits for others to join its batch, in milliseconds. A lone request waits all "
        "of it, so it stays below the latency objective; above 10 seconds is taken for a slip.",
    )
    max_queue_size: int = Field(
        default=256,
        ge=1,
        le=100_000,
        description="How many requests may wait for one model before Triton refuses more, in requests. At least "
        "maxBatchSize, or a full batch can never form; finite, because a queue without end answers too late.",
    )
