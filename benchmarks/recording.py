"""What the real program registers for a stack: every resource's type, name and inputs, without any engine."""

import gc
import json
import re
import runpy
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi import _types as pulumi_types  # pyright: ignore[reportPrivateUsage] - what the SDK itself goes by
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks
from pulumi.runtime.mocks import MockMonitor

from benchmarks.projects import PROJECT, STACK

CALLER = "aws:index/getCallerIdentity:getCallerIdentity"
"""The one function of a provider that the program calls: whose account it is."""


@dataclass(frozen=True)
class Resource:
    """One resource as a program registers it, or one function of a provider as it calls it."""

    type: str
    name: str
    inputs: dict[str, Any]
    """As the engine gets them. `<<TYPE|NAME|PATH>>` in a text stands for an output of another resource."""
    after: list[str] = field(default_factory=list[str])
    """Those that it waits for and takes no output of, each as `TYPE|NAME`."""


def record(program: Path, config: dict[str, str]) -> list[Resource]:
    """The resources of the program in a folder, each after those that it refers to, components left out.

    `config` is the stack's, by key without the project's name. The program runs in this process, as in a preview.
    """
    recorder = _Recorder()
    set_mocks(recorder, project=PROJECT, stack=STACK, preview=True, monitor=_Monitor(recorder))
    set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()})

    def run() -> None:
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")

    pulumi.runtime.test(run)()  # pyright: ignore[reportUnknownMemberType] - untyped in the SDK
    gc.enable()  # the program switches it off, for a process of its own
    return recorder.resources


def write(resources: list[Resource], path: Path) -> None:
    """Leave a recording where the flat program reads it."""
    path.write_text(json.dumps([vars(resource) for resource in resources]))


@dataclass
class _Recorder(Mocks):
    resources: list[Resource] = field(default_factory=list[Resource])
    waiting: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """What each resource that is about to come waits for, by its `TYPE|NAME`."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        if not args.custom:
            return "", inputs
        key = f"{args.typ}|{args.name}"
        recorded = {name: _without_assets(value) for name, value in inputs.items()}
        self.resources.append(Resource(args.typ, args.name, recorded, self.waiting[key]))
        return _reference(key, "id"), {**inputs, **_outputs(key, inputs)}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        if args.token != CALLER:
            raise AssertionError(f"the flat program does not call {args.token}")
        self.resources.append(Resource(CALLER, "", {}))
        return {"accountId": _reference(f"{CALLER}|", "accountId")}, []


class _Monitor(MockMonitor):
    """Tells the recorder what mocks are not told: what a resource waits for."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__(recorder)
        self._recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        of_inputs = {urn for each in request.propertyDependencies.values() for urn in each.urns}
        self._recorder.waiting[f"{request.type}|{request.name}"] = sorted(
            # A URN ends in TYPE::NAME, or where there are components above in PARENTS$TYPE::NAME.
            "|".join(re.split("[$]|::", urn)[-2:])
            for urn in {*request.dependencies} - of_inputs
        )
        return super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType] - untyped in the SDK


def _outputs(key: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Stand-ins for what others may take of a resource: its name in a cluster, or any text or number of AWS'."""
    token = key.partition("|")[0]
    package, module, kind = token.split(":")
    if package != "aws":
        return {"metadata": {**inputs.get("metadata", {}), "name": _reference(key, "metadata.name")}}
    resource = getattr(import_module(f"pulumi_aws.{module.partition('/')[0]}"), kind)
    return _references(key, pulumi_types.resource_types(resource))


def _references(key: str, types: dict[str, type], above: str = "") -> dict[str, Any]:
    """An output of each name and type, those of objects included, where that is text or a number."""
    found: dict[str, Any] = {}
    for name, of_type in types.items():
        if of_type in {str, int}:
            found[name] = _reference(key, f"{above}{name}")
        elif pulumi_types.is_output_type(of_type):
            found[name] = _references(key, pulumi_types.output_type_types(of_type), f"{above}{name}.")
    return found


def _reference(key: str, path: str) -> str:
    return f"<<{key}|{path}>>"


def _without_assets(value: Any) -> Any:
    """An asset as JSON can say it."""
    return {"asset": vars(value)} if isinstance(value, pulumi.Asset) else value
