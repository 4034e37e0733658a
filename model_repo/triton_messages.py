"""Triton's own schema of config.pbtxt, as its client's package brings it.

Loaded by itself: the package around it imports numpy and its HTTP and gRPC clients, a tenth of a second that every
preview would wait for. Whoever imports that package too, before or after, gets the same module.
"""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_NAME = "tritonclient.grpc.model_config_pb2"


def _load() -> Any:
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    client = find_spec("tritonclient")
    folders = client.submodule_search_locations if client else None
    if not folders:
        raise ModuleNotFoundError(
            "tritonclient is not installed: its package holds Triton's schema", name="tritonclient"
        )
    spec = spec_from_file_location(_NAME, Path(folders[0], "grpc", "model_config_pb2.py"))
    assert spec and spec.loader  # noqa: PT018, S101 - a .py file always has both
    module = module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module


model_config_pb2: Any = _load()
"""The generated module: `ModelConfig`, `DataType` and the rest."""
