import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import pytest

from model_repo import Repository, assemble, assemble_all, repository, version_digests
from stacks.schema import Canary, OnnxRuntime, Service, Stack, StackError
from tests.factories import a_service, a_stack

DIGITS = Path(__file__).parents[2] / "model_repo" / "digits"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with one model of two small versions."""
    for version in ("1", "2"):
        (tmp_path / "digits" / version).mkdir(parents=True)
        (tmp_path / "digits" / version / "model.onnx").write_bytes(b"weights " + version.encode())
    shutil.copy(DIGITS / "config.pbtxt.j2", tmp_path / "digits")
    return tmp_path


def paths(repository: Repository) -> list[str]:
    return [file.path for file in repository.files]


def serving(services: dict[str, Service]) -> Stack:
    return a_stack().model_copy(update={"services": services})


def found(refused: pytest.ExceptionInfo[StackError]) -> dict[str, str]:
    return {problem.path: problem.found for problem in refused.value.problems}


def test_a_repository_holds_the_config_and_the_one_version_that_is_served() -> None:
    service = a_service(engine={"kind": "onnxruntime"})

    assert paths(assemble("digits", service).stable) == ["digits/2/model.onnx", "digits/config.pbtxt"]


def test_the_python_engine_brings_its_backend() -> None:
    assert paths(assemble("digits", a_service()).stable) == [
        "digits/2/model.onnx",
        "digits/2/model.py",
        "digits/config.pbtxt",
    ]


def test_weights_that_lie_beside_the_network_belong_to_its_version(models: Path) -> None:
    (models / "digits" / "2" / "model.onnx.data").write_bytes(b"more weights")

    assert "digits/2/model.onnx.data" in paths(assemble("digits", a_service(), models=models).stable)


def test_hidden_files_do_not_belong_to_a_version(models: Path) -> None:
    before = assemble("digits", a_service(), models=models).stable
    (models / "digits" / "2" / ".DS_Store").write_bytes(b"left behind by a file manager")

    assert assemble("digits", a_service(), models=models).stable == before


def test_the_digest_is_the_same_wherever_the_checkout_lies(
    models: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "models"
    shutil.copytree(models, elsewhere)
    os.utime(elsewhere / "digits" / "2" / "model.onnx", (0, 0))

    here, there = (
        assemble("digits", a_service(), models=models).stable,
        assemble("digits", a_service(), models=elsewhere).stable,
    )

    assert here.digest == there.digest
    assert len(here.digest) == 16


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("other", a_service()),
        ("digits", a_service(scaling={"replicas": {"min": 3, "max": 3}})),
        ("digits", a_service().model_copy(update={"canary": Canary(version=1, weight=10)})),
    ],
)
def test_what_the_server_does_not_read_leaves_the_digest_alone(models: Path, name: str, service: Service) -> None:
    assert (
        assemble(name, service, models=models).stable.digest
        == assemble("digits", a_service(), models=models).stable.digest
    )


def new_weights(models: Path) -> Service:
    (models / "digits" / "2" / "model.onnx").write_bytes(b"weights 3")
    return a_service()


def new_file(models: Path) -> Service:
    (models / "digits" / "2" / "labels.txt").touch()
    return a_service()


def new_template(models: Path) -> Service:
    template = models / "digits" / "config.pbtxt.j2"
    template.write_text(template.read_text().replace("dims: [10]", "dims: [11]"))
    return a_service()


def new_batch_size(_models: Path) -> Service:
    return a_service(batching={"maxBatchSize": 8})


def new_version(_models: Path) -> Service:
    return a_service(version=1)


def new_engine(_models: Path) -> Service:
    return a_service().model_copy(update={"engine": OnnxRuntime()})


@pytest.mark.parametrize("change", [new_weights, new_file, new_template, new_batch_size, new_version, new_engine])
def test_whatever_the_server_reads_changes_the_digest(models: Path, change: Callable[[Path], Service]) -> None:
    before = assemble("digits", a_service(), models=models).stable.digest

    assert assemble("digits", change(models), models=models).stable.digest != before


def test_the_same_bytes_under_another_name_change_the_digest(models: Path) -> None:
    labels = models / "digits" / "2" / "labels.txt"
    labels.write_text("zero one two")
    before = assemble("digits", a_service(), models=models).stable.digest
    labels.rename(labels.with_name("labels-2.txt"))

    assert assemble("digits", a_service(), models=models).stable.digest != before


def test_another_backend_changes_the_digest(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = assemble("digits", a_service(), models=models).stable.digest
    (models / "model.py").write_text("another backend")
    monkeypatch.setattr(repository, "PYTHON_BACKEND", models / "model.py")

    assert assemble("digits", a_service(), models=models).stable.digest != before


def test_a_version_is_known_by_its_files_however_it_is_served(models: Path) -> None:
    def known(**service: object) -> dict[str, str]:
        return version_digests([assemble("digits", a_service(**service), models=models)], models=models)

    before = known(canary={"version": 1})
    assert before.keys() == {"digits/1", "digits/2"}
    assert known(canary={"version": 1, "weight": 10}, instances=4, engine={"kind": "onnxruntime"}) == before

    (models / "digits" / "2" / "model.onnx").write_bytes(b"other weights")
    assert {version for version, digest in known(canary={"version": 1}).items() if digest != before[version]} == {
        "digits/2"
    }


def test_weights_are_read_once_however_many_services_share_them(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = models / "digits" / "2" / "model.onnx"
    read: list[str] = []
    digest = cast("Callable[[IO[bytes], str], object]", hashlib.file_digest)

    def recording(contents: IO[bytes], algorithm: str) -> object:
        read.append(contents.name)
        return digest(contents, algorithm)

    monkeypatch.setattr(hashlib, "file_digest", recording)
    assemble_all(serving({f"digits-{number}": a_service() for number in range(300)}), models=models)

    assert [path for path in read if Path(path) == weights] == [str(weights)]


def test_a_version_that_is_not_there_is_refused_with_those_that_are(models: Path) -> None:
    with pytest.raises(StackError) as refused:
        assemble("digits", a_service(version=7), models=models)
    [problem] = refused.value.problems

    assert problem.path == "services.digits.version"
    assert problem.found == "digits has no version 7"
    assert problem.limit == "one of: 1, 2"
    assert "model_repo/digits/7/model.onnx" in problem.way_out


def test_a_canary_version_that_is_not_there_is_refused_before_it_is_served(models: Path) -> None:
    service = a_service(canary={"version": 3, "weight": 0})

    with pytest.raises(StackError) as refused:
        assemble("digits", service, models=models)

    assert found(refused) == {"services.digits.canary.version": "digits has no version 3"}


def test_a_version_without_weights_is_refused(models: Path) -> None:
    (models / "digits" / "2" / "model.onnx").unlink()

    with pytest.raises(StackError) as refused:
        assemble("digits", a_service(), models=models)

    assert found(refused) == {"services.digits.version": "model_repo/digits/2 holds no model.onnx"}


def test_a_model_without_versions_is_refused(models: Path) -> None:
    for version in ("1", "2"):
        shutil.rmtree(models / "digits" / version)

    with pytest.raises(StackError, match="digits has no version yet"):
        assemble("digits", a_service(), models=models)


def test_the_problems_of_all_services_are_reported_at_once(models: Path) -> None:
    template = models / "letters" / "config.pbtxt.j2"
    template.parent.mkdir()
    template.write_text("name: ")
    services = {
        "good": a_service(),
        "late": a_service(version=7, canary={"version": 8}),
        "lost": a_service(model="nowhere"),
        "broken": a_service(model="letters"),
    }

    with pytest.raises(StackError) as refused:
        assemble_all(serving(services), models=models)

    assert sorted(found(refused)) == [
        "services.broken.model",
        "services.broken.version",
        "services.late.canary.version",
        "services.late.version",
        "services.lost.model",
    ]


def test_every_service_gets_a_repository_for_each_version_that_it_serves() -> None:
    services = {"old": a_service(version=2), "moving": a_service(version=2, canary={"version": 3})}

    repositories = assemble_all(serving(services))

    versions = {name: [each.version for each in of_service] for name, of_service in repositories.items()}
    assert versions == {"old": [2], "moving": [2, 3]}
    assert repositories["moving"].stable == repositories["old"].stable


def test_a_canary_that_takes_or_gives_something_else_is_refused(models: Path) -> None:
    template = models / "digits" / "config.pbtxt.j2"
    template.write_text(template.read_text().replace("dims: [64]", "dims: [{{ 64 * version }}]"))

    with pytest.raises(StackError) as refused:
        assemble("digits", a_service(version=1, canary={"version": 2, "weight": 10}), models=models)

    assert found(refused) == {
        "services.digits.canary.version": "digits 2 takes or gives something else than 1: "
        "input 'image' was TYPE_FP32 [64] and is TYPE_FP32 [128]"
    }


def test_a_version_may_bring_its_own_model_code(models: Path) -> None:
    (models / "digits" / "2" / "model.py").write_text("# of this version")

    repository = assemble("digits", a_service(), models=models).stable

    assert {file.path: file.source for file in repository.files}["digits/2/model.py"] == models / "digits/2/model.py"
