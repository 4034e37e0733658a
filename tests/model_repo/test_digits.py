import hashlib
from collections.abc import Iterable

import onnx
import pytest

from model_repo import known_versions, render_config
from model_repo.digits.images import held_out, training
from model_repo.digits.train import COMMITTED, committed_scores, correct_answers
from tests.factories import a_service

VERSIONS = known_versions("digits")
PLAIN = {"Mul", "Gemm", "Relu", "Softmax"}


def network(version: int) -> onnx.ModelProto:
    return onnx.ModelProto.FromString((COMMITTED / str(version) / "model.onnx").read_bytes())


def shapes(tensors: Iterable[onnx.ValueInfoProto]) -> list[tuple[str, int, list[int | str]]]:
    return [
        (
            tensor.name,
            tensor.type.tensor_type.elem_type,
            [size.dim_value or size.dim_param for size in tensor.type.tensor_type.shape.dim],
        )
        for tensor in tensors
    ]


def test_every_committed_version_has_its_score() -> None:
    assert sorted(committed_scores()) == [str(version) for version in VERSIONS]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_reads_as_many_held_out_images_as_its_score_says(version: int) -> None:
    score = committed_scores()[str(version)]
    weights = COMMITTED / str(version) / "model.onnx"

    assert hashlib.sha256(weights.read_bytes()).hexdigest() == score.sha256, "a version is immutable: add another one"
    assert correct_answers(weights, held_out()) == score.correct
    assert score.accuracy == round(score.correct / score.images, 4)


def test_each_version_reads_better_than_the_one_before() -> None:
    scores = [committed_scores()[str(version)].correct for version in VERSIONS]

    assert scores == sorted(set(scores))


def test_no_version_has_seen_a_held_out_image() -> None:
    seen = {image.tobytes() for image in training().pixels}

    assert len(held_out().labels) == 450
    assert not any(image.tobytes() in seen for image in held_out().pixels)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_is_a_plain_network_that_tensorrt_and_old_runtimes_read(version: int) -> None:
    model = network(version)

    assert {node.op_type for node in model.graph.node} <= PLAIN
    assert [(domain.domain, domain.version) for domain in model.opset_import] == [("", 13)]
    assert model.ir_version <= 9, "ONNX Runtime 1.17 reads no later one"


@pytest.mark.parametrize("version", VERSIONS)
def test_all_versions_share_the_signature_that_the_template_states(version: int) -> None:
    graph = network(version).graph
    config = render_config("digits", a_service(version=version), version)

    assert shapes(graph.input) == [("image", onnx.TensorProto.FLOAT, ["batch", 64])]
    assert shapes(graph.output) == [("probabilities", onnx.TensorProto.FLOAT, ["batch", 10])]
    assert 'input [{ name: "image" data_type: TYPE_FP32 dims: [64] }]' in config
    assert 'output [{ name: "probabilities" data_type: TYPE_FP32 dims: [10] }]' in config
