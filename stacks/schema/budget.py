"""What a stack may cost, and whom to ask."""

from pydantic import Field

from stacks.schema.base import Name, Spec


class Budget(Spec):
    """A ceiling on the stack's worst-case monthly cost."""

    monthly_usd: float = Field(
        gt=0,
        le=1_000_000_000,
        description="The most that the stack may cost a month when every pool is at its maximum, in US dollars. "
        "Above 0: without a ceiling, leave the budget out.",
        examples=[12000],
    )
    owner: Name = Field(
        description="The team that answers for the money; it becomes a tag and a label.",
        examples=["ml-platform"],
    )
