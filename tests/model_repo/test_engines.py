import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_repo import Engine, Repository, Target, assemble, assemble_all, known_versions
from model_repo.held_out import answers
from stacks.schema import GPU_INSTANCES, Service, StackError, parse
from tests.stacks.configs import put, with_gpus

DIGITS = Path(__file__).parents[2] / "model_repo" / "digits"
L4 = Target(GPU_INSTANCES["g6.2xlarge"].gpu, "25.06")
L40S = Target(GPU_INSTANCES["g6e.2xlarge"].gpu, "25.06")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with the digits, to be changed."""
    shutil.copytree(DIGITS, tmp_path / "digits", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return tmp_path


def a_service(**engine: Any) -> Service:
    config = put(with_gpus(), "services.digits.engine", {"kind": "tensorrt", "precision": "fp16", **engine})
    return parse(config).services["digits"]


def served(service: Service, target: Target = L4, models: Path = DIGITS.parent) -> Repository:
    return assemble("digits", service, target=target, models=models).stable


def engine(service: Service, target: Target = L4, models: Path = DIGITS.parent) -> Engine:
    built = served(service, target, models).engine
    assert built
    return built


def reweighted(models: Path) -> None:
    (models / "digits/2/model.onnx").write_bytes(b"other weights")


def asked_otherwise(models: Path) -> None:
    file = models / "digits/held_out/image.bin"
    file.write_bytes(file.read_bytes()[::-1])


def test_an_engine_is_known_by_its_model_gpu_tensorrt_precision_and_profile() -> None:
    keys = {
        engine(a_service()).key,
        engine(a_service(), L40S).key,
        engine(a_service(), Target(L4.gpu, "25.08")).key,
        engine(a_service(precision="fp32")).key,
        engine(a_service(profile={"optBatch": 8, "maxBatch": 32})).key,
        engine(a_service(maxErrorPercent=0.5)).key,
        engine(a_service().model_copy(update={"version": 3})).key,
    }

    assert len(keys) == 7
    assert engine(a_service()).key in keys


@pytest.mark.parametrize("change", [reweighted, asked_otherwise])
def test_other_weights_or_other_held_out_inputs_are_another_engine(
    models: Path, change: Callable[[Path], None]
) -> None:
    before = engine(a_service(), models=models).key
    change(models)

    assert engine(a_service(), models=models).key != before


def test_a_change_of_batching_is_served_with_the_same_engine_under_another_config() -> None:
    patient = a_service(profile={"optBatch": 32, "maxBatch": 32})
    hasty = patient.model_copy(update={"batching": patient.batching.model_copy(update={"max_queue_delay_ms": 9})})
    before, after = served(patient), served(hasty)

    assert before.folder == after.folder
    assert before.config_name != after.config_name
    assert before.digest != after.digest, "servers have to read the other config"


def test_nothing_but_the_config_is_published_beside_an_engine() -> None:
    repository = served(a_service())

    assert [file.path for file in repository.files] == [f"digits/configs/{repository.config_name}.pbtxt"]
    assert b'backend: "tensorrt"' in bytes(repository.files[0].source)  # pyright: ignore[reportArgumentType]
    assert engine(a_service()).plan == "digits/2/model.plan"


def test_the_recipe_has_all_that_a_builder_needs() -> None:
    recipe = json.loads(engine(a_service()).recipe)

    assert recipe["gpu"] == "L4"
    assert recipe["computeCapability"] == "8.9"
    assert recipe["profile"] == {"min": 1, "opt": 32, "max": 32}
    assert recipe["inputs"] == {"image": {"type": "TYPE_FP32", "dims": [64]}}
    assert recipe["allowedErrorPercent"] == 1
    assert list(recipe["sources"]) == ["held_out/image.bin", "held_out/probabilities.bin", "model.onnx"]


def test_a_stacks_engines_are_for_the_gpus_of_their_pool_and_the_release_of_its_images() -> None:
    of_stack = assemble_all(parse(with_gpus()))["digits"].stable.engine

    assert of_stack
    assert of_stack.target == L4


def test_an_engine_that_could_not_be_compared_is_refused_with_what_is_missing(models: Path) -> None:
    shutil.rmtree(models / "digits/held_out/2")

    with pytest.raises(StackError) as refused:
        served(a_service(), models=models)

    [problem] = refused.value.problems
    assert problem.path == "services.digits.engine"
    assert "digits/held_out/2/probabilities.bin is not there" in problem.found
    assert "python -m model_repo.held_out digits" in problem.way_out


def test_answers_of_another_number_of_inputs_are_refused(models: Path) -> None:
    file = models / "digits/held_out/2/probabilities.bin"
    file.write_bytes(file.read_bytes()[:-40])

    with pytest.raises(StackError, match=r"probabilities\.bin has 63 rows"):
        served(a_service(), models=models)


def test_fewer_held_out_inputs_than_the_smallest_batch_are_refused() -> None:
    with pytest.raises(StackError, match="at least 65"):
        served(a_service(profile={"minBatch": 65, "optBatch": 65, "maxBatch": 65}))


def test_a_model_whose_sizes_are_open_is_refused(models: Path) -> None:
    template = models / "digits/config.pbtxt.j2"
    template.write_text(template.read_text().replace("dims: [64]", "dims: [-1]"))

    with pytest.raises(StackError, match=r"tensor 'image' of digits is TYPE_FP32 \[-1\]"):
        served(a_service(), models=models)


@pytest.mark.parametrize("version", known_versions("digits"))
def test_the_committed_answers_are_what_onnx_runtime_makes_of_the_held_out_inputs(version: int) -> None:
    committed = np.fromfile(DIGITS / "held_out" / str(version) / "probabilities.bin", np.float32).reshape(-1, 10)

    np.testing.assert_allclose(committed, answers(DIGITS, version)["probabilities"], atol=1e-5)
