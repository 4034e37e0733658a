"""The stand-in for the `aws` provider: the types of `aws_calls.py`, over moto."""

# boto3, botocore and the protocol's messages carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import importlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError
from pulumi import _types as pulumi_types  # pyright: ignore[reportPrivateUsage] - what the SDK itself goes by

from tests.standin.aws_calls import TYPES, Aws
from tests.standin.aws_checks import CHECKS
from tests.standin.protocol import ASSET, SIGNATURE, StandIn, Values, unknown

GONE = ("NotFound", "NoSuch", "404", "NonExistent", "does not exist", "QueueDoesNotExist")
"""How services say that something is not there."""


class AwsStandIn(StandIn):
    """Refuses what the provider's types, botocore's models or `aws_checks.py` refuse; keeps the rest in moto."""

    name = "aws"
    version = version("pulumi-aws")

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._aws = Aws(endpoint, "us-east-1")
        self._default_tags: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()
        """moto's state is not made for threads."""

    def configured(self, settings: Values) -> None:
        """Take the region, and the tags of everything."""
        self._aws = Aws(self._endpoint, settings["region"])
        tags = settings.get("defaultTags")  # an object, which comes as JSON
        self._default_tags = (json.loads(tags) if isinstance(tags, str) else tags or {}).get("tags", {})

    def completed(self, kind: str, urn: str, inputs: Values, old: Values, seed: bytes) -> Values:
        """As the provider does: default tags become tags, and what needs a name gets one."""
        known = TYPES.get(kind)
        if known is None:
            return inputs
        if known.tagged and self._default_tags:
            inputs["tags"] = {**self._default_tags, **(inputs.get("tags") or {})}
        if known.names_itself and not inputs.get(known.names_itself):
            made = f"{urn.rpartition('::')[2]}-{seed.hex()[:7]}".lower()
            inputs[known.names_itself] = old.get(known.names_itself) or made
        return inputs

    def refusals(self, kind: str, inputs: Values) -> Iterator[tuple[str, str]]:
        """Everything that is wrong with the inputs, as far as they are known."""
        if kind not in TYPES:
            yield "", f"the stand-in has no {kind}: add it to tests/standin/aws_calls.py"
            return
        for name in set(inputs) - properties_of(kind) - {"__defaults"}:
            yield name, f"{kind} has no such property"
        known = TYPES[kind]
        operation = "".join(word.capitalize() for word in known.create.split("_"))
        request = {key: value for key, value in known.request(inputs).items() if key != "Body"}
        yield from misfits(input_shape(known.service, operation), request)
        for check in CHECKS.get(kind, ()):
            yield from check(inputs)

    def replacing(self, kind: str, changed: Iterable[str]) -> list[str]:
        """Those that the type's entry lists."""
        return [key for key in changed if key in TYPES[kind].replaces]

    def create(self, kind: str, inputs: Values) -> tuple[str, Values]:
        """Make it, and set what is set by calls of its own."""
        known = TYPES[kind]
        with self._one_at_a_time:
            inputs = {key: contents(value) if key in known.assets else value for key, value in inputs.items()}
            client = getattr(self._aws, known.service)
            made = getattr(client, known.create)(**known.request(inputs))
            identity = known.identity(inputs, made)
            if known.settle:
                known.settle(self._aws, identity, {}, inputs)
            kept = {key: value for key, value in inputs.items() if key not in known.assets}
            return identity, {**kept, **known.read(self._aws, identity)}

    def read(self, kind: str, identity: str) -> Values | None:
        """What moto has."""
        try:
            with self._one_at_a_time:
                return TYPES[kind].read(self._aws, identity)
        except ClientError as error:
            if any(word in str(error) for word in GONE):
                return None
            raise

    def update(self, kind: str, identity: str, old: Values, new: Values) -> Values:
        """Set what is set by calls of its own."""
        known = TYPES[kind]
        with self._one_at_a_time:
            new = {key: contents(value) if key in known.assets else value for key, value in new.items()}
            if known.settle is None:
                raise LookupError(f"{kind} can't be changed in place: its entry in aws_calls.py has no `settle`")
            known.settle(self._aws, identity, old, new)
            kept = {key: value for key, value in new.items() if key not in known.assets}
            return {**kept, **known.read(self._aws, identity)}

    def delete(self, kind: str, identity: str) -> None:
        """Delete it; what is gone already is gone."""
        try:
            with self._one_at_a_time:
                TYPES[kind].delete(self._aws, identity)
        except ClientError as error:
            if not any(word in str(error) for word in GONE):
                raise

    def call(self, token: str) -> Values | None:
        """Who is asking."""
        if token == "aws:index/getCallerIdentity:getCallerIdentity":
            account = self._aws.account_id
            return {"accountId": account, "id": account, "arn": f"arn:aws:iam::{account}:user/test", "userId": "test"}
        return None


