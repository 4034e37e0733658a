"""A secret that somebody puts where it does not belong is refused, and shown to nobody."""

from datetime import UTC, datetime

import pytest

from ops.preview import preview
from ops.preview_report import render
from tests.conftest import UPDATE, Project, a_test_stack_config

pytestmark = pytest.mark.engine

PLANTED = "hunter2-planted"


COMMANDS = {"json": ("preview", "--json"), "diff": ("preview", "--diff"), "update": UPDATE}


@pytest.fixture
def planted(project: Project) -> Project:
    """A stack with a secret where all is shown."""
    project.configure(a_test_stack_config())
    done = project.pulumi("config", "set", "--secret", "--path", "plimsoll:stack.gateway.domain", PLANTED)
    assert done.code == 0, done.output
    return project


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_secret_in_the_stack_object_is_refused_and_not_shown(planted: Project, command: tuple[str, ...]) -> None:
    refused = planted.pulumi(*command)

    assert refused.code != 0
    assert "plimsoll:stack: holds a secret" in refused.output
    assert PLANTED not in refused.output
    assert PLANTED not in planted.stack_file.read_text()
    assert PLANTED not in planted.pulumi("stack", "export").output


def test_nor_does_the_page_for_reviewers_show_it(planted: Project) -> None:
    plan = preview(planted.stack, cwd=planted.folder, environment=planted.environment)
    page = render(planted.stack, plan, (), datetime.now(UTC).date())

    assert plan.refused
    assert "plimsoll:stack: holds a secret" in page
    assert PLANTED not in page
