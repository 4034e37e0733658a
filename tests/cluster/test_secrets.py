"""The one secret of a local stack, the key of its gateway's certificate: wherever it is used, nobody reads it."""

import subprocess
import sys

import pytest

from local.cluster import gateway_certificate
from tests.conftest import Project, a_test_stack_config

pytestmark = pytest.mark.cluster


def test_a_private_key_is_in_no_state_no_plan_and_no_report(deployed: Project) -> None:
    key = gateway_certificate.ensure("plimsoll.internal").key.read_text()
    lines = [line for line in key.splitlines() if "-----" not in line]
    assert lines

    report = subprocess.run(
        (sys.executable, "-m", "ops", "preview", "--stack", deployed.stack),
        cwd=deployed.folder, env=dict(deployed.environment), check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said = {
        "state": deployed.pulumi("stack", "export").output,
        "outputs": deployed.pulumi("stack", "output", "--json").output,
        "plan": deployed.preview(a_test_stack_config(), "--json", "--diff").output,
        "report": report.stdout,
    }

    assert report.returncode == 0, report.stdout
    assert {where for where, text in said.items() if any(line in text for line in lines)} == set()
