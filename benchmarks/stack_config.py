"""What the benchmarks deploy: the committed local stack, with other services."""

from collections.abc import Mapping
from typing import Any

import yaml

from benchmarks.projects import CHECKOUT


def local_stack(namespace: str, services: Mapping[str, Mapping[str, object]]) -> dict[str, Any]:
    """The `plimsoll:stack` of stacks/Pulumi.local.yaml in another namespace, each service its `digits`, with changes.

    `services` holds the changes by the service's name, as the YAML spells them.
    """
    stack = committed()
    digits = stack["services"]["digits"]
    return {
        **stack,
        "namespace": namespace,
        "services": {name: {**digits, **changes} for name, changes in services.items()},
    }


def committed(stack: str = "local") -> dict[str, Any]:
    """The `plimsoll:stack` of stacks/Pulumi.STACK.yaml."""
    file = yaml.safe_load((CHECKOUT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return file["config"]["plimsoll:stack"]
