"""The JSON schema of a stack: what editors complete stack files with, and where error messages take their words."""

from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema
from typing_extensions import override

from stacks.schema.stack import Stack

Schema = dict[str, Any]
"""A JSON schema, or a part of one."""


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, without titles that repeat the key, and with names checked where maps are keyed by name."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    @override
    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        # Pydantic turns a key's pattern into `patternProperties`, which lets every key that doesn't match through.
        json_schema = super().dict_schema(schema)
        for pattern, values in json_schema.pop("patternProperties", {}).items():
            json_schema["additionalProperties"] = values
            json_schema.setdefault("propertyNames", {})["pattern"] = pattern
        return json_schema


@cache
def stack_schema() -> Schema:
    """The schema of the `plimsoll:stack` object, its nouns under `$defs`; made once, so not to be changed."""
    return Stack.model_json_schema(by_alias=True, schema_generator=_Generator)


def stack_file_schema() -> Schema:
    """The schema of a whole Pulumi stack file. It judges `plimsoll:stack`; the rest of the file is Pulumi's."""
    stack = dict(stack_schema())
    nouns = stack.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Plimsoll stack file",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "description": "The stack's configuration. Secrets go into keys of their own.",
                "required": ["plimsoll:stack"],
                "properties": {"plimsoll:stack": {"$ref": "#/$defs/Stack"}},
            },
            "secretsprovider": {"type": "string", "description": "Who encrypts the secrets; written by Pulumi."},
            "encryptionsalt": {"type": "string", "description": "Written by Pulumi for passphrase encryption."},
            "encryptedkey": {"type": "string", "description": "Written by Pulumi for encryption by a cloud's key."},
        },
        "$defs": nouns | {"Stack": stack},
    }
