"""What runs a model inside Triton."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from stacks.schema.base import Spec, kind_is_text

Precision = Literal["fp32", "fp16", "bf16", "int8", "fp8"]
"""A number format that TensorRT computes in."""

MIN_COMPUTE_CAPABILITY: dict[Precision, tuple[int, int]] = {
    "fp32": (7, 5),
    "fp16": (7, 5),
    "int8": (7, 5),
    "bf16": (8, 0),
    "fp8": (8, 9),
}
"""The oldest GPU generation whose tensor cores have a format, as (major, minor).

Source: NVIDIA, TensorRT 10.11 support matrix, hardware and precision; that release itself starts at 7.5."""


class Profile(Spec):
    """The batch sizes a TensorRT engine is built for; it refuses any other."""

    min_batch: int = Field(
        default=1,
        ge=1,
        le=4096,
        description="The smallest batch, in items. Above 1 the engine refuses a lone request.",
    )
    opt_batch: int = Field(
        ge=1,
        le=4096,
        description="The batch size that the engine is tuned for, in items. Lies between minBatch and maxBatch.",
        examples=[32],
    )
    max_batch: int = Field(
        ge=1,
        le=4096,
        description="The largest batch, in items. At least batching.maxBatchSize, or Triton refuses to load the model.",
        examples=[64],
    )


class TensorRt(Spec):
    """A TensorRT plan, built for the GPUs of the service's pool."""

    kind: Literal["tensorrt"] = "tensorrt"
    precision: Precision = Field(
        description="The number format to compute in. bf16 needs compute capability 8.0 and fp8 8.9: older GPUs have "
        "no such tensor cores.",
        examples=["fp16"],
    )
    profile: Profile | None = Field(
        default=None,
        description="The batch sizes to build for. Absent: 1 to batching.maxBatchSize, tuned for the largest.",
    )


class OnnxRuntime(Spec):
    """ONNX Runtime in Triton's own backend, on a GPU or a CPU."""

    kind: Literal["onnxruntime"] = "onnxruntime"


class Python(Spec):
    """ONNX Runtime inside Triton's Python backend, for Triton builds that have no backend of its own for it."""

    kind: Literal["python"] = "python"


Engine = Annotated[TensorRt | OnnxRuntime | Python, Field(discriminator="kind"), BeforeValidator(kind_is_text)]
"""What runs the model: tensorrt, onnxruntime or python."""
