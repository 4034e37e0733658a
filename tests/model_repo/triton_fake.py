"""What Triton gives a Python model, small enough for a unit test: it keeps what the model answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


class TritonModelException(Exception):  # noqa: N818 -- Triton's name
    """What a model raises to say that it cannot be loaded."""


@dataclass(frozen=True)
class TritonError:
    """What a request gets that could not be answered."""

    text: str

    def message(self) -> str:
        return self.text


@dataclass(frozen=True)
class Tensor:
    """A named array."""

    tensor_name: str
    array: NDArray[np.generic]

    def as_numpy(self) -> NDArray[np.generic]:
        return self.array


@dataclass(frozen=True)
class InferenceRequest:
    """Arrays by input name, and which outputs the caller wants."""

    inputs: dict[str, NDArray[np.generic]]
    outputs: Sequence[str]

    def requested_output_names(self) -> Sequence[str]:
        return self.outputs


@dataclass(frozen=True)
class InferenceResponse:
    """Outputs, or an error."""

    output_tensors: Sequence[Tensor] = field(default_factory=list[Tensor])
    error: TritonError | None = None


class Logger:
    """The server's log."""

    @staticmethod
    def log_info(message: str) -> None:
        print(message)


def get_input_tensor_by_name(inference_request: InferenceRequest, name: str) -> Tensor:
    return Tensor(name, inference_request.inputs[name])
