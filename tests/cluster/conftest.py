"""One embedded cluster and one deployed stack, shared by every test of this tier."""

import json
import subprocess
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.metadata import FIELD_MANAGER
from local.cluster import commands, lifecycle
from observability.variants import SERVICE_LABEL, VARIANT_LABEL
from ops.scratch import add_version, link_checkout
from ops.stack import ServedModel, StackUnreachableError, from_outputs
from tests.conftest import NAMESPACE, Project, a_test_stack_config, new_project

SERVING_AGAIN_SECONDS = 60

SLOW_VERSION = 4
SLOW = """
def execute(self, requests, well=TritonPythonModel.execute):
    import time
    if callers(requests):
        time.sleep(2)
    return well(self, requests)
"""


@pytest.fixture(scope="session")
def cluster() -> Generator[None]:
    """The embedded cluster: as it was, when the tests are done."""
    was_running = lifecycle.node_pid() is not None
    commands.up()
    yield
    if not was_running:
        commands.down()


@pytest.fixture(scope="session")
def deployed(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Generator[Project]:
    """The local stack in the tests' own namespace."""
    project = new_project(tmp_path_factory)
    # Of a run that was killed. The volume does not go with the namespace, and a new claim can't have it.
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")
    kubectl("delete", "persistentvolume", f"{NAMESPACE}-model-store", "--ignore-not-found")
    done = project.up(a_test_stack_config())
    assert done.code == 0, done.output
    yield project
    destroyed = project.destroy()
    assert destroyed.code == 0, destroyed.output


def with_own_models(deployed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The deployed stack, from a checkout whose models and limits tests may edit."""
    folder = tmp_path_factory.mktemp("project")
    link_checkout(folder, copied=["model_repo", "policies"])
    own = replace(deployed, folder=folder)
    own.limit(own.stack, enforcement="advisory")
    return own


@pytest.fixture
def slow(deployed: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The deployed project with a version that few requests overload, whatever this machine's speed is."""
    own = with_own_models(deployed, tmp_path_factory)
    add_version(own.folder / "model_repo", SLOW_VERSION, SLOW)
    return own


@pytest.fixture(scope="module")
def back_to_normal(deployed: Project) -> Generator[None]:
    """For files whose tests say what each needs of the stack: those of other files find it as it was."""
    yield
    restored = deployed.up(a_test_stack_config())
    assert restored.code == 0, restored.output


@pytest.fixture
def digits(deployed: Project) -> ServedModel:
    """The deployed service, with two ready replicas."""
    [served] = from_outputs(deployed.outputs())
    eventually(lambda: ready_pods() == 2, SERVING_AGAIN_SECONDS)
    return served


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What kubectl prints; fails the test with what it says."""
    done = subprocess.run(("kubectl", *arguments), check=False, capture_output=True, text=True, input=stdin)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}\n{done.stderr}"
    return done.stdout


def put_back(manifest: dict[str, Any]) -> None:
    """Restore an object as the stack's own update would."""
    known_to_the_cluster = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"}
    named = {key: value for key, value in manifest["metadata"].items() if key not in known_to_the_cluster}
    said = {key: value for key, value in manifest.items() if key != "status"}
    applied({**said, "metadata": named}, by=FIELD_MANAGER)


def applied(manifest: dict[str, Any], *, by: str) -> None:
    apply = ("apply", "--server-side", "--force-conflicts", f"--field-manager={by}", "--filename=-")
    kubectl(*apply, stdin=json.dumps(manifest))


def get(*arguments: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    """A Kubernetes object or list, by default of the tests' namespace."""
    return json.loads(kubectl("--namespace", namespace, "get", *arguments, "--output", "json"))


def pods() -> list[dict[str, Any]]:
    """The stable pods of the service that are not on their way out."""
    every = get("pods", "--selector", f"{SERVICE_LABEL}=digits,{VARIANT_LABEL}=stable")["items"]
    return [pod for pod in every if "deletionTimestamp" not in pod["metadata"]]


def ready_pods() -> int:
    """How many of them are ready."""
    return sum(
        any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))
        for pod in pods()
    )


def processes_of(pod: dict[str, Any], name: str) -> list[int]:
    """The processes of that name in a pod, as the machine counts."""
    return [
        process.pid
        for process in psutil.process_iter(["name"])
        # The kernel keeps 15 characters of a name.
        if process.name()[:15] == name[:15]
        and pod["metadata"]["uid"] in Path(f"/proc/{process.pid}/cgroup").read_text()
    ]


def eventually(holds: Callable[[], bool], within_seconds: float) -> float:
    """Wait until something holds; how long that took. A call that fails counts as not yet."""
    began = time.monotonic()
    while True:
        failed: Exception | None = None
        try:
            if holds():
                return time.monotonic() - began
        except (AssertionError, StackUnreachableError) as error:
            failed = error
        if time.monotonic() - began > within_seconds:
            raise AssertionError(f"not within {within_seconds} s") from failed
        time.sleep(0.2)
