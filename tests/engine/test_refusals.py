"""A malformed stack file, through the real engine: a message to act on, and not one resource touched."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conftest import UPDATE, Project, a_disk_of, a_test_stack_config
from tests.stacks.malformed import malformed_configs

pytestmark = pytest.mark.engine


def travels_as_json(config: object) -> bool:
    """Whether Pulumi itself would hand it to the program: it refuses numbers that JSON has not."""
    try:
        json.dumps(config, allow_nan=False)
    except ValueError:
        return False
    return True


MALFORMED = [case for case in malformed_configs() if travels_as_json(case[2])][::2]


@pytest.fixture(scope="module")
def untouched(project: Project) -> Generator[Project]:
    """A stack that must still be empty when all is over."""
    yield project
    state = json.loads(project.pulumi("stack", "export").output)
    made = [resource["type"] for resource in state["deployment"].get("resources", [])]
    assert set(made) <= {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize(("path", "config"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_a_malformed_stack_is_refused_with_a_way_out(untouched: Project, path: str, config: object) -> None:
    untouched.configure(config)

    refused = untouched.pulumi(*UPDATE)

    assert refused.code != 0
    assert path.partition(".")[0] in refused.output
    assert "nothing was changed" in refused.output
    assert "fix " in refused.output
    assert "Traceback" not in refused.output


def test_there_are_a_hundred_of_them() -> None:
    assert len(MALFORMED) >= 100


def test_a_missing_model_version_is_refused_at_preview(project: Project) -> None:
    refused = project.preview(a_test_stack_config(version=99))

    assert refused.code != 0
    assert "services.digits.version" in refused.output
    assert "1, 2, 3" in refused.output
    assert "Traceback" not in refused.output


@pytest.fixture
def tiny_store(tmp_path: Path) -> Generator[Path]:
    """A volume with room for a config file and no more."""
    with a_disk_of("64k", tmp_path / "store") as store:
        yield store


def test_a_full_model_store_is_named_and_nothing_is_left_half_written(untouched: Project, tiny_store: Path) -> None:
    config = a_test_stack_config(version=3)
    config["modelRepository"] = {"kind": "volume", "claim": {"name": "models", "mountedAt": str(tiny_store)}}
    config["cluster"] = {"kind": "existing", "context": "plimsoll"}

    failed = untouched.up(config)

    assert failed.code != 0
    assert str(tiny_store) in failed.output
    assert "No space left" in failed.output or "full" in failed.output
    assert "Traceback" not in failed.output
    assert [entry for entry in tiny_store.iterdir() if not entry.name.startswith(".")] == []
