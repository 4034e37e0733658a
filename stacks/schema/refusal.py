"""What pydantic refused, told in the project's words."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stacks.schema.base import MAX_NAME_LENGTH, NAME_PATTERN
from stacks.schema.place import ROOT_PATH, Place, root, shortened
from stacks.schema.problem import Problem

FOUND = {
    "missing": "is missing",
    "union_tag_not_found": "is missing",
    "greater_than": "{value} is too small",
    "greater_than_equal": "{value} is too small",
    "less_than": "{value} is too large",
    "less_than_equal": "{value} is too large",
    "finite_number": "{value} is not a finite number",
    "string_too_short": "{value} is too short",
    "string_too_long": "{value} is too long",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
    "literal_error": "{value} is not a choice here",
    "union_tag_invalid": "{value} is not a choice here",
    "string_pattern_mismatch": "{value} is not spelt as it has to be",
}
"""What is wrong, by pydantic's type of error. Any other type is a value of the wrong kind, which `KINDS` names."""

KINDS: tuple[tuple[type, str], ...] = (
    (type(None), "is empty"),
    (bool, "{value} is a truth value"),  # before int, which it is one of
    (int, "{value} is a number"),
    (float, "{value} is a number with a fraction"),
    (str, "{value} is text"),
    (list, "is a list"),
    (dict, "is an object"),
)

MAX_CHOICES = 12  # a longer list is no help in a message: the nearest are

_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
_NUMBER_WITH_UNIT = re.compile(r"\s*[-+]?[0-9][0-9_.,]*\s*[^\W\d_]+\s*|\s*[0-9.,]+\s*[%$€]\s*")


def field_problems(refused: ValidationError) -> Iterator[Problem]:
    """One `Problem` for each thing that pydantic refused."""
    errors = refused.errors(include_url=False)
    for error in errors:
        # A list whose entries were refused counts as too short: say it once.
        if error["type"] != "too_short" or not any(_is_below(other, error) for other in errors):
            yield _problem(error)


def _is_below(error: ErrorDetails, other: ErrorDetails) -> bool:
    depth = len(other["loc"])
    return len(error["loc"]) > depth and error["loc"][:depth] == other["loc"]


def _problem(error: ErrorDetails) -> Problem:
    kind, loc, value = error["type"], error["loc"], error["input"]
    match kind, loc:
        case "extra_forbidden" | "invalid_key", (*above, key):
            return _unknown_key(_place(above), key)
        case _, (*above, name, "[key]") if "propertyNames" in _place(above).schema:
            return _wrong_name(_place(above), name, kind)
        case "union_tag_not_found" | "union_tag_invalid" | "kind_type", _:
            # The input is the object whose kind is wrong.
            return _wrong_value(_place(loc).enter("kind"), cast("Mapping[str, object]", value).get("kind"), kind)
        case _:
            return _wrong_value(_place(loc), value, kind)


def _place(loc: Sequence[str | int]) -> Place:
    """Where an error lies. Pydantic's location has one step too many after a union: the kind it chose."""
    place = root()
    for step in loc:
        kinds = place.schema.get("discriminator", {}).get("mapping", {})
        place = place.variant(step) if isinstance(step, str) and step in kinds else place.enter(step)
    return place


def _unknown_key(parent: Place, key: str | int) -> Problem:
    way_out = "remove it, or use one of those keys"
    if near := _nearest(str(key), parent.keys):
        unit = parent.enter(near).unit
        way_out = f"did you mean {near}{f', which counts {unit}' if unit else ''}? Rename it, or remove it"
    return Problem(
        path=parent.enter(key).path,
        found="is not a key here",
        limit=f"one of: {', '.join(parent.keys)}",
        reason="nothing reads an unknown key, so what it asks for would silently not happen",
        way_out=way_out,
    )


def _wrong_name(parent: Place, name: str | int, kind: str) -> Problem:
    place = parent.name(name)
    return Problem(
        path=place.path,
        found=FOUND.get(kind, "is a name that is not text").format(value=_shown(name)),
        limit=place.limit,
        reason=place.reason,
        way_out=f"rename it, as in {_as_name(str(name)) or 'digits'}",
    )


def _wrong_value(place: Place, value: object, kind: str) -> Problem:
    return Problem(
        path=place.path or ROOT_PATH,
        found=FOUND.get(kind, _kind_of(value)).format(value=_shown(value)),
        limit=_limit(place, value),
        reason=place.reason,
        way_out=f"add `{place.line}`" if kind in ("missing", "union_tag_not_found") else _correction(place, value),
    )


def _limit(place: Place, value: object) -> str:
    if len(place.choices) > MAX_CHOICES:
        near = difflib.get_close_matches(_shown(value), place.choices, n=MAX_CHOICES // 2, cutoff=0)
        return f"one of {len(place.choices)} that stacks/schema.json lists, the nearest: {', '.join(near)}"
    return place.limit


def _correction(place: Place, value: object) -> str:
    is_number = place.schema.get("type") in ("integer", "number")
    match value:
        case None if "default" in place.schema:
            fix = "remove the key, and its default holds"
        case str() if is_number and _NUMBER.fullmatch(value):
            fix = f"write {value} without quotes"
        case str() if is_number and place.unit and _NUMBER_WITH_UNIT.fullmatch(value):
            fix = f"write the number alone, counted in {place.unit}, as in `{place.line}`"
        case str() if near := _nearest(value, place.choices):
            fix = f"did you mean {near}?"
        case str() if place.schema.get("pattern") == NAME_PATTERN and (name := _as_name(value)):
            fix = f"write it as {name}, or choose another name"
        case int() | float() if place.schema.get("type") == "string":
            fix = f"write text, in quotes where it looks like a number, as in `{place.line}`"
        case _:
            fix = f"keep within that limit, as in `{place.line}`"
    return fix


def _nearest(text: str, known: Iterable[str]) -> str | None:
    """The known word that a text most likely means, whichever way its words are joined."""
    plain = {_plain(word): word for word in known}
    return next((plain[near] for near in difflib.get_close_matches(_plain(text), plain, n=1)), None)


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def _as_name(text: str) -> str:
    """The nearest valid name; empty where no letter is left to begin with."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).lstrip("-0123456789")[:MAX_NAME_LENGTH].rstrip("-")


def _kind_of(value: object) -> str:
    return next((found for kind, found in KINDS if isinstance(value, kind)), "is not something YAML can say")


def _shown(value: object) -> str:
    match value:
        case str() | float():
            return shortened(repr(value))
        case bool():
            return str(value).lower()
        case int():
            # Python refuses to spell out a really long one.
            return str(value) if value.bit_length() <= 64 else f"a value of {value.bit_length()} bits"
        case list() | dict():
            return "a list" if isinstance(value, list) else "an object"
        case _:
            return "nothing"
