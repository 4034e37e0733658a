"""A model that can't be served: said clearly, and what served before goes on serving."""

import shutil

import pytest

from model_repo.digits.images import held_out
from ops.clients import HttpClient
from ops.stack import ServedModel
from tests.cluster.conftest import kubectl, with_own_models
from tests.conftest import NAMESPACE, Project, a_test_stack_config

pytestmark = pytest.mark.cluster

HELD_OUT = held_out()


@pytest.fixture
def broken(deployed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The deployed project with a fourth version of digits whose weights are cut short."""
    own = with_own_models(deployed, tmp_path_factory)
    digits = own.folder / "model_repo" / "digits"
    shutil.copytree(digits / "3", digits / "4")
    weights = digits / "4" / "model.onnx"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    return own


def test_a_model_that_cannot_load_is_named_and_the_old_version_goes_on_serving(
    deployed: Project, digits: ServedModel, broken: Project
) -> None:
    failed = broken.up(a_test_stack_config(version=4))

    assert failed.code != 0
    assert "digits" in failed.output
    logs = kubectl(
        "--namespace", NAMESPACE, "logs", "--selector", "plimsoll.dev/service=digits", "--tail=-1", "--prefix"
    )
    assert "model.onnx" in logs
    with HttpClient(digits.stable.http, digits.model) as client:
        answers = client.infer("image", HELD_OUT.pixels[:32], "probabilities").argmax(axis=1)
    assert (answers == HELD_OUT.labels[:32]).mean() > 0.9
    assert deployed.up(a_test_stack_config()).code == 0
