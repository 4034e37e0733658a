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
    email: str = Field(
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        max_length=254,
        description="Where AWS writes when the month's cost passes half, four fifths or all of it, or is going to: the "
        "owner's mailing list.",
        examples=["ml-platform@example.com"],
        json_schema_extra={"patternErrorMessage": "an e-mail address"},
    )
