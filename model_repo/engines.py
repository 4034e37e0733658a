"""TensorRT engines: what each is built from and for, and the key that it is known by before it is built."""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_repo.config import Signature, Tensor
from model_repo.files import File, file_at, listing
from stacks.schema import Gpu, Precision, Problem, Profile

BUILDER = Path(__file__).parent / "backends" / "tensorrt" / "build.py"
HELD_OUT = "held_out"
KEY_LENGTH = 12  # 48 bits, within one service: and it is part of names that end at 63 characters

BYTES_OF = {"TYPE_FP32": 4, "TYPE_FP16": 2, "TYPE_INT8": 1, "TYPE_INT32": 4, "TYPE_INT64": 8, "TYPE_BOOL": 1}
"""The data types that TensorRT has, and how many bytes a number takes."""


@dataclass(frozen=True)
class Target:
    """What an engine is built for: one GPU model, and the TensorRT of one NVIDIA release, as in `25.06`."""

    gpu: Gpu
    release: str


@dataclass(frozen=True)
class Engine:
    """A TensorRT plan of one version of a model. Two with the same key are the same."""

    model: str
    version: int
    target: Target
    precision: Precision
    profile: Profile
    allowed_error_percent: float
    signature: Signature
    sources: tuple[File, ...]
    """The version's files, and under `held_out/` its inputs and outputs, sorted by path."""

    @property
    def key(self) -> str:
        """12 hexadecimal digits that stand for all that the engine is made of and for."""
        return hashlib.sha256(self.recipe.encode()).hexdigest()[:KEY_LENGTH]

    @property
    def recipe(self) -> str:
        """What the builder has to know, as JSON."""
        major, minor = self.target.gpu.compute_capability
        return json.dumps(
            {
                "model": self.model,
                "version": self.version,
                "gpu": self.target.gpu.model,
                "computeCapability": f"{major}.{minor}",
                "release": self.target.release,
                "precision": self.precision,
                "profile": {
                    "min": self.profile.min_batch,
                    "opt": self.profile.opt_batch,
                    "max": self.profile.max_batch,
                },
                "allowedErrorPercent": self.allowed_error_percent,
                "inputs": _described(self.signature.inputs),
                "outputs": _described(self.signature.outputs),
                "sources": {file.path: file.sha256 for file in self.sources},
            },
            indent=2,
        )

    @property
    def plan(self) -> str:
        """Where the plan lies in its repository."""
        return f"{self.model}/{self.version}/model.plan"

    @property
    def record(self) -> str:
        """Where it says in the repository how the plan was made, and how exact it is."""
        return f"{self.model}/engine.json"

    @property
    def source_digest(self) -> str:
        """Known by this, the sources are there once for all engines that are made of them."""
        return hashlib.sha256(listing(self.sources).encode()).hexdigest()[:KEY_LENGTH]


def held_out_files(model: Path, version: int, signature: Signature) -> tuple[File, ...]:
    """What an engine of a version is compared on: inputs that all versions share, and this one's outputs."""
    inputs = [_held_out(model / HELD_OUT, tensor) for tensor in signature.inputs]
    outputs = [_held_out(model / HELD_OUT / str(version), tensor) for tensor in signature.outputs]
    return (*inputs, *outputs)


def unbuildable(path: str, model: Path, version: int, signature: Signature, least_rows: int) -> Iterator[Problem]:
    """Why no engine can be built, or none be compared, of a version of the model in a folder.

    `path` is the service's engine, and of fewer rows than `least_rows` the engine takes no batch.
    """
    tensors = (*signature.inputs, *signature.outputs)
    wrong = [tensor for tensor in tensors if tensor.data_type not in BYTES_OF or min(tensor.dims) < 1]
    for tensor in wrong:
        yield Problem(
            path=path,
            found=f"tensor '{tensor.name}' of {model.name} is {tensor.data_type} {list(tensor.dims)}",
            limit=f"fixed sizes but for the batch, and one of: {', '.join(BYTES_OF)}",
            reason="an engine's profile is built for a range of batches, and its other sizes are what the config says",
            way_out=f"say the sizes in model_repo/{model.name}/config.pbtxt.j2, or use kind: onnxruntime",
        )
    if wrong:
        return
    rows = {
        folder / f"{tensor.name}.bin": _rows(folder / f"{tensor.name}.bin", tensor)
        for folder, of_folder in (
            (model / HELD_OUT, signature.inputs),
            (model / HELD_OUT / str(version), signature.outputs),
        )
        for tensor in of_folder
    }
    counts = set(rows.values())
    if len(counts) != 1 or not all(count and count >= least_rows and count.is_integer() for count in counts):
        shown = "; ".join(
            f"{file.relative_to(model.parent)} {f'has {found:g} rows' if found is not None else 'is not there'}"
            for file, found in rows.items()
        )
        yield Problem(
            path=path,
            found=f"{model.name} {version} can't be compared: {shown}",
            limit=f"as many rows of every input and output, at least {least_rows}, each as long as the config says",
            reason="an engine is served only if it answers inputs that it was not made with as the ONNX model does",
            way_out=f"write the inputs as raw numbers into model_repo/{model.name}/{HELD_OUT}, and have the model "
            f"answer them: python -m model_repo.held_out {model.name}",
        )


def _rows(file: Path, tensor: Tensor) -> float | None:
    """How many rows of a tensor a file holds; None where there is no file."""
    return file.stat().st_size / (math.prod(tensor.dims) * BYTES_OF[tensor.data_type]) if file.is_file() else None


def _held_out(folder: Path, tensor: Tensor) -> File:
    return file_at(f"{HELD_OUT}/{tensor.name}.bin", folder / f"{tensor.name}.bin")


def _described(tensors: Sequence[Tensor]) -> dict[str, dict[str, object]]:
    return {tensor.name: {"type": tensor.data_type, "dims": list(tensor.dims)} for tensor in tensors}
