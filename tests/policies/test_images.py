from typing import Any

import pytest

from policies import images
from policies.pods import POD_SPECS
from tests.policies.changes import LIMITS, a_resource

DIGEST = "nvcr.io/nvidia/tritonserver@sha256:" + "0" * 64


def a_workload(kind: str, *names: str) -> Any:
    spec: dict[str, Any] = {"containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(names)]}
    for key in reversed(POD_SPECS[kind]):
        spec = {key: spec}
    return a_resource(f"kubernetes:apps/v1:{kind}", "web", **spec)


def paths(resource: Any) -> list[str]:
    return [problem.path for problem in images.problems(resource, LIMITS)]


@pytest.mark.parametrize("kind", POD_SPECS)
@pytest.mark.parametrize("image", ["nvcr.io/nvidia/tritonserver:25.06-py3", DIGEST])
def test_an_image_that_names_one_release_of_a_trusted_registry_passes(kind: str, image: str) -> None:
    assert paths(a_workload(kind, image)) == []


@pytest.mark.parametrize("kind", POD_SPECS)
@pytest.mark.parametrize("tag", ["", ":latest", ":Main"])
def test_an_image_that_may_change_is_refused_with_the_way_out(kind: str, tag: str) -> None:
    workload = a_workload(kind, "nvcr.io/nvidia/tritonserver:25.06-py3", f"nvcr.io/nvidia/tritonserver{tag}")

    [problem] = images.problems(workload, LIMITS)

    assert problem.path == f"{kind} web: {'.'.join(POD_SPECS[kind])}.containers[1].image"
    assert problem.way_out == "name the release in the stack's `images`"


@pytest.mark.parametrize(
    "image", ["docker.io/somebody/triton:1.0", "nvcr.io/nvidia-lookalike/triton:1.0", "triton:1.0"]
)
def test_an_image_from_elsewhere_is_refused_and_says_whom_to_ask(image: str) -> None:
    [problem] = images.problems(a_workload("Job", image), LIMITS)

    assert problem.limit.startswith("an image from one of: nvcr.io/nvidia")
    assert "ask platform-team" in problem.way_out


def test_a_registry_with_a_port_is_no_tag() -> None:
    assert not images.is_exact("registry.example:5000/triton")
    assert images.is_exact("registry.example:5000/triton:1.0")


def test_init_containers_and_the_gateways_proxies_count_too() -> None:
    fetch = a_resource("kubernetes:core/v1:Pod", "web", spec={"initContainers": [{"name": "fetch", "image": "curl:8"}]})
    kubernetes = {"envoyDeployment": {"container": {"image": "docker.io/somebody/envoy:1.0"}}}
    proxies = a_resource(
        "kubernetes:gateway.envoyproxy.io/v1alpha1:EnvoyProxy",
        "plimsoll",
        spec={"provider": {"kubernetes": kubernetes}},
    )

    assert paths(fetch) == ["Pod web: spec.initContainers[0].image"]
    assert paths(proxies) == ["EnvoyProxy plimsoll: spec.provider.kubernetes.envoyDeployment.container.image"]
