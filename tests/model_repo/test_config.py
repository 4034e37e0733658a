import os
from pathlib import Path
from typing import Any, cast

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from model_repo import known_models, render_config
from stacks.schema import OnnxRuntime, Problem, Profile, Service, StackError, TensorRt
from tests.factories import a_service

GOLDEN = Path(__file__).parents[1] / "golden"
DIGITS = a_service()
SIGNATURE = """
input [{ name: "image" data_type: TYPE_FP32 dims: [64] }]
output [{ name: "probabilities" data_type: TYPE_FP32 dims: [10] }]
"""


def on_a_gpu(engine: OnnxRuntime | TensorRt) -> Service:
    return DIGITS.model_copy(update={"pool": "l4", "engine": engine})


def a_template(folder: Path, signature: str, model: str = "digits") -> Path:
    """A models folder with one model, whose template fills in the signature with the given text."""
    template = folder / model / "config.pbtxt.j2"
    template.parent.mkdir()
    template.write_text(f'{{% extends "config.pbtxt.j2" %}}\n{{% block signature %}}\n{signature}\n{{% endblock %}}\n')
    return folder


def parsed(text: str) -> Any:
    """The text as Triton reads it; protobuf's generated classes carry no types."""
    config: Any = cast("Any", model_config_pb2).ModelConfig()
    return text_format.Parse(text, config)


def refusal(service: Service, models: Path) -> Problem:
    """The one problem for which a service's config is not rendered."""
    with pytest.raises(StackError) as refused:
        render_config("digits", service, service.version, models=models)
    [problem] = refused.value.problems
    assert all([problem.found, problem.limit, problem.reason, problem.way_out])
    return problem


@pytest.mark.parametrize(
    ("golden", "service"),
    [
        ("digits-python-cpu.pbtxt", DIGITS),
        ("digits-onnxruntime-gpu.pbtxt", on_a_gpu(OnnxRuntime())),
        ("digits-tensorrt-gpu.pbtxt", on_a_gpu(TensorRt(precision="fp16"))),
    ],
)
def test_each_engine_renders_its_golden_config(golden: str, service: Service) -> None:
    rendered = render_config("digits", service, service.version)
    if os.environ.get("GOLDEN") == "rewrite":
        (GOLDEN / golden).write_text(rendered)

    assert rendered == (GOLDEN / golden).read_text()


def test_triton_reads_in_the_config_what_the_stack_asks_for() -> None:
    service = a_service(
        version=3, instances=3, batching={"maxBatchSize": 16, "maxQueueDelayMs": 0.3, "maxQueueSize": 99}
    )

    config = parsed(render_config("digits", service, 3))

    assert config.name == "digits"
    assert config.backend == "python"
    assert list(config.version_policy.specific.versions) == [3]
    assert config.max_batch_size == 16
    assert config.dynamic_batching.max_queue_delay_microseconds == 300
    assert config.dynamic_batching.default_queue_policy.max_queue_size == 99
    assert [group.count for group in config.instance_group] == [3]


def test_only_the_version_that_is_asked_for_is_served() -> None:
    config = parsed(render_config("digits", DIGITS, 3))

    assert list(config.version_policy.specific.versions) == [3], "the stable version is served by other replicas"


def test_the_cores_of_a_replica_are_shared_out_among_its_instances() -> None:
    service = a_service(instances=2, resources={"cpu": 7.5})

    config = parsed(render_config("digits", service, 2))

    assert config.parameters["intra_op_thread_count"].string_value == "3"


def test_an_instance_has_a_thread_even_where_instances_outnumber_cores() -> None:
    service = a_service(instances=4, resources={"cpu": 0.5})

    config = parsed(render_config("digits", service, 2))

    assert config.parameters["intra_op_thread_count"].string_value == "1"


def test_a_model_is_warmed_up_with_the_smallest_and_the_largest_batch() -> None:
    config = parsed(render_config("digits", a_service(batching={"maxBatchSize": 16}), 2))

    assert [warmup.batch_size for warmup in config.model_warmup] == [1, 16]
    assert all(warmup.inputs["image"].zero_data for warmup in config.model_warmup)


