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


MAX_ERROR_PERCENT: dict[Precision, float] = {"fp32": 0.1, "fp16": 1, "bf16": 3, "int8": 10, "fp8": 10}
"""How far an engine's outputs may lie from the ONNX model's unless the stack says otherwise.

About ten times the rounding of each format's mantissa (TF32, which "fp32" computes in, 11 bits; fp16 11; bf16 8), as
layers add theirs up; what 8 bits cost depends on how a model was quantised."""


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
    max_error_percent: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="How far an output may lie from the ONNX model's on the held-out inputs, in percent of the "
        "outputs' usual size; an engine further off is not served. Absent: fp32 0.1, fp16 1, bf16 3, int8 and fp8 10.",
        examples=[0.5],
    )

    @property
    def allowed_error_percent(self) -> float:
        """How far an output may lie from the ONNX model's, in percent of the outputs' usual size."""
        return self.max_error_percent or MAX_ERROR_PERCENT[self.precision]

    def profile_for(self, max_batch_size: int) -> Profile:
        """The batch sizes that it is built for, where Triton's largest batch is this."""
        return self.profile or Profile(opt_batch=max_batch_size, max_batch=max_batch_size)


class OnnxRuntime(Spec):
    """ONNX Runtime in Triton's own backend, on a GPU or a CPU."""

    kind: Literal["onnxruntime"] = "onnxruntime"


class Python(Spec):
    """ONNX Runtime inside Triton's Python backend, for Triton builds that have no backend of its own for it."""

    kind: Literal["python"] = "python"


Engine = Annotated[TensorRt | OnnxRuntime | Python, Field(discriminator="kind"), BeforeValidator(kind_is_text)]
"""What runs the model: tensorrt, onnxruntime or python."""
