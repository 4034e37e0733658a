import importlib.util
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from model_repo.digits.images import held_out
from model_repo.repository import PYTHON_BACKEND
from tests.model_repo import triton_fake
from tests.model_repo.triton_fake import InferenceRequest, InferenceResponse, TritonModelException

DIGITS = Path(__file__).parents[2] / "model_repo" / "digits"
IMAGE = {"name": "image", "data_type": "TYPE_FP32"}
PROBABILITIES = {"name": "probabilities", "data_type": "TYPE_FP32"}
CONFIG: dict[str, Any] = {"max_batch_size": 32, "input": [IMAGE], "output": [PROBABILITIES], "parameters": {}}


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """model.py as a server with a NumPy that suits it would import it."""
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", triton_fake)
    monkeypatch.setattr(np, "__version__", "1.26.4")
    spec = importlib.util.spec_from_file_location("onnx_backend", PYTHON_BACKEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load(backend: ModuleType, folder: Path = DIGITS, version: int = 2, kind: str = "CPU", **config: Any) -> Any:
    model = backend.TritonPythonModel()
    model.initialize(
        {
            "model_config": json.dumps(CONFIG | config),
            "model_repository": str(folder),
            "model_version": str(version),
            "model_instance_kind": kind,
            "model_instance_device_id": "0",
        }
    )
    return model


def ask(pixels: NDArray[np.float32], outputs: Sequence[str] = ("probabilities",)) -> InferenceRequest:
    return InferenceRequest({"image": pixels}, outputs)


def answer(response: InferenceResponse) -> NDArray[np.float32]:
    assert response.error is None, response.error
    [tensor] = response.output_tensors
    return tensor.as_numpy().astype(np.float32)


def an_echo(folder: Path, output_size: str = "batch", **attributes: Any) -> Path:
    """A network of version 2 that gives back rows of any length, or with another batch what it must not."""
    (folder / "2").mkdir()
    node = helper.make_node(
        "Identity" if output_size == "batch" else "ReduceSum", ["image"], ["probabilities"], **attributes
    )
    graph = helper.make_graph(
        [node],
        "echo",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", "length"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [output_size, "length"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    (folder / "2" / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def watch(monkeypatch: pytest.MonkeyPatch, look: Callable[[NDArray[np.float32]], None]) -> None:
    """Let a test see each batch before a network computes it, and raise in the network's place."""
    run = cast("Callable[..., Any]", onnxruntime.InferenceSession.run)

    def watched(session: Any, outputs: Sequence[str], inputs: dict[str, NDArray[np.float32]]) -> Any:
        look(inputs["image"])
        return run(session, outputs, inputs)

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", watched)


def test_requests_that_come_together_are_computed_in_one_run(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = held_out().pixels[:6]
    model = load(backend)
    alone = [answer(model.execute([ask(pixels[i : i + 1])])[0]) for i in range(6)]
    sizes: list[int] = []
    watch(monkeypatch, lambda batch: sizes.append(len(batch)))

    together = model.execute([ask(pixels[:1]), ask(pixels[1:4]), ask(pixels[4:])])

    assert sizes == [6]
    assert [len(answer(response)) for response in together] == [1, 3, 2]
    np.testing.assert_allclose(
        np.concatenate([answer(response) for response in together]), np.concatenate(alone), atol=1e-6
    )


def test_requests_of_different_shapes_are_answered_each_with_its_own(
    backend: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(backend, an_echo(tmp_path))
    sizes: list[int] = []
    watch(monkeypatch, lambda batch: sizes.append(len(batch)))
    rows = [np.full((2, length), length, dtype=np.float32) for length in (3, 5, 3)]

    responses = model.execute([ask(row) for row in rows])

    assert sorted(sizes) == [2, 4], "the two of length 3 go together"
    for row, response in zip(rows, responses, strict=True):
        np.testing.assert_array_equal(answer(response), row)


def test_one_bad_request_does_not_cost_the_others_their_answers(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(backend)

    def refuse_nan(batch: NDArray[np.float32]) -> None:
        if np.isnan(batch).any():
            raise RuntimeError("not a number")

    watch(monkeypatch, refuse_nan)
    pixels = held_out().pixels
    good, bad, last = model.execute([ask(pixels[:1]), ask(pixels[:1] * np.nan), ask(pixels[1:2])])

    assert len(answer(good)) == len(answer(last)) == 1
    assert bad.error is not None
    assert "not a number" in bad.error.message()


def test_a_network_whose_output_lost_the_batch_says_so(backend: ModuleType, tmp_path: Path) -> None:
    model = load(backend, an_echo(tmp_path, output_size="one"))

    [response] = model.execute([ask(np.ones((3, 4), dtype=np.float32))])

    assert response.error is not None
    assert "output 'probabilities' has shape [1, 1] for a batch of 3" in response.error.message()


def test_only_the_outputs_that_were_asked_for_are_sent(backend: ModuleType) -> None:
    [response] = load(backend).execute([ask(held_out().pixels[:1], outputs=())])

    assert response.error is None
    assert response.output_tensors == []


def test_numpy_2_is_refused_because_it_empties_the_answers(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "__version__", "2.2.6")

    with pytest.raises(TritonModelException, match="install numpy<2"):
        load(backend)


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"input": [{**IMAGE, "name": "picture"}]}, "has no input 'picture', only image"),
        ({"input": [{**IMAGE, "name": "picture"}]}, "needs input 'image'"),
        ({"output": [{**PROBABILITIES, "name": "classes"}]}, "has no output 'classes', only probabilities"),
        ({"output": [{**PROBABILITIES, "data_type": "TYPE_FP64"}]}, r"TYPE_FP64, but the network has tensor\(float\)"),
        ({"max_batch_size": 0}, "max_batch_size is 0"),
        ({"parameters": {"intra_op_thread_count": {"string_value": "many"}}}, "'many'; it is a number of threads"),
    ],
)
def test_a_config_that_does_not_fit_the_network_is_refused(
    backend: ModuleType, config: dict[str, Any], found: str
) -> None:
    with pytest.raises(TritonModelException, match=found):
        load(backend, **config)


def test_a_damaged_network_is_refused_with_its_path(backend: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "model.onnx").write_bytes(b"damaged")

    with pytest.raises(TritonModelException, match=f"{tmp_path}/2/model.onnx cannot be loaded"):
        load(backend, tmp_path)


@pytest.mark.filterwarnings("ignore:Specified provider 'CUDAExecutionProvider' is not in available")
def test_a_gpu_instance_does_not_fall_back_to_the_cpu(backend: ModuleType) -> None:
    with pytest.raises(TritonModelException, match="was to run on a GPU"):
        load(backend, kind="GPU")


def test_the_network_is_let_go_at_the_end(backend: ModuleType) -> None:
    model = load(backend)
    model.finalize()

    assert not hasattr(model, "_session")
