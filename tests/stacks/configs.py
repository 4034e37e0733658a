"""Stack configs that tests start from, and how a test changes one place in them."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

Config = dict[str, Any]
STACKS = Path(__file__).parents[2] / "stacks"


def committed(file: str) -> Config:
    """The `plimsoll:stack` object of a committed stack file."""
    return yaml.safe_load((STACKS / file).read_text())["config"]["plimsoll:stack"]


def smallest() -> Config:
    """The smallest valid stack: one service on a local cluster."""
    return {
        "cluster": {"kind": "local"},
        "modelRepository": {"kind": "volume"},
        "services": {"digits": {"model": "digits", "version": 2, "engine": {"kind": "python"}}},
    }


def eks(**changes: object) -> Config:
    """The smallest `cluster` that is made on AWS, with changes at its top."""
    return {
        "kind": "eks",
        "region": "us-east-1",
        "version": "1.36",
        "nodeImage": "v20260903",
        "administrators": ["arn:aws:iam::111122223333:role/deploy"],
        "network": {"zones": ["use1-az4", "use1-az6"]},
        **changes,
    }


def with_gpus() -> Config:
    """The smallest valid stack whose one service runs TensorRT on a pool: 4 nodes of one L4 each."""
    return {
        "cluster": eks(),
        "modelRepository": {"kind": "s3"},
        "gpuPools": {"l4": {"instanceTypes": ["g6.2xlarge"], "nodes": {"min": 1, "max": 4}}},
        "services": {
            "digits": {
                "pool": "l4",
                "model": "digits",
                "version": 2,
                "engine": {"kind": "tensorrt", "precision": "fp16"},
            }
        },
    }


def put(config: Mapping[str, Any], path: str, value: object) -> Config:
    """A copy of the config with the value at a dotted path, objects on the way made where there are none."""
    changed = dict(copy.deepcopy(config))
    *above, last = path.split(".")
    place = changed
    for key in above:
        place = cast("Config", place.setdefault(key, {}))
    place[last] = value
    return changed


def without(config: Mapping[str, Any], path: str) -> Config:
    """A copy of the config that lacks the key at a dotted path."""
    changed = dict(copy.deepcopy(config))
    *above, last = path.split(".")
    place = changed
    for key in above:
        place = place[key]
    del place[last]
    return changed


def taken(config: Mapping[str, Any], path: str) -> Any:
    """What stands at a dotted path."""
    place: Any = config
    for key in path.split("."):
        place = place[key]
    return place


def places(value: object, above: str = "") -> list[str]:
    """The dotted path of every key in a config, objects before what is in them."""
    if not isinstance(value, dict):
        return []
    paths: list[str] = []
    for key, below in cast("Config", value).items():
        path = f"{above}.{key}" if above else key
        paths += [path, *places(below, path)]
    return paths
