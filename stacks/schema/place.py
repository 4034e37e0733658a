"""A place in a stack, and what the JSON schema says of it.

Error messages take limits, reasons and examples from here, so an error and an editor say the same about a key.
"""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from stacks.schema.json_schema import Schema, stack_schema

ROOT_PATH = "plimsoll:stack"
"""How the whole object is called where a path has no keys yet."""

UNITS = {
    "Ms": "milliseconds",
    "Mib": "MiB",
    "ercent": "percent",
    "weight": "percent",
    "Days": "days",
    "Usd": "US dollars",
    "cpu": "cores",
}
"""The unit that a key counts in, by how the key ends."""

BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}
"""How JSON schema's bounds of a number read."""

MAX_SHOWN = 60  # characters: enough to recognise a text by, and it stays on its line

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLAIN_TEXT = re.compile(r"[A-Za-z/][A-Za-z0-9_./@-]*(:[A-Za-z0-9_./@-]+)*")


@dataclass(frozen=True)
class Place:
    """Where something stands in a stack."""

    key: str | int
    """The last step of the path: the key, or the list's index."""
    path: str
    """As `pulumi config set --path` spells it; empty for the whole object."""
    schema: Schema
    """What may stand here; empty where the schema knows no such key."""
    reason: str
    """Why: the nearest description, here or above."""

    def enter(self, key: str | int) -> "Place":
        """The place that the YAML reaches from here by `key`."""
        nothing: Schema = {}
        properties: Schema = self.schema.get("properties", nothing)
        below = properties.get(str(key)) or self.schema.get("additionalProperties") or self.schema.get("items", nothing)
        if key == "kind" and "discriminator" in self.schema:
            usual = [sample["kind"] for sample in self._samples if sample]
            below = {"enum": list(self.schema["discriminator"]["mapping"]), "examples": usual}
        return self._below(key, below)

    def name(self, key: str | int) -> "Place":
        """A key of this map, taken as a value: what may be a name here."""
        return self._below(key, self.schema["propertyNames"])

    def variant(self, kind: str) -> "Place":
        """The same place, once its `kind` is known."""
        chosen = _resolved({"$ref": self.schema["discriminator"]["mapping"][kind]})
        return Place(self.key, self.path, chosen, self.reason)

    @property
    def keys(self) -> list[str]:
        """The keys that an object here may have."""
        return list(self.schema.get("properties", ()))

    @property
    def choices(self) -> list[str]:
        """What may stand here, where it can be listed, as YAML writes it."""
        listed = self.schema.get("enum", [self.schema["const"]] if "const" in self.schema else [])
        return [each if isinstance(each, str) else json.dumps(each) for each in listed]

    @property
    def unit(self) -> str | None:
        """What a number here counts, as its key says."""
        return next((unit for suffix, unit in UNITS.items() if str(self.key).endswith(suffix)), None)

    @property
    def line(self) -> str:
        """A line of YAML that may stand here."""
        value = self._example or f"({self.limit})"
        return f"- {value}" if isinstance(self.key, int) else f"{self.key}: {value}"

    @property
    def limit(self) -> str:
        """What may stand here, in words."""
        match self.schema:
            case {"enum": _} | {"const": _}:
                words = f"one of: {', '.join(self.choices)}"
            case {"patternErrorMessage": str(message)}:
                words = message
            case {"discriminator": {"mapping": kinds}}:
                words = f"an object with `kind`, one of: {', '.join(kinds)}"
            case {"properties": _}:
                words = f"an object with keys among: {', '.join(self.keys)}"
            case {"additionalProperties": _}:
                words = (
                    f"an object keyed by name{', with at least one entry' if 'minProperties' in self.schema else ''}"
                )
            case {"type": "array", "minItems": least, "maxItems": most}:
                words = f"a list of {least} to {most} entries"
            case {"type": "string", "minLength": least, "maxLength": most}:
                words = f"text of {least} to {most} characters"
            case {"type": "boolean"}:
                words = "true or false"
            case {"type": "integer"}:
                words = f"a whole number{self._bounds}"
            case _:
                words = f"a number{self._bounds}"
        return words

    @property
    def _bounds(self) -> str:
        said = [f"{words} {self.schema[bound]:,}" for bound, words in BOUNDS.items() if bound in self.schema]
        return (f", {' and '.join(said)}" if said else "") + (f", in {self.unit}" if self.unit else "")

    @property
    def _samples(self) -> list[Any]:
        return [*self.schema.get("examples", ()), self.schema.get("default")]

    @property
    def _example(self) -> str | None:
        for sample in (*self._samples, *self.schema.get("enum", ())):
            if sample is not None:
                return _as_yaml(sample)
        if "properties" in self.schema:
            required: list[str] = self.schema.get("required", [])
            return f"{{{', '.join(self.enter(key).line for key in required)}}}"
        return None

    def _below(self, key: str | int, schema: Schema) -> "Place":
        below = _resolved(schema)
        return Place(key, _join(self.path, key), below, below.get("description", self.reason))


@cache
def root() -> Place:
    """The whole `plimsoll:stack` object."""
    schema = stack_schema()
    return Place(ROOT_PATH, "", schema, schema["description"])


def shortened(text: str) -> str:
    """The start of a text that is too long to show."""
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _join(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if _PLAIN_KEY.fullmatch(key) and len(key) <= MAX_SHOWN:
        return f"{path}.{key}" if path else key
    return f"{path}[{json.dumps(shortened(key))}]"


def _resolved(schema: Schema) -> Schema:
    """The schema with its reference followed and its `null` alternative left out."""
    match schema:
        case {"$ref": str(reference), **own}:
            return {**stack_schema()["$defs"][reference.rpartition("/")[2]], **own}
        case {"anyOf": [present, {"type": "null"}], **own}:
            return {**_resolved(present), **own}
        case _:
            return schema


def _as_yaml(value: object) -> str:
    match value:
        case dict():
            pairs = cast("dict[str, object]", value).items()
            return f"{{{', '.join(f'{key}: {_as_yaml(item)}' for key, item in pairs)}}}"
        case list():
            return f"[{', '.join(_as_yaml(item) for item in cast('list[object]', value))}]"
        case str() if _PLAIN_TEXT.fullmatch(value):
            return value
        case float():
            return f"{value:g}"
        case _:
            return json.dumps(value)
