"""The platform's resources without the platform's code: one flat program, all values already worked out.

It reads a recording of what the real program registers (`benchmarks/recording.py`) and places each resource with the
same class of the same SDK, the same inputs and the same references to others, at the top level. There is no schema, no
model repository and no component, so the difference to the real program is what those cost, and nothing else is.
"""

import importlib
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s

SENT_AS_JSON = ("defaultTags", "kubeClientSettings", "skipCredentialsValidation", "skipRegionValidation")
"""The settings of providers that their classes take as they are, and send as JSON."""


def main() -> None:
    """Place every recorded resource, in the order recorded: each comes after those that it refers to."""
    recorded: list[dict[str, Any]] = json.loads(Path(pulumi.Config().require("resources")).read_text())
    placed: dict[str, Any] = {}
    providers: dict[str, pulumi.ProviderResource] = {}
    for resource in recorded:
        token, name, inputs = resource["type"], resource["name"], _with_references(resource["inputs"], placed)
        after = [placed[each] for each in resource["after"]]
        match token.split(":"):
            case ["pulumi", "providers", package]:
                settings = {key: json.loads(value) if key in SENT_AS_JSON else value for key, value in inputs.items()}
                opts = pulumi.ResourceOptions(depends_on=after)
                provider = importlib.import_module(f"pulumi_{package}").Provider
                providers[package] = provider(name, opts=opts, **_snake_case(settings))
            case ["aws", _, "getCallerIdentity"]:
                opts = pulumi.InvokeOutputOptions(provider=providers["aws"])
                placed[f"{token}|"] = importlib.import_module("pulumi_aws").get_caller_identity_output(opts=opts)
            case [package, module, kind]:
                opts = pulumi.ResourceOptions(provider=providers[package], depends_on=after)
                make = _class_on_cluster(module, kind) if package == "kubernetes" else _class_of_aws(module, kind)
                placed[f"{token}|{name}"] = make(name, opts=opts, **_snake_case(inputs))
            case _:
                raise ValueError(f"{token} is no type of a resource")
    pulumi.export(
        "addresses", [each.spec.cluster_ip for each in placed.values() if isinstance(each, k8s.core.v1.Service)]
    )


def _class_of_aws(module: str, kind: str) -> Any:
    """The SDK's class of `aws:MODULE/FILE:KIND`."""
    return getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), kind)


def _class_on_cluster(group_version: str, kind: str) -> Any:
    """The SDK's class of `kubernetes:GROUP/VERSION:KIND`; its module is called as the group's first word.

    Kinds that aren't Kubernetes' own have none: they are made of the one class for all such.
    """
    group, version = group_version.split("/")
    package = f"pulumi_kubernetes.{group.partition('.')[0]}"
    if find_spec(package) is None:
        return k8s.apiextensions.CustomResource
    return getattr(importlib.import_module(f"{package}.{version}"), kind)


def _with_references(value: Any, placed: dict[str, Any]) -> Any:
    """Inputs with each <<TYPE|NAME|PATH>> replaced by this output of the resource, and assets as they were."""
    match value:
        case {"asset": {"path": path}}:
            return pulumi.FileAsset(path)
        case {"asset": {"text": text}}:
            return pulumi.StringAsset(text)
        case dict():
            return {key: _with_references(each, placed) for key, each in cast("dict[str, Any]", value).items()}
        case list():
            return [_with_references(each, placed) for each in cast("list[Any]", value)]
        case str() if "<<" in value:
            # Every second part is a reference: that is how re.split returns what its group has matched.
            parts = enumerate(re.split("<<(.*?)>>", value))
            return pulumi.Output.all(*(_output(part, placed) if at % 2 else part for at, part in parts)).apply(_text)
        case _:
            return value


def _output(reference: str, placed: dict[str, Any]) -> Any:
    token, name, path = reference.split("|")
    found = placed[f"{token}|{name}"]
    for step in path.split("."):
        found = getattr(found, _in_snake_case(step))
    return found


def _text(parts: list[Any]) -> str:
    return "".join("" if part is None else str(part) for part in parts)


def _snake_case(inputs: dict[str, Any]) -> dict[str, Any]:
    return {_in_snake_case(key): value for key, value in inputs.items()}


def _in_snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


main()
