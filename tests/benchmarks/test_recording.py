"""The flat baseline is fair: it registers what the real program does, component aside, with the same references."""

import json
from pathlib import Path

from benchmarks import recording
from benchmarks.preview import a_stack_of
from benchmarks.projects import CHECKOUT
from benchmarks.recording import Resource

FLAT = CHECKOUT / "benchmarks" / "flat"


def test_the_flat_program_registers_exactly_what_the_real_one_does(tmp_path: Path) -> None:
    real = recording.record(CHECKOUT, {"stack": json.dumps(a_stack_of(2))})
    recording.write(real, tmp_path / "resources.json")

    flat = recording.record(FLAT, {"resources": str(tmp_path / "resources.json")})

    assert by_name(flat) == by_name(real)
    assert len([each for each in real if each.type.endswith(":Deployment")]) == 2


def test_a_recording_keeps_what_refers_to_what() -> None:
    real = recording.record(CHECKOUT, {"stack": json.dumps(a_stack_of(1))})
    [namespace] = [each for each in real if each.type.endswith(":Namespace")]
    [deployment] = [each for each in real if each.type.endswith(":Deployment")]

    assert deployment.inputs["metadata"]["namespace"] == f"«{namespace.type}|{namespace.name}»"
    assert real.index(namespace) < real.index(deployment), "the flat program places them in this order"


def by_name(resources: list[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda resource: (resource.type, resource.name))
