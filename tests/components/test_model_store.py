from collections.abc import Callable
from pathlib import Path

import pytest

from components import fill_store
from components.model_store import ModelStore, ModelStoreArgs
from model_repo import PublishError, assemble
from stacks.schema import VolumeClaim, VolumeRepository
from tests.components.conftest import Build
from tests.factories import a_service

SERVED = assemble("digits", a_service())
CONTENT = SERVED.stable


def a_claim_on(folder: Path) -> VolumeRepository:
    return VolumeRepository(claim=VolumeClaim(name="models", mounted_at=str(folder)))


def a_store(spec: VolumeRepository) -> Callable[[], None]:
    def program() -> None:
        fill_store(spec, {"digits": SERVED})
        ModelStore("model-store", ModelStoreArgs(spec=spec, namespace="plimsoll"))

    return program


def test_a_preview_writes_nothing(build: Build, tmp_path: Path) -> None:
    build(a_store(a_claim_on(tmp_path)), preview=True)

    assert list(tmp_path.iterdir()) == []


def test_an_update_writes_the_content(build: Build, tmp_path: Path) -> None:
    build(a_store(a_claim_on(tmp_path)))

    assert (tmp_path / CONTENT.digest / "digits" / "config.pbtxt").is_file()


def test_a_store_that_is_not_there_stops_an_update_before_any_resource(build: Build, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="mount the volume"):
        build(a_store(a_claim_on(tmp_path / "unmounted")))


def test_a_given_claim_is_used_as_it_is(build: Build, tmp_path: Path) -> None:
    engine = build(a_store(a_claim_on(tmp_path)))

    assert engine.inputs_of("PersistentVolumeClaim") == []


def test_a_local_cluster_gets_a_claim_on_its_nodes_folder(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path))

    engine = build(a_store(VolumeRepository()), preview=True)

    [volume] = engine.inputs_of("PersistentVolume")
    assert volume["spec"]["hostPath"]["path"] == str(tmp_path.resolve() / "models")
    assert volume["metadata"]["name"] == "plimsoll-model-store"
    assert volume["spec"]["claimRef"] == {"namespace": "plimsoll", "name": "model-store"}
