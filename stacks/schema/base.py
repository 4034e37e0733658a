"""What every part of a stack has in common: how it is read, and how things are named."""

from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

MAX_NAME_LENGTH = 40  # a Kubernetes label ends at 63: this leaves 23 for what is added to a name
NAME_PATTERN = "^[a-z]([-a-z0-9]*[a-z0-9])?$"


def _require_kind(schema: JsonDict) -> None:
    """Let an editor ask for `kind`: Python may leave it out because the class says it, YAML may not."""
    properties = schema.get("properties")
    if isinstance(properties, dict) and "kind" in properties:
        required = schema.get("required", [])
        schema["required"] = ["kind", *(required if isinstance(required, list) else [])]


class Spec(BaseModel):
    """One noun of a stack: camelCase in YAML, snake_case in Python, frozen, no unknown keys, no type guessed."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,  # for code; `parse` switches it off, so a file has one spelling
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        json_schema_extra=_require_kind,
    )


def kind_is_text(value: object) -> object:
    """Refuse a `kind` that is not text before pydantic looks at it: it spells the value out, however large or deep."""
    kind = cast("dict[object, object]", value).get("kind", "") if isinstance(value, dict) else ""
    if not isinstance(kind, str):
        raise PydanticCustomError("kind_type", "kind is not text")
    return cast("object", value)


Name = Annotated[
    str,
    Field(
        pattern=NAME_PATTERN,
        max_length=MAX_NAME_LENGTH,
        json_schema_extra={
            "patternErrorMessage": f"lower-case letters, digits and hyphens, starting with a letter, not ending in a "
            f"hyphen, at most {MAX_NAME_LENGTH} characters"
        },
    ),
]
"""A DNS label of at most 40 characters, so that the Kubernetes names built from it stay below 63."""

Version = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""A model version: the number of a folder in the model's, up to the largest integer every JSON reader keeps exactly."""
