from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.triton_pod import ModelsOnVolume, startup_seconds
from components.triton_server import TritonServer, TritonServerArgs
from model_repo import assemble
from observability.variants import Variant
from stacks.schema import Service, parse
from tests.components.conftest import Build, RecordingEngine
from tests.factories import a_service, a_stack_config


def a_server(spec: Service | None = None, **service: Any) -> Callable[[], None]:
    spec = spec or a_service(**service)
    args = TritonServerArgs(
        service=spec,
        variant=Variant.STABLE,
        repository=assemble("digits", spec).stable,
        image="plimsoll.local/triton:2.51.0",
        namespace="plimsoll",
        models=ModelsOnVolume(claim="model-store"),
    )

    def program() -> None:
        TritonServer("digits", args)

    return program


def pod_template(engine: RecordingEngine) -> dict[str, Any]:
    [deployment] = engine.inputs_of("Deployment")
    return deployment["spec"]["template"]


def test_a_fixed_number_of_replicas_is_kept_by_the_deployment(build: Build) -> None:
    [deployment] = build(a_server(scaling={"replicas": {"min": 3, "max": 3}})).inputs_of("Deployment")

    assert deployment["spec"]["replicas"] == 3


def test_an_autoscaled_deployment_says_no_number_of_replicas(build: Build) -> None:
    scaling = {"replicas": {"min": 1, "max": 3}, "signal": {"kind": "pendingRequests", "targetPerReplica": 4}}

    watched = parse({**a_stack_config(scaling=scaling), "monitoring": {}}).services["digits"]
    [deployment] = build(a_server(watched)).inputs_of("Deployment")

    assert "replicas" not in deployment["spec"], "a number here would fight the autoscaler, from the first apply on"


@pytest.mark.parametrize(
    "change",
    [{"version": 3}, {"batching": {"maxBatchSize": 8}}, {"instances": 4}],
    ids=lambda change: next(iter(change)),
)
def test_new_content_or_config_of_a_model_rolls_the_pods(build: Build, change: dict[str, Any]) -> None:
    before, after = pod_template(build(a_server())), pod_template(build(a_server(**change)))

    assert before != after


@pytest.mark.parametrize(
    "change",
    [
        {"slo": {"availabilityPercent": 99, "latency": {"thresholdMs": 75, "percent": 95}}},
        {"scaling": {"replicas": {"min": 4, "max": 4}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_nothing_else_rolls_them(build: Build, change: dict[str, Any]) -> None:
    before, after = pod_template(build(a_server())), pod_template(build(a_server(**change)))

    assert before == after


def test_pods_hold_no_token_and_no_privilege(build: Build) -> None:
    pod = pod_template(build(a_server()))["spec"]
    [container] = pod["containers"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_server_has_more_grace_than_it_takes_to_leave_and_finish(build: Build) -> None:
    pod = pod_template(build(a_server()))["spec"]
    [container] = pod["containers"]
    leaving = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    [finishing] = [
        int(arg.removeprefix("--exit-timeout-secs=")) for arg in container["args"] if arg.startswith("--exit-timeout")
    ]

    assert pod["terminationGracePeriodSeconds"] > leaving + finishing


def test_large_models_get_more_time_to_start() -> None:
    small = assemble("digits", a_service()).stable
    [weights] = [file for file in small.files if file.path.endswith(".onnx")]
    large = replace(small, files=(*small.files, *([weights] * 1000)))

    assert startup_seconds(large) > startup_seconds(small)


def test_a_service_on_a_pool_lands_there_with_one_gpu(build: Build) -> None:
    on_a_pool = a_service().model_copy(update={"pool": "l4"})

    pod = pod_template(build(a_server(on_a_pool)))["spec"]

    assert pod["nodeSelector"] == {"plimsoll.dev/pool": "l4"}
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
