"""The smallest valid things, for tests to vary."""

from typing import Any

from stacks.schema import Service, Stack, parse


def a_stack_config(**service: Any) -> dict[str, Any]:
    """A stack file's `plimsoll:stack` with one service, which the arguments (as YAML spells them) change."""
    return {
        "cluster": {"kind": "local"},
        "modelRepository": {"kind": "volume"},
        "services": {"digits": {"model": "digits", "version": 2, "engine": {"kind": "python"}, **service}},
        "images": {"triton": "plimsoll.local/triton:2.51.0"},
    }


def a_stack(**service: Any) -> Stack:
    """That stack, parsed."""
    return parse(a_stack_config(**service))


def a_service(**service: Any) -> Service:
    """Its one service."""
    return a_stack(**service).services["digits"]
