import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks.schema import parse
from tests.stacks.configs import STACKS, smallest

FILES = sorted(STACKS.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_committed_stack_file_parses(file: Path) -> None:
    assert parse(yaml.safe_load(file.read_text())["config"]["plimsoll:stack"]).services


@pytest.mark.parametrize("file", FILES, ids=[file.name for file in FILES])
def test_every_committed_stack_file_names_its_schema_for_editors(file: Path) -> None:
    assert file.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_committed_json_schema_is_what_the_module_prints() -> None:
    printed = subprocess.run([sys.executable, "-m", "stacks.schema"], capture_output=True, text=True, check=True)

    assert (STACKS / "schema.json").read_text() == printed.stdout, "python -m stacks.schema > stacks/schema.json"


def test_every_key_of_a_stack_is_explained_to_editors() -> None:
    nouns: dict[str, Any] = json.loads((STACKS / "schema.json").read_text())["$defs"]
    silent = [
        f"{name}.{key}"
        for name, noun in nouns.items()
        for key, place in noun["properties"].items()
        if key != "kind" and not (place.get("description") or "$ref" in place)
    ]

    assert silent == []


def test_editors_refuse_keys_and_names_that_parse_refuses() -> None:
    nouns: dict[str, Any] = json.loads((STACKS / "schema.json").read_text())["$defs"]

    assert all(noun["additionalProperties"] is False for noun in nouns.values())
    assert nouns["Stack"]["properties"]["services"]["propertyNames"] == {
        "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$",
        "maxLength": 40,
        "patternErrorMessage": nouns["Stack"]["properties"]["namespace"]["patternErrorMessage"],
    }


def test_the_smallest_stack_gets_the_documented_defaults() -> None:
    stack = parse(smallest())
    digits = stack.services["digits"]

    assert (stack.namespace, stack.addons.kind, stack.gpu_pools, stack.budget) == ("plimsoll", "preinstalled", {}, None)
    assert stack.images.triton == "nvcr.io/nvidia/tritonserver:25.06-py3"
    assert stack.images.envoy == "docker.io/envoyproxy/envoy:distroless-v1.39.1"
    assert (digits.runtime, digits.pool, digits.instances, digits.slo, digits.canary) == ("triton", None, 2, None, None)
    batching = digits.batching
    assert (batching.max_batch_size, batching.max_queue_delay_ms, batching.max_queue_size) == (32, 2, 256)
    assert (digits.resources.cpu, digits.resources.memory_mib) == (1, 1024)
    assert (digits.scaling.replicas.min, digits.scaling.replicas.max, digits.scaling.signal) == (2, 2, None)
    traffic = digits.traffic
    assert (traffic.request_timeout_ms, traffic.retries, traffic.rate_limit) == (10_000, 2, None)
    gateway = stack.gateway
    assert (gateway.class_name, gateway.controller_namespace) == ("eg", "envoy-gateway-system")
    assert (gateway.domain, gateway.tls, gateway.replicas) == ("plimsoll.internal", None, 2)
    limits = gateway.limits
    assert (limits.connections, limits.parallel_requests, limits.pending_requests) == (2_000, 512, 256)
    assert (limits.request_mib, limits.idle_seconds) == (16, 300)
