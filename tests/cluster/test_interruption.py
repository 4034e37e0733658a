"""`make up`, killed at moments that nobody chose: the next one always converges."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from itertools import chain

import psutil
import pytest

from local.cluster import lifecycle
from tests.cluster.conftest import SERVING_AGAIN_SECONDS, eventually, ready_pods
from tests.conftest import Project, a_test_stack_config

pytestmark = pytest.mark.cluster

KILLS = 10
LONGEST_RUN_SECONDS = 12.0  # a run from a stopped cluster takes about that long
PARTS_OF_AN_UPDATE = ("pulumi", "pulumi-resource-kubernetes", "local.language_host", "pulumi.policy")
LEAVING_SECONDS = 10  # each looks for its engine about every second
SEED = 20


def make_up(project: Project) -> subprocess.Popen[str]:
    """`make up` of the tests' stack, in a process group of its own."""
    return subprocess.Popen(
        (sys.executable, "-m", "local", "up", "--stack", project.stack),
        cwd=project.folder, env=dict(project.environment), text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def test_make_up_killed_at_ten_random_moments_converges_and_leaves_no_orphan(deployed: Project) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    lifecycle.stop()

    for _ in range(KILLS):
        deployed.configure(a_test_stack_config(instances=chance.choice([2, 3, 4])))
        run = make_up(deployed)
        time.sleep(chance.uniform(0.2, LONGEST_RUN_SECONDS))
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        if chance.random() < 0.3:
            lifecycle.stop()
    deployed.configure(a_test_stack_config())
    last = make_up(deployed)
    output, _ = last.communicate()

    assert last.returncode == 0, output
    assert "0.976" in output
    eventually(lambda: ready_pods() == 2, SERVING_AGAIN_SECONDS)
    unchanged = deployed.preview(a_test_stack_config(), "--expect-no-changes")
    assert unchanged.code == 0, unchanged.output
    assert len(running("local.cluster.node")) == 2, "one node: what gave it its namespaces, and its first process"
    eventually(lambda: not orphans(deployed), LEAVING_SECONDS)


def running(part: str) -> list[psutil.Process]:
    """The processes in whose command line a word stands."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(word == part or word.endswith(f"/{part}") for word in process.info["cmdline"] or ())
    ]


def orphans(project: Project) -> list[psutil.Process]:
    """What is left of updates of the project's stacks: other tests have backends of their own."""
    left: list[psutil.Process] = []
    for process in chain.from_iterable(map(running, PARTS_OF_AN_UPDATE)):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.environ().get("PULUMI_BACKEND_URL") == project.environment["PULUMI_BACKEND_URL"]:
                left.append(process)
    return left
