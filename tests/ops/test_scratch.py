import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ops.scratch import BAD_VERSIONS, CHECKOUT, FIRST_BAD_VERSION, add_bad_versions, link_checkout
from tests.model_repo import triton_fake
from tests.model_repo.triton_fake import InferenceRequest

NUMBERED = list(enumerate(BAD_VERSIONS, start=FIRST_BAD_VERSION))
EACH_BAD_VERSION = pytest.mark.parametrize("version", [number for number, _ in NUMBERED], ids=list(BAD_VERSIONS))
CONFIG: dict[str, Any] = {
    "max_batch_size": 32,
    "input": [{"name": "image", "data_type": "TYPE_FP32"}],
    "output": [{"name": "probabilities", "data_type": "TYPE_FP32"}],
    "parameters": {},
}


@pytest.fixture
def model_repo(tmp_path: Path) -> Path:
    """A copied model_repo with the bad versions."""
    link_checkout(tmp_path, copied=["model_repo"])
    add_bad_versions(tmp_path / "model_repo")
    return tmp_path / "model_repo"


@pytest.fixture
def load(model_repo: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """Loads a version of the digits by its own model.py, as a server would that outlives it."""

    def dies(code: int) -> None:
        raise SystemExit(code)

    def loaded(version: int) -> Any:
        spec = importlib.util.spec_from_file_location("bad", model_repo / "digits" / str(version) / "model.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        model = module.TritonPythonModel()
        model.initialize(
            {
                "model_config": json.dumps(CONFIG),
                "model_repository": str(model_repo / "digits"),
                "model_version": str(version),
                "model_instance_kind": "CPU",
                "model_instance_device_id": "0",
            }
        )
        return model

    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", triton_fake)
    monkeypatch.setattr(np, "__version__", "1.26.4")
    monkeypatch.setattr(os, "_exit", dies)
    return loaded


def ask(brightness: float) -> InferenceRequest:
    return InferenceRequest({"image": np.full((1, 64), brightness, np.float32)}, ["probabilities"])


def digits_files(checkout: Path) -> set[Path]:
    return {path.relative_to(checkout) for path in (checkout / "model_repo" / "digits").glob("[0-9]*/*")}


def test_a_linked_checkout_has_no_stack_file(tmp_path: Path) -> None:
    link_checkout(tmp_path)

    assert list((CHECKOUT / "stacks").glob("Pulumi.*.yaml"))
    assert {entry.name for entry in (tmp_path / "stacks").iterdir()} == {"__init__.py", "schema"}


def test_a_stack_file_written_beside_the_links_is_not_in_the_checkout(tmp_path: Path) -> None:
    link_checkout(tmp_path)

    (tmp_path / "stacks" / "Pulumi.scratch.yaml").touch()

    assert not (CHECKOUT / "stacks" / "Pulumi.scratch.yaml").exists()


def test_everything_else_is_the_checkouts_own(tmp_path: Path) -> None:
    link_checkout(tmp_path)

    linked = {entry.name: entry for entry in tmp_path.iterdir() if entry.name != "stacks"}
    assert {"Pulumi.yaml", "__main__.py", "components", "model_repo", "policies"} <= set(linked)
    for name, entry in (linked | {"stacks/schema": tmp_path / "stacks" / "schema"}).items():
        assert entry.is_symlink()
        assert entry.resolve() == (CHECKOUT / name).resolve()


def test_what_is_to_be_copied_is_a_folder_of_its_own(tmp_path: Path) -> None:
    link_checkout(tmp_path, copied=["model_repo", "policies"])

    for name in ("model_repo", "policies"):
        assert (tmp_path / name).is_dir()
        assert (tmp_path / name).resolve() == tmp_path.resolve() / name
    assert (tmp_path / "components").is_symlink()
    assert digits_files(tmp_path) == digits_files(CHECKOUT)


@EACH_BAD_VERSION
def test_each_bad_version_has_code_of_its_own_beside_a_good_ones_weights(model_repo: Path, version: int) -> None:
    digits = model_repo / "digits"
    code = digits / str(version) / "model.py"

    compile(code.read_text(), str(code), "exec")
    assert (digits / str(version) / "model.onnx").read_bytes() == (digits / "3" / "model.onnx").read_bytes()


def test_no_two_bad_versions_have_the_same_code(model_repo: Path) -> None:
    codes = {(model_repo / "digits" / str(version) / "model.py").read_text() for version, _ in NUMBERED}

    assert len(codes) == len(NUMBERED)


def test_the_good_versions_keep_theirs(model_repo: Path) -> None:
    for version in range(1, FIRST_BAD_VERSION):
        assert [entry.name for entry in (model_repo / "digits" / str(version)).iterdir()] == ["model.onnx"]


def test_no_bad_version_lands_in_the_checkout(tmp_path: Path) -> None:
    before = digits_files(CHECKOUT)
    link_checkout(tmp_path, copied=["model_repo"])

    add_bad_versions(tmp_path / "model_repo")

    assert digits_files(CHECKOUT) == before
    assert {path.parent.name for path in digits_files(tmp_path) - before} == {str(version) for version, _ in NUMBERED}


@EACH_BAD_VERSION
def test_no_bad_version_fails_at_its_warm_up(load: Callable[[int], Any], version: int) -> None:
    model = load(version)

    answers = model.execute([ask(0) for _ in range(32)])

    assert [answer.error for answer in answers] == [None] * 32


def test_the_version_that_raises_fails_its_callers(load: Callable[[int], Any]) -> None:
    model = load(FIRST_BAD_VERSION + list(BAD_VERSIONS).index("raises"))

    with pytest.raises(RuntimeError, match="a version that raises"):
        model.execute([ask(1)])


def test_the_version_that_dies_under_load_answers_some_callers_first(load: Callable[[int], Any]) -> None:
    model = load(FIRST_BAD_VERSION + list(BAD_VERSIONS).index("dies under load"))

    for _ in range(20):
        assert [answer.error for answer in model.execute([ask(1)])] == [None]
    with pytest.raises(SystemExit):
        model.execute([ask(1)])
