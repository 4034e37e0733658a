"""The brake: what a stack gives up when its cost or its load is out of hand."""

from typing import Literal

from pydantic import Field

from stacks.schema.base import Spec


class Emergency(Spec):
    """Stops all growth: pools shrink to their floor, and services to their fewest replicas."""

    stop: Literal[True] = Field(
        description="Always true: take the whole `emergency` out to release the brake.",
        examples=[True],
    )
