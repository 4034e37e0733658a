"""What the real program registers for a stack: every resource's type, name and inputs, without any engine."""

import json
import runpy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks

PROJECT = "plimsoll"


@dataclass(frozen=True)
class Resource:
    """One resource as a program registers it."""

    type: str
    name: str
    inputs: dict[str, Any]
    """As the engine gets them. A string «TYPE|NAME» stands for the name that this resource has in the cluster."""


def record(program: Path, config: dict[str, str]) -> list[Resource]:
    """The resources of the program in a folder, its provider first, components left out.

    `config` is the stack's, by key without the project's name. The program runs in this process, as in a preview.
    """
    recorder = _Recorder()
    set_mocks(recorder, project=PROJECT, stack="recording", preview=True)
    set_all_config({f"{PROJECT}:{key}": value for key, value in config.items()})

    def run() -> None:
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")

    pulumi.runtime.test(run)()  # pyright: ignore[reportUnknownMemberType] - the SDK leaves it without a type
    return sorted(recorder.resources, key=lambda resource: not resource.type.startswith("pulumi:providers:"))


def write(resources: list[Resource], path: Path) -> None:
    """Leave a recording where the flat program reads it."""
    path.write_text(json.dumps([vars(resource) for resource in resources]))


@dataclass
class _Recorder(Mocks):
    resources: list[Resource] = field(default_factory=list[Resource])

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        inputs = cast("dict[str, Any]", args.inputs)
        if not args.custom:
            return "", inputs
        self.resources.append(Resource(args.typ, args.name, inputs))
        named = {**inputs.get("metadata", {}), "name": f"«{args.typ}|{args.name}»"}
        return f"{args.name}-id", {**inputs, "metadata": named}

    def call(self, args: MockCallArgs) -> NoReturn:
        raise AssertionError(f"the program calls no function of a provider, and now {args.token}")
