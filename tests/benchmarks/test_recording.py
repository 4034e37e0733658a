"""The flat baseline is fair: it registers what the real program does, component aside, with the same references."""

import json
from pathlib import Path

import pytest

from benchmarks import recording, stack_config
from benchmarks.preview import a_stack_of
from benchmarks.projects import CHECKOUT
from benchmarks.recording import Resource

FLAT = CHECKOUT / "benchmarks" / "flat"


@pytest.mark.parametrize("stack", [a_stack_of(2), stack_config.committed("prod")], ids=["two services", "prod"])
def test_the_flat_program_registers_exactly_what_the_real_one_does(stack: dict[str, object], tmp_path: Path) -> None:
    real = recording.record(CHECKOUT, {"stack": json.dumps(stack)})
    recording.write(real, tmp_path / "resources.json")

    flat = recording.record(FLAT, {"resources": str(tmp_path / "resources.json")})

    assert by_name(flat) == by_name(real)
    assert len([each for each in real if each.type.endswith(":Deployment")]) > 1


def test_a_recording_keeps_what_refers_to_what() -> None:
    real = recording.record(CHECKOUT, {"stack": json.dumps(a_stack_of(1))})
    [namespace] = [each for each in real if each.type.endswith(":Namespace")]
    [deployment] = [each for each in real if each.type.endswith(":Deployment")]

    assert deployment.inputs["metadata"]["namespace"] == f"<<{namespace.type}|{namespace.name}|metadata.name>>"
    assert real.index(namespace) < real.index(deployment), "the flat program places them in this order"


def test_a_recording_keeps_what_a_resource_only_waits_for() -> None:
    real = recording.record(CHECKOUT, {"stack": json.dumps(stack_config.committed("prod"))})
    [cluster] = [each for each in real if each.type == "aws:eks/cluster:Cluster"]
    [coredns] = [each for each in real if each.type == "aws:eks/addon:Addon" and each.inputs["addonName"] == "coredns"]

    assert coredns.after == [f"aws:eks/nodeGroup:NodeGroup|{cluster.name}-system"]
    assert coredns.inputs["clusterName"] == f"<<{cluster.type}|{cluster.name}|name>>"


def by_name(resources: list[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda resource: (resource.type, resource.name))
