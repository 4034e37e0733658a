"""Serve an ONNX network from Triton's Python backend, by ONNX Runtime.

For Triton builds without the onnxruntime backend. Reads `model.onnx` in the version's folder; inputs, outputs and their
types come from config.pbtxt and are checked against the network when it loads. Requests that Triton hands over together
run as one batch, joined along their first axis. A GPU instance computes with CUDA or does not load.

The parameter `intra_op_thread_count` says how many threads one instance computes with, by default 1: instances run side
by side, and more threads than cores slow all of them down. Triton's own onnxruntime backend reads the same parameter.
"""

# onnxruntime ships no types: `Session` and `Port` say what is used of it.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

# While Triton completes the config it imports this file with a smaller pb_utils, without the classes named in hints.
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypedDict, cast

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

ONNX_TYPES = {
    "TYPE_BOOL": "tensor(bool)",
    "TYPE_UINT8": "tensor(uint8)",
    "TYPE_UINT16": "tensor(uint16)",
    "TYPE_UINT32": "tensor(uint32)",
    "TYPE_UINT64": "tensor(uint64)",
    "TYPE_INT8": "tensor(int8)",
    "TYPE_INT16": "tensor(int16)",
    "TYPE_INT32": "tensor(int32)",
    "TYPE_INT64": "tensor(int64)",
    "TYPE_FP16": "tensor(float16)",
    "TYPE_FP32": "tensor(float)",
    "TYPE_FP64": "tensor(double)",
}
"""What ONNX Runtime calls Triton's types; text and bfloat16 have no NumPy form that both sides share."""

Tensors = Mapping[str, NDArray[np.generic]]
"""Arrays by tensor name, all with the batch along the first axis."""


class TensorConfig(TypedDict):
    """One input or output in config.pbtxt."""

    name: str
    data_type: str


class Parameter(TypedDict):
    """One parameter's value in config.pbtxt."""

    string_value: str


class ModelConfig(TypedDict):
    """The part of config.pbtxt, as Triton hands it over in JSON, that serving needs."""

    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]
    parameters: dict[str, Parameter]


class Port(Protocol):
    """An input or output of the network, as ONNX Runtime describes it."""

    name: str
    type: str


class Session(Protocol):
    """A network loaded by ONNX Runtime."""

    def get_inputs(self) -> Sequence[Port]:
        """What it takes."""
        ...

    def get_outputs(self) -> Sequence[Port]:
        """What it gives."""
        ...

    def get_providers(self) -> Sequence[str]:
        """What it computes with, the preferred one first."""
        ...

    def run(self, output_names: Sequence[str], input_feed: Tensors) -> Sequence[NDArray[np.generic]]:
        """Compute the named outputs."""
        ...


class TritonPythonModel:
    """One instance of the network. Triton calls `initialize` once, `execute` for each batch, `finalize` at the end."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load the network. A TritonModelException keeps the model from loading and is its line in the server's log."""
        if not np.__version__.startswith("1."):
            raise pb_utils.TritonModelException(
                f"numpy is {np.__version__}, with which Triton 2.51 answers with empty tensors and no error; "
                "install numpy<2 in the server's image"
            )
        config = cast("ModelConfig", json.loads(args["model_config"]))
        path = Path(args["model_repository"], args["model_version"], "model.onnx")
        self._session = _load(path, _threads(config), args)
        self._inputs = [tensor["name"] for tensor in config["input"]]
        self._outputs = [tensor["name"] for tensor in config["output"]]
        problems = [
            *_mismatches("input", config["input"], self._session.get_inputs()),
            *_mismatches("output", config["output"], self._session.get_outputs()),
            *(f"the network needs input '{name}'" for name in _names(self._session.get_inputs()) - set(self._inputs)),
        ]
        if config["max_batch_size"] < 1:
            problems.append("max_batch_size is 0, but batches are joined along a first axis that it leaves out")
        if problems:
            raise pb_utils.TritonModelException(f"{path} does not fit its config.pbtxt: {'; '.join(problems)}")
        pb_utils.Logger.log_info(f"{path} runs on {self._session.get_providers()[0]}")

    def execute(self, requests: Sequence[pb_utils.InferenceRequest]) -> list[pb_utils.InferenceResponse]:
        """Answer each request, in their order; one that fails gets an error of its own."""
        batches: dict[tuple[tuple[int, ...], ...], list[int]] = {}
        feeds = [self._feed(request) for request in requests]
        for position, feed in enumerate(feeds):
            batches.setdefault(tuple(array.shape[1:] for array in feed.values()), []).append(position)
        answers: dict[int, Tensors | pb_utils.TritonError] = {}
        for positions in batches.values():
            answers.update(zip(positions, self._answer([feeds[position] for position in positions]), strict=True))
        return [_response(request, answers[position]) for position, request in enumerate(requests)]

    def finalize(self) -> None:
        """Give the network's memory back."""
        del self._session

    def _feed(self, request: pb_utils.InferenceRequest) -> Tensors:
        # Triton has refused a request that lacks an input or gives it another type, before it comes here.
        return {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs}

    def _answer(self, feeds: Sequence[Tensors]) -> list[Tensors | pb_utils.TritonError]:
        sizes = [len(feed[self._inputs[0]]) for feed in feeds]
        try:
            joined = {name: np.concatenate([feed[name] for feed in feeds]) for name in self._inputs}
            outputs = dict(zip(self._outputs, self._session.run(self._outputs, joined), strict=True))
            return _split(outputs, sizes)
        except Exception as error:  # whatever the network does wrong belongs to the request, not to the server
            if len(feeds) > 1:  # one bad request must not cost the others their answers
                return [answer for feed in feeds for answer in self._answer([feed])]
            return [pb_utils.TritonError(f"the network failed on this request: {error}")]


