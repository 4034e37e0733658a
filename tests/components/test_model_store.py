from collections.abc import Callable
from pathlib import Path

import pytest

from components import ModelStore, ModelStoreArgs
from model_repo import assemble
from stacks.schema import VolumeClaim, VolumeRepository
from tests.components.conftest import Build
from tests.factories import a_service


def a_store(claim: VolumeClaim | None) -> Callable[[], None]:
    args = ModelStoreArgs(
        repository=VolumeRepository(claim=claim), content=(assemble("digits", a_service()),), namespace="plimsoll"
    )

    def program() -> None:
        ModelStore("model-store", args)

    return program


def test_a_preview_writes_nothing(build: Build, tmp_path: Path) -> None:
    build(a_store(VolumeClaim(name="models", mounted_at=str(tmp_path))), preview=True)

    assert list(tmp_path.iterdir()) == []


def test_an_update_writes_the_content_before_any_server_looks_for_it(build: Build, tmp_path: Path) -> None:
    build(a_store(VolumeClaim(name="models", mounted_at=str(tmp_path))))

    repository = assemble("digits", a_service())
    assert (tmp_path / repository.digest / "digits" / "config.pbtxt").is_file()


def test_a_given_claim_is_used_as_it_is(build: Build, tmp_path: Path) -> None:
    engine = build(a_store(VolumeClaim(name="models", mounted_at=str(tmp_path))))

    assert engine.inputs_of("PersistentVolumeClaim") == []


def test_a_local_cluster_gets_a_claim_on_its_nodes_folder(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path))

    engine = build(a_store(claim=None), preview=True)

    [volume] = engine.inputs_of("PersistentVolume")
    assert volume["spec"]["hostPath"]["path"] == str(tmp_path.resolve() / "models")
    assert volume["metadata"]["name"] == "plimsoll-model-store"
    assert volume["spec"]["claimRef"] == {"namespace": "plimsoll", "name": "model-store"}
