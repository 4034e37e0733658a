"""The mark of a change that mends what spends an error budget."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticKnownError

from stacks.schema.base import Spec

_DAY = r"^\d{4}-\d{2}-\d{2}$"


def _of_the_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": _DAY}) from None
    return text


class Fix(Spec):
    """What a change mends, who says so, and until when the mark holds."""

    reason: str = Field(
        min_length=10,
        max_length=500,
        description="What the change mends, in words that its reviewer understands; a word or two say too little.",
        examples=["Version 3 fails on images that are all black"],
    )
    by: str = Field(
        min_length=1,
        max_length=200,
        description="Who says that it is a fix, by name.",
        examples=["on-call"],
    )
    until: Annotated[str, AfterValidator(_of_the_calendar)] = Field(
        pattern=_DAY,
        json_schema_extra={"patternErrorMessage": "a day of the calendar, as YYYY-MM-DD"},
        description="The last day on which the mark holds, as YYYY-MM-DD: one that stays for good would let "
        "everything out.",
        examples=["2026-12-01"],
    )