def contents(asset: Any) -> Any:
    """What an asset holds."""
    if not isinstance(asset, dict) or asset.get(SIGNATURE) != ASSET:
        return asset
    return asset["text"].encode() if "text" in asset else Path(asset["path"]).read_bytes()


@cache
def properties_of(kind: str) -> frozenset[str]:
    """The inputs that the provider's own types have."""
    path, _, name = kind.removeprefix("aws:").partition(":")
    module = importlib.import_module(f"pulumi_aws.{path.partition('/')[0]}")
    arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    return frozenset(pulumi_types.input_type_py_to_pulumi_names(arguments).values())


@cache
def input_shape(service: str, operation: str) -> Any:
    """What botocore's model says of a request."""
    session: Any = boto3.Session()._session  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    model = session.get_service_model(service)
    named = {name.lower(): name for name in model.operation_names}
    return model.operation_model(named[operation.lower()]).input_shape


def misfits(shape: Any, value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where a request is not what the model wants: members, types, enums, patterns, bounds."""
    if not isinstance(value, dict | list) and unknown(value):
        return
    judge = JUDGES.get(shape.type_name)
    if judge:
        yield from judge(shape, value, path)


def _structure(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"{value!r} is no object"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name}", "is missing"
    for name, each in value.items():
        if name not in shape.members:
            yield f"{path}.{name}", "there is no such member"
        else:
            yield from misfits(shape.members[name], each, f"{path}.{name}")


def _text(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, f"{value!r} is no text"
        return
    bounds = shape.metadata
    if shape.enum and value not in shape.enum:
        yield path, f"{value!r} is not one of {', '.join(shape.enum)}"
    if (pattern := as_python(bounds.get("pattern", ""))) and not pattern.search(value):
        yield path, f"{value!r} does not match {bounds['pattern']}"
    if not bounds.get("min", 0) <= len(value) <= bounds.get("max", len(value)):
        yield path, f"{value!r} is not of {bounds.get('min', 0)} to {bounds.get('max')} characters"


def _list(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, f"{value!r} is no list"
        return
    for index, each in enumerate(value):
        yield from misfits(shape.member, each, f"{path}[{index}]")


def _map(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, f"{value!r} is no object"
        return
    for key, each in value.items():
        yield from misfits(shape.value, each, f"{path}.{key}")


def _number(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    bounds = shape.metadata
    if not isinstance(value, int) or not bounds.get("min", value) <= value <= bounds.get("max", value):
        yield path, f"{value!r} is no whole number within {bounds}"


def _truth(_shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, bool):
        yield path, f"{value!r} is neither true nor false"


@cache
def as_python(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the models', which are written for Java; None where Python can't read it, and nothing is judged."""
    try:
        return re.compile(re.sub(r"\\p\{\w+\}", r"\\w\\s", pattern)) if pattern else None
    except re.error:
        return None


JUDGES: Mapping[str, Callable[[Any, Any, str], Iterator[tuple[str, str]]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    "integer": _number,
    "long": _number,
    "boolean": _truth,
}
