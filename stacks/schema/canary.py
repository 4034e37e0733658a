"""A new model version beside the stable one."""

from pydantic import Field

from stacks.schema.base import Spec, Version


class Canary(Spec):
    """A second version on replicas of its own, enough for its share of the requests."""

    version: Version = Field(
        description="The model version on trial. Differs from the stable one, or there is nothing to compare.",
        examples=[3],
    )
    weight: int = Field(
        default=0,
        ge=0,
        le=100,
        description="The share of requests that the canary answers, in percent. 0 takes it back at once and keeps it "
        "running.",
    )
    mirror: bool = Field(
        default=False,
        description="Whether the canary is a shadow: it gets a copy of every request and its answers are thrown away, "
        "so that it is tried at no caller's risk. Needs as many replicas as the stable version.",
    )
