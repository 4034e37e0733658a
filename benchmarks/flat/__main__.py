"""The platform's resources without the platform's code: one flat program, all values already worked out.

It reads a recording of what the real program registers (`benchmarks/recording.py`) and places each resource with the
same class of the same SDK, the same inputs and the same references to others, at the top level. There is no schema, no
model repository and no component, so the difference to the real program is what those cost, and nothing else is.
"""

import importlib
import json
import re
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s


def main() -> None:
    """Place every recorded resource, in the order recorded: each comes after those that it refers to."""
    recorded: list[dict[str, Any]] = json.loads(Path(pulumi.Config().require("resources")).read_text())
    settings = {key: _decoded(value) for key, value in recorded[0]["inputs"].items()}
    provider = k8s.Provider(recorded[0]["name"], **_snake_case(settings))
    on_cluster = pulumi.ResourceOptions(provider=provider)
    placed: dict[str, Any] = {}
    for resource in recorded[1:]:
        token, name = resource["type"], resource["name"]
        inputs = _snake_case(_with_references(resource["inputs"], placed))
        del inputs["api_version"], inputs["kind"]  # the class knows them
        placed[f"{token}|{name}"] = _class(token)(name, opts=on_cluster, **inputs)
    pulumi.export(
        "addresses", [each.spec.cluster_ip for each in placed.values() if isinstance(each, k8s.core.v1.Service)]
    )


def _decoded(setting: str) -> Any:
    """A provider's setting as its class takes it: the engine gets objects as JSON."""
    return json.loads(setting) if setting.startswith("{") else setting


def _class(token: str) -> Any:
    """The SDK's class of `kubernetes:GROUP/VERSION:KIND`; its module is called as the group's first word.

    Kinds that aren't Kubernetes' own have none: they are made of the one class for all such.
    """
    _, group_version, kind = token.split(":")
    group, version = group_version.split("/")
    package = f"pulumi_kubernetes.{group.partition('.')[0]}"
    if find_spec(package) is None:
        return partial(k8s.apiextensions.CustomResource, api_version=group_version, kind=kind)
    return getattr(importlib.import_module(f"{package}.{version}"), kind)


def _with_references(value: Any, placed: dict[str, Any]) -> Any:
    """Inputs with each «TYPE|NAME» replaced by the name that this resource has in the cluster."""
    match value:
        case dict():
            return {key: _with_references(each, placed) for key, each in cast("dict[str, Any]", value).items()}
        case list():
            return [_with_references(each, placed) for each in cast("list[Any]", value)]
        case str() if "«" in value:
            # Every second part is a reference: that is how re.split returns what its group has matched.
            parts = enumerate(re.split("«(.*?)»", value))
            return pulumi.Output.concat(*(placed[part].metadata.name if at % 2 else part for at, part in parts))
        case _:
            return value


def _snake_case(inputs: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", key): value for key, value in inputs.items()}


main()
