"""What a canary may get by what the real Prometheus knows of it, where policies stop what they are against."""

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from model_repo.digits.images import held_out
from observability import queries
from ops.load import Request, SteadyLoad, Via
from ops.scratch import BAD_VERSIONS, FIRST_BAD_VERSION, add_bad_versions
from ops.stack import from_outputs, reach_gateway
from tests.cluster.conftest import eventually, get, kubectl, processes_of, put_back, with_own_models
from tests.conftest import NAMESPACE, Project, a_test_stack_config

pytestmark = pytest.mark.cluster

RAISES = FIRST_BAD_VERSION + list(BAD_VERSIONS).index("raises")
LOAD_SECONDS = 900
LIMITS: dict[str, Any] = {
    "firstStepPercent": 10,
    "maxStepPercent": 50,
    "healthyMinutes": 1,
    "leastRequests": 20,
    "leastBudgetLeftPercent": 1,
    "newestSampleSeconds": 30,
}
"""Of minutes, where committed ones are of hours."""

MODEST = {"availabilityPercent": 50, "latency": {"thresholdMs": 500, "percent": 50}}
"""What is kept whatever other tests have done to the service today: Prometheus remembers."""
STRICT = {**MODEST, "availabilityPercent": 99.9}
"""What a tenth that fails overspends in a second."""


def asking(weight: int, version: int = 3, **service: Any) -> dict[str, Any]:
    """The stack with a version at some weight."""
    return a_test_stack_config(**{"slo": MODEST, "canary": {"version": version, "weight": weight}, **service})


@pytest.fixture(scope="module")
def project(deployed: Project, back_to_normal: None, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The deployed project with a canary that gets a tenth, and policies that stop from now on."""
    own = with_own_models(deployed, tmp_path_factory)
    add_bad_versions(own.folder / "model_repo")
    done = own.up(asking(10))
    assert done.code == 0, done.output
    own.limit(own.stack, enforcement="mandatory", registries=["plimsoll.local"], canary=LIMITS)
    return own


@pytest.fixture(scope="module", autouse=True)
def load(project: Project) -> Generator[SteadyLoad]:
    """Steady requests, of which the canary gets its share."""
    [served] = from_outputs(project.outputs())
    request = Request(served, "image", held_out().pixels[:1])
    with (
        reach_gateway(NAMESPACE) as gateway,
        SteadyLoad(gateway, request, Via.GRPC, per_second=20, at_most_seconds=LOAD_SECONDS) as over_grpc,
    ):
        yield over_grpc


def refused(project: Project, config: dict[str, Any], policy: str, *reasons: str) -> bool:
    """Whether a policy refuses a config at preview, and for those reasons."""
    judged = project.preview(config)
    assert judged.code != 0, judged.output
    said = " ".join(judged.output.split())
    assert all(reason in said for reason in (f"[mandatory] {policy}", *reasons)), judged.output
    return True


def passes(project: Project, config: dict[str, Any]) -> bool:
    judged = project.preview(config)
    assert judged.code == 0, judged.output
    return True


def test_a_healthy_canary_may_get_more_and_not_too_much_at_once(project: Project) -> None:
    eventually(lambda: passes(project, asking(20)), within_seconds=180)
    assert refused(project, asking(70), "canary-step", "limit 60 % now, by policies/limits.yaml")


@contextmanager
def prometheus_stopped() -> Generator[None]:
    """Prometheus answers nobody, and has not gone either."""
    selector = "app.kubernetes.io/name=prometheus"
    [pod] = get("pods", "--selector", selector, namespace="monitoring")["items"]
    [process] = processes_of(pod, "prometheus")
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextmanager
def servers_unwatched() -> Generator[None]:
    """Nobody reads the servers' metrics any more."""
    monitor = get("podmonitor", queries.SERVERS)
    kubectl("--namespace", NAMESPACE, "delete", "podmonitor", queries.SERVERS)
    try:
        yield
    finally:
        put_back(monitor)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (prometheus_stopped, "can't be judged: Prometheus does not answer"),
        (servers_unwatched, "s old (limit 30)"),
    ],
)
def test_without_evidence_a_canary_gets_no_more_and_may_always_get_less(
    project: Project, fault: Any, says: str
) -> None:
    with fault():
        eventually(lambda: refused(project, asking(20), "canary-step", says), within_seconds=120)
        assert passes(project, asking(0))
        assert passes(project, a_test_stack_config(slo=MODEST))
    eventually(lambda: passes(project, asking(20)), within_seconds=180)


def test_a_rollout_watches_until_the_gate_has_its_evidence(project: Project) -> None:
    project.limit(project.stack, canary={**LIMITS, "maxStepPercent": 90})
    eventually(lambda: passes(project, asking(10)), within_seconds=60)
    project.configure(a_test_stack_config(slo=MODEST))

    rolling = subprocess.run(
        (sys.executable, "-m", "ops", "rollout", "digits", "--to", "3", "--stack", project.stack, "--yes",
         "--steps", "10", "--watch-seconds", "1"),
        cwd=project.folder, env=dict(project.environment), check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=400,
    )  # fmt: skip

    assert rolling.returncode == 0, rolling.stdout
    assert from_outputs(project.outputs())[0].stable.version == 3
    project.limit(project.stack, canary=LIMITS)


def test_a_canary_that_burns_gets_no_more_and_a_spent_budget_lets_only_fixes_out(project: Project) -> None:
    """One update for both: a version that fails all it gets, and an objective that has no room for that."""
    eventually(lambda: passes(project, asking(10, RAISES, slo=STRICT)), within_seconds=120)
    done = project.up(asking(10, RAISES, slo=STRICT))
    assert done.code == 0, done.output

    burning = ("canary-step", "it spends the availability budget")
    eventually(lambda: refused(project, asking(11, RAISES, slo=STRICT), *burning), within_seconds=120)
    overspent = ("error-budget", "services.digits: it would change, and its availability budget is overspent")
    changed: dict[str, Any] = {"slo": STRICT, "instances": 3}
    eventually(lambda: refused(project, asking(10, RAISES, **changed), *overspent), within_seconds=120)

    fix = {"reason": "two instances are too few", "by": "on-call", "until": f"{datetime.now(UTC):%Y-%m-%d}"}
    assert passes(project, asking(10, RAISES, **changed, fix=fix))
    assert passes(project, asking(0, RAISES, slo=STRICT))
    assert passes(project, a_test_stack_config(slo=STRICT))
    back = project.up(asking(0, RAISES, slo=STRICT))
    assert back.code == 0, back.output
