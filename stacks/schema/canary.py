"""A new model version beside the stable one."""

from pydantic import Field

from stacks.schema.base import Spec, Version


class Canary(Spec):
    """A second version on a replica of its own, taking a share of the requests."""

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
        description="Whether requests are also sent to the canary and its answers thrown away, so that it is tried at "
        "no caller's risk.",
    )
