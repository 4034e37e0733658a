"""The stand-in for `trtexec`: builds real plans with TensorRT for RTX, which needs no GPU to build for one.

What a plan computes can't be known without a GPU. So the stand-in keeps the model beside the plan, its weights rounded
as the precision rounds, and has ONNX Runtime answer in the plan's place. It is strict: an option that it doesn't know,
a shape outside the profile or an input of another size is an error, as with the real one.
"""

# Neither TensorRT's bindings nor onnxruntime carry types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingImports=false, reportMissingModuleSource=false

import argparse
import json
import sys
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
import tensorrt_rtx_bindings as trt
from numpy.typing import NDArray
from onnx import numpy_helper

Shapes = dict[str, tuple[int, ...]]
MANTISSA_BITS = {"fp16": 11, "bf16": 8, "fp8": 4}
INT8_LEVELS = 127


def main() -> None:
    """Build a plan, or answer inputs with one."""
    options = parsed()
    if options.onnx:
        build(options)
    if options.loadEngine:
        answer(options)


def parsed() -> argparse.Namespace:
    """The options that a build uses, and no others."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("onnx", "saveEngine", "loadEngine", "exportOutput"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("minShapes", "optShapes", "maxShapes", "shapes"):
        parser.add_argument(f"--{name}", type=shapes)
    parser.add_argument("--loadInputs", type=lambda text: dict(each.split(":", 1) for each in text.split(",")))
    for name in ("iterations", "warmUp", "duration"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("fp16", "bf16", "int8", "fp8", "skipInference"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args()


def shapes(text: str) -> Shapes:
    """Shapes as trtexec takes them: `image:1x64,mask:1x8`."""
    pairs = (each.rsplit(":", 1) for each in text.split(","))
    return {name: tuple(map(int, sizes.split("x"))) for name, sizes in pairs}


def build(options: argparse.Namespace) -> None:
    """Write a plan for compute capability 8.9, and the model that stands for what it computes."""
    builder = trt.Builder(trt.Logger(trt.Logger.WARNING))
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, trt.Logger(trt.Logger.WARNING))
    if not parser.parse(options.onnx.read_bytes()):
        sys.exit("\n".join(str(parser.get_error(index)) for index in range(parser.num_errors)))
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM89, 0)
    profile = builder.create_optimization_profile()
    for name, least in options.minShapes.items():
        profile.set_shape(name, least, options.optShapes[name], options.maxShapes[name])
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        sys.exit("no plan can be built of this network")
    options.saveEngine.write_bytes(bytes(plan))
    precision = next((name for name in ("int8", "fp8", "bf16", "fp16") if getattr(options, name)), None)
    onnx.save(rounded(onnx.load(options.onnx), precision), f"{options.saveEngine}.onnx")
    limits = {name: [least, options.maxShapes[name]] for name, least in options.minShapes.items()}
    Path(f"{options.saveEngine}.json").write_text(json.dumps(limits))


def rounded(model: onnx.ModelProto, precision: str | None) -> onnx.ModelProto:
    """The model with each weight as near as a format comes to it."""
    for weights in model.graph.initializer if precision else ():
        values = numpy_helper.to_array(weights)
        if precision == "int8":
            step = np.abs(values).max() / INT8_LEVELS
            values = np.round(values / step) * step
        else:
            fraction, exponent = np.frexp(values)
            steps = 2.0 ** MANTISSA_BITS[str(precision)]
            values = np.ldexp(np.round(fraction * steps) / steps, exponent)
        weights.CopyFrom(numpy_helper.from_array(values.astype(np.float32), weights.name))
    return model


def answer(options: argparse.Namespace) -> None:
    """Write what stands for the plan makes of the inputs."""
    for name, (least, most) in json.loads(Path(f"{options.loadEngine}.json").read_text()).items():
        asked = options.shapes[name]
        if not all(low <= size <= high for low, size, high in zip(least, asked, most, strict=True)):
            sys.exit(f"{name}: {asked} is outside of the profile")
    inputs = {
        name: np.fromfile(file, np.float32).reshape(options.shapes[name]) for name, file in options.loadInputs.items()
    }
    session = onnxruntime.InferenceSession(f"{options.loadEngine}.onnx", providers=["CPUExecutionProvider"])
    answers = cast("list[NDArray[np.float32]]", session.run(None, inputs))
    outputs = zip((tensor.name for tensor in session.get_outputs()), answers, strict=True)
    options.exportOutput.write_text(
        json.dumps(
            [
                {"name": name, "dimensions": "x".join(map(str, values.shape)), "values": values.ravel().tolist()}
                for name, values in outputs
            ]
        )
    )


if __name__ == "__main__":
    main()