def test_a_model_that_takes_one_item_at_a_time_is_warmed_up_once() -> None:
    config = parsed(render_config("digits", a_service(batching={"maxBatchSize": 1}), 2))

    assert [warmup.batch_size for warmup in config.model_warmup] == [1]


def test_an_engine_is_not_warmed_up_with_batches_smaller_than_its_profile_takes() -> None:
    service = on_a_gpu(TensorRt(precision="fp16", profile=Profile(min_batch=4, opt_batch=8, max_batch=32)))

    config = parsed(render_config("digits", service, 2))

    assert [warmup.batch_size for warmup in config.model_warmup] == [4, 32]


def test_a_size_that_varies_is_warmed_up_as_one(tmp_path: Path) -> None:
    models = a_template(tmp_path, SIGNATURE.replace("dims: [64]", "dims: [-1, 64]"))

    config = parsed(render_config("digits", DIGITS, 2, models=models))

    assert list(config.input[0].dims) == [-1, 64]
    assert list(config.model_warmup[0].inputs["image"].dims) == [1, 64]


def test_an_unknown_model_is_refused_with_the_known_ones_listed() -> None:
    with pytest.raises(StackError) as refused:
        render_config("search", a_service(model="embeddings"), 1)
    [problem] = refused.value.problems

    assert problem.path == "services.search.model"
    assert "'embeddings'" in problem.found
    assert "digits" in problem.limit
    assert "model_repo/embeddings/config.pbtxt.j2" in problem.way_out


def test_a_folder_without_a_template_is_not_a_model(tmp_path: Path) -> None:
    (a_template(tmp_path, SIGNATURE) / "backends").mkdir()

    assert known_models(tmp_path) == ["digits"]


def test_a_text_that_triton_cannot_read_is_refused_with_its_line_and_column(tmp_path: Path) -> None:
    problem = refusal(DIGITS, a_template(tmp_path, SIGNATURE + "max_bach_size: 3"))

    assert problem.path == "services.digits.model"
    assert "model_repo/digits/config.pbtxt.j2" in problem.found
    assert "`max_bach_size: 3`" in problem.found
    assert "10:1 :" in problem.found


def test_a_setting_of_the_stack_is_not_the_templates_to_repeat(tmp_path: Path) -> None:
    assert "max_batch_size" in refusal(DIGITS, a_template(tmp_path, SIGNATURE + "max_batch_size: 3")).found


@pytest.mark.parametrize(
    ("signature", "found"),
    [
        ("", "has no input"),
        (SIGNATURE.replace("output", "input"), "has no output"),
        (SIGNATURE.replace("dims: [10]", ""), "output 'probabilities' with dims []"),
        (SIGNATURE.replace("dims: [64]", "dims: [0]"), "input 'image' with dims [0]"),
        (SIGNATURE.replace('name: "image"', ""), "input '' without a name"),
        (SIGNATURE.replace("data_type: TYPE_FP32 dims: [64]", "dims: [64]"), "input 'image' without a data_type"),
        ("{{ servce.model }}", "'servce' is undefined"),
        ("{{ service.model }", "line 3"),
    ],
)
def test_a_template_that_gives_no_complete_signature_is_refused(tmp_path: Path, signature: str, found: str) -> None:
    with pytest.raises(StackError) as refused:
        render_config("digits", DIGITS, 2, models=a_template(tmp_path, signature))

    assert any(found in problem.found for problem in refused.value.problems), str(refused.value)


def test_a_template_without_a_signature_block_is_refused(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "config.pbtxt.j2").write_text('{% extends "config.pbtxt.j2" %}')

    assert "Required block 'signature' not found" in refusal(DIGITS, tmp_path).found


def test_a_template_that_names_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "config.pbtxt.j2").write_text(f'name: "letters"\n{SIGNATURE}')

    assert "names the model 'letters'" in refusal(DIGITS, tmp_path).found