def _threads(config: ModelConfig) -> int:
    given = config["parameters"].get("intra_op_thread_count", Parameter(string_value="1"))["string_value"]
    if not given.isdecimal() or int(given) < 1:
        raise pb_utils.TritonModelException(f"intra_op_thread_count is '{given}'; it is a number of threads, from 1")
    return int(given)


def _load(path: Path, threads: int, args: Mapping[str, str]) -> Session:
    providers: list[tuple[str, dict[str, str]]] = [("CPUExecutionProvider", {})]
    if args["model_instance_kind"] == "GPU":
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": args["model_instance_device_id"]}))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    try:
        session = cast("Session", onnxruntime.InferenceSession(str(path), options, providers=providers))
    except Exception as error:
        raise pb_utils.TritonModelException(f"{path} cannot be loaded: {error}") from error
    if session.get_providers()[0] != providers[0][0]:
        # ONNX Runtime itself would go on with the CPU, and nobody would notice the idle GPU.
        raise pb_utils.TritonModelException(
            f"{path} was to run on a GPU, and onnxruntime found none that it can use; "
            "install onnxruntime-gpu with its CUDA libraries in the image, or serve without a pool"
        )
    return session


def _names(tensors: Sequence[Port]) -> set[str]:
    return {tensor.name for tensor in tensors}


def _mismatches(direction: str, configured: Sequence[TensorConfig], actual: Sequence[Port]) -> list[str]:
    types = {tensor.name: tensor.type for tensor in actual}
    problems: list[str] = []
    for tensor in configured:
        name, wanted = tensor["name"], tensor["data_type"]
        if name not in types:
            problems.append(f"the network has no {direction} '{name}', only {', '.join(sorted(types))}")
        elif ONNX_TYPES.get(wanted) != types[name]:
            problems.append(f"{direction} '{name}' is {wanted}, but the network has {types[name]}")
    return problems


def _split(outputs: Tensors, sizes: Sequence[int]) -> list[Tensors | pb_utils.TritonError]:
    for name, array in outputs.items():
        if array.shape[:1] != (sum(sizes),):
            raise ValueError(f"output '{name}' has shape {list(array.shape)} for a batch of {sum(sizes)}")
    ends = np.cumsum(sizes)
    return [
        {name: array[end - size : end] for name, array in outputs.items()}
        for size, end in zip(sizes, ends, strict=True)
    ]


def _response(request: pb_utils.InferenceRequest, answer: Tensors | pb_utils.TritonError) -> pb_utils.InferenceResponse:
    if isinstance(answer, pb_utils.TritonError):
        return pb_utils.InferenceResponse(error=answer)
    wanted = request.requested_output_names()
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, answer[name]) for name in answer if name in wanted])
