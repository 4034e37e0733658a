"""A secret that somebody puts where it does not belong is refused, and shown to nobody."""

import pytest

from tests.conftest import UPDATE, Project, a_test_stack_config

pytestmark = pytest.mark.engine

PLANTED = "hunter2-planted"


COMMANDS = {"json": ("preview", "--json"), "diff": ("preview", "--diff"), "update": UPDATE}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_secret_in_the_stack_object_is_refused_and_not_shown(project: Project, command: tuple[str, ...]) -> None:
    project.configure(a_test_stack_config())
    planted = project.pulumi("config", "set", "--secret", "--path", "plimsoll:stack.gateway.domain", PLANTED)
    assert planted.code == 0, planted.output

    refused = project.pulumi(*command)

    assert refused.code != 0
    assert "plimsoll:stack: holds a secret" in refused.output
    assert PLANTED not in refused.output
    assert PLANTED not in project.stack_file.read_text()
    assert PLANTED not in project.pulumi("stack", "export").output
