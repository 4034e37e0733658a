import pytest
from exact_images import POD_SPEC_PATHS, violations


def a_workload(kind: str, *images: str) -> dict[str, object]:
    spec: dict[str, object] = {"containers": [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]}
    for key in reversed(POD_SPEC_PATHS[kind]):
        spec = {key: spec}
    return spec


@pytest.mark.parametrize("kind", POD_SPEC_PATHS)
@pytest.mark.parametrize(
    "image",
    [
        "plimsoll.local/triton:2.51.0",
        "registry.example:5000/triton:2.51.0",
        "triton@sha256:" + "0" * 64,
        "nvcr.io/nvidia/tritonserver:25.06-py3",
    ],
)
def test_an_image_that_names_one_release_passes(kind: str, image: str) -> None:
    assert list(violations(kind, a_workload(kind, image))) == []


@pytest.mark.parametrize("kind", POD_SPEC_PATHS)
@pytest.mark.parametrize("image", ["triton", "triton:latest", "registry.example:5000/triton", "triton:Main", ""])
def test_an_image_that_may_change_is_refused_with_the_way_out(kind: str, image: str) -> None:
    [violation] = violations(kind, a_workload(kind, "fine:1.0", image))

    assert "container 'c1'" in violation
    assert "Name the release in the stack's `images`" in violation


def test_init_containers_count_too() -> None:
    [violation] = violations("Pod", {"spec": {"initContainers": [{"name": "fetch", "image": "curl"}]}})

    assert "'fetch'" in violation
