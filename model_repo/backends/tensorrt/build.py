"""Builds a TensorRT engine from an ONNX model, and lets it out only if it answers as the model does.

Runs in NVIDIA's TensorRT image, on a node of the pool that the engine is for, with nothing but Python's own library:
`python3 build.py RECIPE SOURCE ENGINE`. RECIPE is what `model_repo.engines` says of the engine; SOURCE has the model
and its held-out tensors; ENGINE is a folder that gets `model.plan` and `engine.json`, the plan last, or nothing.

Exit code 1 says that there is no engine to be had from this recipe, and why: trying again would change nothing.
"""

import json
import math
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PLAN = "model.plan"
RECORD = "engine.json"

FORMATS = {"TYPE_FP32": "f", "TYPE_FP16": "e", "TYPE_INT8": "b", "TYPE_INT32": "i", "TYPE_INT64": "q", "TYPE_BOOL": "?"}
"""How `struct` calls each of Triton's data types that TensorRT has."""

# What no tensor core computes in 8 bits, it computes in 16.
PRECISION_OPTIONS = {
    "fp32": (),
    "fp16": ("--fp16",),
    "bf16": ("--bf16",),
    "int8": ("--int8", "--fp16"),
    "fp8": ("--fp8", "--fp16"),
}

Row = Sequence[float]


class NoEngineError(Exception):
    """This recipe gives no engine that may be served."""


def main(recipe_file: Path, source: Path, engine: Path) -> None:
    """Build, compare, and leave the engine with its record in a folder. Raises NoEngineError."""
    recipe = json.loads(recipe_file.read_text())
    require_gpu(recipe)
    unproven = engine / f"unproven-{PLAN}"
    began = time.time()
    build(recipe, source / "model.onnx", unproven)
    took_seconds = round(time.time() - began, 1)
    errors_percent = compare(recipe, source / "held_out", unproven)
    record = {**recipe, "errorsPercent": errors_percent, "buildSeconds": took_seconds, "builtAt": round(began)}
    (engine / RECORD).write_text(json.dumps(record, indent=2))
    unproven.rename(engine / PLAN)
    print(f"built in {took_seconds:g} s; off by at most {errors_percent} %")


def require_gpu(recipe: Mapping[str, Any]) -> None:
    """The engine is tuned for the GPU at hand, so that has to be the one it is for. Raises NoEngineError."""
    asked = ("nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader")
    here = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    if set(here) != {recipe["computeCapability"]}:
        raise NoEngineError(
            f"the engine is for a {recipe['gpu']} with compute capability {recipe['computeCapability']}, and this node "
            f"has {' and '.join(here) or 'no GPU'}: the pool's nodes are not what the stack says"
        )


def build(recipe: Mapping[str, Any], model: Path, plan: Path) -> None:
    """Have trtexec make a plan of the model. Raises NoEngineError."""
    shapes = [f"--{bound}Shapes={_shapes(recipe, recipe['profile'][bound])}" for bound in ("min", "opt", "max")]
    options = PRECISION_OPTIONS[recipe["precision"]]
    _trtexec(f"--onnx={model}", *shapes, *options, "--skipInference", f"--saveEngine={plan}")
    if not plan.is_file():
        raise NoEngineError("trtexec ended well and wrote no plan")


def compare(recipe: Mapping[str, Any], held_out: Path, plan: Path) -> dict[str, float]:
    """How far the plan's outputs lie from the model's, in percent, by name. Raises NoEngineError where that's too far.

    Of an output, what counts is the worst row: its distance from the model's, over the rows' root mean square length.
    """
    inputs = {name: _rows(recipe["inputs"][name], held_out / f"{name}.bin") for name in recipe["inputs"]}
    expected = {name: _rows(recipe["outputs"][name], held_out / f"{name}.bin") for name in recipe["outputs"]}
    rows = len(next(iter(inputs.values())))
    got: dict[str, list[Row]] = {name: [] for name in expected}
    for first, last in _batches(rows, recipe["profile"]):
        for name, values in _infer(recipe, inputs, first, last, plan).items():
            length = len(values) // (last - first)
            got[name] += [values[row * length : (row + 1) * length] for row in range(last - first)]
    errors = {name: round(_error_percent(expected[name], got[name]), 4) for name in expected}
    worst = max(errors, key=lambda name: math.inf if math.isnan(errors[name]) else errors[name])
    if not errors[worst] <= recipe["allowedErrorPercent"]:  # NaN is no small error
        raise NoEngineError(
            f"output '{worst}' is {errors[worst]:g} % off the ONNX model's on {len(got[worst])} held-out inputs, and "
            f"{recipe['allowedErrorPercent']:g} % is allowed: choose a wider precision, or allow more with "
            "engine.maxErrorPercent"
        )
    return errors


def _batches(rows: int, profile: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """First and last of each batch, of sizes that the engine takes."""
    for first in range(0, rows, profile["opt"]):
        last = min(first + profile["opt"], rows)
        if last - first >= profile["min"]:
            yield first, last


def _infer(
    recipe: Mapping[str, Any], inputs: Mapping[str, Sequence[Row]], first: int, last: int, plan: Path
) -> dict[str, list[float]]:
    scratch = plan.parent / "batch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    files = {name: scratch / f"{name}.bin" for name in inputs}
    for name, rows in inputs.items():
        values = [value for row in rows[first:last] for value in row]
        files[name].write_bytes(struct.pack(f"<{len(values)}{FORMATS[recipe['inputs'][name]['type']]}", *values))
    result = scratch / "outputs.json"
    loaded = ",".join(f"{name}:{file}" for name, file in files.items())
    once = ("--iterations=1", "--warmUp=0", "--duration=0")
    shapes = f"--shapes={_shapes(recipe, last - first)}"
    _trtexec(f"--loadEngine={plan}", f"--loadInputs={loaded}", shapes, *once, f"--exportOutput={result}")
    outputs = {output["name"]: output["values"] for output in json.loads(result.read_text())}
    shutil.rmtree(scratch)
    return {name: outputs[name] for name in recipe["outputs"]}


def _error_percent(expected: Sequence[Row], got: Sequence[Row]) -> float:
    size = math.sqrt(sum(value * value for row in expected for value in row) / len(expected))
    distances = [math.dist(want, have) for want, have in zip(expected, got, strict=False)]
    furthest = math.nan if any(map(math.isnan, distances)) else max(distances)
    return 100 * furthest / size if size else (0.0 if furthest == 0 else math.inf)


def _rows(tensor: Mapping[str, Any], file: Path) -> list[Row]:
    """A tensor's rows: what lies in the file, one item of the batch after the other."""
    code, length = FORMATS[tensor["type"]], math.prod(tensor["dims"])
    return list(struct.iter_unpack(f"<{length}{code}", file.read_bytes()))


def _shapes(recipe: Mapping[str, Any], batch: int) -> str:
    return ",".join(
        f"{name}:{'x'.join(map(str, [batch, *tensor['dims']]))}" for name, tensor in recipe["inputs"].items()
    )


def _trtexec(*options: str) -> None:
    print("trtexec", *options, flush=True)
    if (code := subprocess.run(("trtexec", *options), check=False).returncode) != 0:
        raise NoEngineError(f"trtexec ended with {code}; what it says above is the reason")


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except NoEngineError as error:
        sys.exit(f"no engine: {error}")
