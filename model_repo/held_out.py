"""Have every version of a model answer its held-out inputs: what TensorRT engines are compared with.

`python -m model_repo.held_out MODEL` reads `model_repo/MODEL/held_out/INPUT.bin`, raw numbers in the byte order of
every machine that serves models, one item after the other; it writes `held_out/VERSION/OUTPUT.bin`, what ONNX Runtime
makes of them on this machine's CPU.
"""

# onnxruntime carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from model_repo.config import MODELS, known_models
from model_repo.engines import HELD_OUT
from model_repo.repository import WEIGHTS, known_versions


def answers(model: Path, version: int) -> dict[str, Any]:
    """What a version makes of the held-out inputs of a model's folder: an array for each output's name."""
    session = onnxruntime.InferenceSession(model / str(version) / WEIGHTS, providers=["CPUExecutionProvider"])
    inputs = {tensor.name: _read(model / HELD_OUT / f"{tensor.name}.bin", tensor) for tensor in session.get_inputs()}
    return dict(zip((tensor.name for tensor in session.get_outputs()), session.run(None, inputs), strict=True))


def _read(file: Path, tensor: Any) -> Any:
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int8)": np.int8,
             "tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}  # fmt: skip
    return np.fromfile(file, types[tensor.type]).reshape(-1, *tensor.shape[1:])


def main() -> None:
    """Write the outputs of all versions of the model that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m model_repo.held_out", description=__doc__)
    parser.add_argument("model", choices=known_models())
    model = MODELS / parser.parse_args().model
    for version in known_versions(model.name):
        for name, values in answers(model, version).items():
            file = model / HELD_OUT / str(version) / f"{name}.bin"
            file.parent.mkdir(parents=True, exist_ok=True)
            values.tofile(file)
            print(f"{file.relative_to(MODELS.parent)}: {len(values)} rows")


if __name__ == "__main__":
    main()
