"""Each rule across a stack in pairs: what passes, and what is refused, where."""

import pytest

from stacks.schema import Problem, StackError, parse
from tests.stacks.configs import Config, eks, put, smallest, with_gpus, without

DIGITS = "services.digits"
CAPACITY = {"requestsPerSecond": 200, "measured": "2026-11-25", "machine": "one of ours"}
SLO = {"availabilityPercent": 99.9, "latency": {"thresholdMs": 50, "percent": 95}}


def problems(config: Config) -> dict[str, Problem]:
    """What `parse` refuses in a config, by path; nothing when it parses."""
    try:
        parse(config)
    except StackError as refused:
        return {problem.path: problem for problem in refused.problems}
    return {}


def refused_places(config: Config) -> list[str]:
    return list(problems(config))


def test_the_configs_that_tests_start_from_pass() -> None:
    assert refused_places(smallest()) == refused_places(with_gpus()) == []


def watched() -> Config:
    """The smallest stack, with a Prometheus."""
    return put(smallest(), "monitoring", {})


def test_a_signal_without_a_prometheus_is_refused() -> None:
    signal = f"{DIGITS}.scaling.signal"
    pending = {"kind": "pendingRequests", "targetPerReplica": 4}

    assert refused_places(put(watched(), signal, pending)) == []
    assert refused_places(put(smallest(), signal, pending)) == [signal]


def test_a_threshold_between_two_steps_of_the_latency_histogram_is_refused_and_the_nearest_are_named() -> None:
    promised, threshold = put(smallest(), f"{DIGITS}.slo", SLO), f"{DIGITS}.slo.latency.thresholdMs"

    assert refused_places(put(promised, threshold, 60)) == []
    assert problems(put(promised, threshold, 55))[threshold].way_out == "choose 50 or 60"


def test_utilisation_of_a_capacity_that_was_never_measured_is_refused() -> None:
    shared = put(watched(), f"{DIGITS}.scaling.signal", {"kind": "utilisation", "targetPercent": 70})

    assert refused_places(put(shared, f"{DIGITS}.capacity", CAPACITY)) == []
    assert refused_places(shared) == [f"{DIGITS}.capacity"]


@pytest.mark.parametrize(("fallback", "allowed"), [(1, False), (2, True), (6, True), (7, False)])
def test_a_fallback_outside_of_the_replicas_is_refused(fallback: int, *, allowed: bool) -> None:
    scaling = {
        "replicas": {"min": 2, "max": 6},
        "signal": {"kind": "pendingRequests", "targetPerReplica": 4},
        "fallbackReplicas": fallback,
    }
    refused = refused_places(put(watched(), f"{DIGITS}.scaling", scaling))

    assert refused == ([] if allowed else [f"{DIGITS}.scaling.fallbackReplicas"])


def test_replicas_that_cannot_carry_the_stated_peak_are_refused_with_the_number_that_can() -> None:
    measured = put(smallest(), f"{DIGITS}.capacity", CAPACITY)
    peak, most = f"{DIGITS}.traffic.peakRequestsPerSecond", f"{DIGITS}.scaling.replicas.max"

    assert refused_places(put(measured, peak, 400)) == []
    assert problems(put(measured, peak, 401))[most].limit == "at least 3"
    assert refused_places(put(smallest(), peak, 401)) == [], "without a measurement there is nothing to judge by"


def test_a_claim_on_a_local_cluster_is_refused() -> None:
    claim = {"name": "models", "mountedAt": "/mnt/models"}
    local = put(smallest(), "modelRepository.claim", claim)
    existing = put(local, "cluster", {"kind": "existing", "context": "my-cluster"})

    assert refused_places(existing) == []
    assert refused_places(local) == ["modelRepository.claim"]


@pytest.mark.parametrize("cluster", [{"kind": "existing", "context": "my-cluster"}, eks()])
def test_a_volume_without_a_claim_is_refused_on_every_cluster_but_a_local_one(cluster: Config) -> None:
    refused = problems(put({**with_gpus(), "modelRepository": {"kind": "volume"}}, "cluster", cluster))

    assert list(refused) == ["modelRepository.claim"]
    assert cluster["kind"] in refused["modelRepository.claim"].found


def test_a_gpu_pool_is_refused_on_a_local_cluster() -> None:
    pool = {"instanceTypes": ["g6.2xlarge"], "nodes": {"min": 0, "max": 1}}
    assert refused_places(put(smallest(), "gpuPools", {"l4": pool})) == ["gpuPools.l4"]


def test_s3_is_refused_on_a_local_cluster() -> None:
    assert refused_places(put(with_gpus(), "modelRepository.kind", "s3")) == []
    assert refused_places(put(smallest(), "modelRepository.kind", "s3")) == ["modelRepository.kind"]


def test_a_tag_that_moves_is_refused_unless_a_digest_pins_it() -> None:
    pinned = f"registry.example/triton:latest@sha256:{'0' * 64}"

    assert refused_places(put(smallest(), "images.triton", pinned)) == []
    assert refused_places(put(smallest(), "images.triton", "registry.example:5000/triton:1.2")) == []
    assert refused_places(put(smallest(), "images.triton", "registry.example/triton:latest")) == ["images.triton"]
    assert refused_places(put(smallest(), "images.triton", "registry.example:5000/triton")) == ["images.triton"]


def test_every_image_is_held_to_that_with_an_example_of_its_own() -> None:
    refused = problems(put(smallest(), "images.envoy", "registry.example/envoy:latest"))

    assert list(refused) == ["images.envoy"]
    assert "envoy: docker.io/envoyproxy/envoy:distroless-v1.39.1" in refused["images.envoy"].way_out


def test_a_pool_whose_floor_is_above_its_ceiling_is_refused() -> None:
    assert refused_places(put(with_gpus(), "gpuPools.l4.nodes", {"min": 4, "max": 4})) == []
    assert refused_places(put(with_gpus(), "gpuPools.l4.nodes", {"min": 5, "max": 4})) == ["gpuPools.l4.nodes.min"]


def test_a_pool_that_no_service_uses_is_fine() -> None:
    idle = {"instanceTypes": ["g4dn.xlarge"], "nodes": {"min": 0, "max": 1}}

    assert refused_places(put(with_gpus(), "gpuPools.idle", idle)) == []


def test_a_service_that_names_no_pool_of_the_stack_is_told_which_there_are() -> None:
    refused = problems(put(with_gpus(), f"{DIGITS}.pool", "h100"))

    assert list(refused) == [f"{DIGITS}.pool"]
    assert refused[f"{DIGITS}.pool"].limit == "one of: l4"
    assert refused[f"{DIGITS}.pool"].way_out == "name one of those pools, or add gpuPools.h100"


def test_a_pool_named_where_there_are_none_can_be_removed() -> None:
    refused = problems(put(smallest(), f"{DIGITS}.pool", "l4"))

    assert refused[f"{DIGITS}.pool"].way_out == "remove the pool, or add gpuPools.l4"


def test_a_tensorrt_engine_without_a_pool_is_refused() -> None:
    assert refused_places(without(with_gpus(), f"{DIGITS}.pool")) == [f"{DIGITS}.pool"]


def test_onnx_runtime_runs_with_a_pool_and_without() -> None:
    on_gpu = put(with_gpus(), f"{DIGITS}.engine", {"kind": "onnxruntime"})
    on_cpu = put(smallest(), f"{DIGITS}.engine", {"kind": "onnxruntime"})

    assert refused_places(on_gpu) == refused_places(on_cpu) == []


def test_on_eks_a_service_without_a_pool_is_refused() -> None:
    on_gpu = put(with_gpus(), f"{DIGITS}.engine", {"kind": "onnxruntime"})

    assert refused_places(without(on_gpu, f"{DIGITS}.pool")) == [f"{DIGITS}.pool"]


@pytest.mark.parametrize(
    ("precision", "runs_on", "not_on"),
    [("bf16", "g5.2xlarge", "g4dn.2xlarge"), ("fp8", "g6.2xlarge", "g5.2xlarge")],
)
def test_a_precision_that_the_pools_gpus_lack_is_refused(precision: str, runs_on: str, not_on: str) -> None:
    config = put(with_gpus(), f"{DIGITS}.engine.precision", precision)

    assert refused_places(put(config, "gpuPools.l4.instanceTypes", [runs_on])) == []
    refused = problems(put(config, "gpuPools.l4.instanceTypes", [not_on]))
    assert list(refused) == [f"{DIGITS}.engine.precision"]
    assert precision not in refused[f"{DIGITS}.engine.precision"].limit


def test_an_engine_for_more_than_one_gpu_model_is_refused_and_other_engines_take_a_mixed_pool() -> None:
    one = put(with_gpus(), "gpuPools.l4.instanceTypes", ["g6.2xlarge", "g6.4xlarge"])
    two = put(with_gpus(), "gpuPools.l4.instanceTypes", ["g6.2xlarge", "g6e.2xlarge"])

    assert refused_places(one) == []
    assert problems(two)[f"{DIGITS}.pool"].found == "nodes of pool 'l4' have L4 or L40S"
    assert refused_places(put(two, f"{DIGITS}.engine", {"kind": "onnxruntime"})) == []


@pytest.mark.parametrize(
    ("triton", "tensorrt"),
    [
        ("nvcr.io/nvidia/tritonserver:25.06-py3", "nvcr.io/nvidia/tensorrt:25.05-py3"),
        ("registry.example.com/triton:1.4", "nvcr.io/nvidia/tensorrt:25.06-py3"),
        ("registry.example.com/triton:1.4", "registry.example.com/tensorrt:1.4"),
    ],
)
def test_an_image_that_builds_engines_for_another_tensorrt_is_refused(triton: str, tensorrt: str) -> None:
    images = {"triton": triton, "tensorrt": tensorrt}

    assert refused_places(put(with_gpus(), "images", images)) == ["images.tensorrt"]
    assert refused_places(put(put(with_gpus(), "images", images), f"{DIGITS}.engine", {"kind": "onnxruntime"})) == []


def test_copies_of_nvidias_images_keep_their_release_beside_a_digest() -> None:
    digest = f"@sha256:{'0' * 64}"
    images = {name: f"registry.example.com/{name}:25.08-py3{digest}" for name in ("triton", "tensorrt")}

    assert refused_places(put(with_gpus(), "images", images)) == []


def test_a_profile_out_of_order_is_refused() -> None:
    profile = f"{DIGITS}.engine.profile"

    assert refused_places(put(with_gpus(), profile, {"minBatch": 32, "optBatch": 32, "maxBatch": 32})) == []
    assert refused_places(put(with_gpus(), profile, {"minBatch": 9, "optBatch": 8, "maxBatch": 32})) == [profile]
    assert refused_places(put(with_gpus(), profile, {"optBatch": 33, "maxBatch": 32})) == [profile]


def test_a_profile_that_cannot_take_the_largest_batch_is_refused() -> None:
    profile = f"{DIGITS}.engine.profile"

    assert refused_places(put(with_gpus(), profile, {"optBatch": 8, "maxBatch": 32})) == []
    assert refused_places(put(with_gpus(), profile, {"optBatch": 8, "maxBatch": 31})) == [f"{profile}.maxBatch"]


def test_a_queue_smaller_than_a_batch_is_refused() -> None:
    size = f"{DIGITS}.batching.maxQueueSize"

    assert refused_places(put(smallest(), size, 32)) == []
    assert refused_places(put(smallest(), size, 31)) == [size]


def test_a_queue_delay_at_or_above_the_latency_threshold_is_refused() -> None:
    promised, delay = put(smallest(), f"{DIGITS}.slo", SLO), f"{DIGITS}.batching.maxQueueDelayMs"

    assert refused_places(put(promised, delay, 49.9)) == []
    assert refused_places(put(promised, delay, 50)) == [delay]


def test_a_queue_delay_is_free_where_no_latency_is_promised() -> None:
    assert refused_places(put(smallest(), f"{DIGITS}.batching.maxQueueDelayMs", 500)) == []


def test_a_queue_time_to_hold_at_or_above_the_latency_threshold_is_refused() -> None:
    promised, signal = put(watched(), f"{DIGITS}.slo", SLO), f"{DIGITS}.scaling.signal"

    assert refused_places(put(promised, signal, {"kind": "queueTime", "targetMs": 49})) == []
    assert refused_places(put(promised, signal, {"kind": "queueTime", "targetMs": 50})) == [f"{signal}.targetMs"]


def test_fewer_replicas_at_most_than_at_least_is_refused() -> None:
    replicas = f"{DIGITS}.scaling.replicas"

    assert refused_places(put(smallest(), replicas, {"min": 3, "max": 3})) == []
    assert refused_places(put(smallest(), replicas, {"min": 4, "max": 3})) == [f"{replicas}.min"]


@pytest.mark.parametrize("least", [0, 2])
def test_a_range_of_replicas_without_a_signal_is_refused(least: int) -> None:
    ranging = put(watched(), f"{DIGITS}.scaling.replicas", {"min": least, "max": 3})
    signal = {"kind": "pendingRequests", "targetPerReplica": 4}

    assert refused_places(put(ranging, f"{DIGITS}.scaling.signal", signal)) == []
    assert refused_places(ranging) == [f"{DIGITS}.scaling.signal"]


def test_a_canary_of_the_stable_version_is_refused() -> None:
    assert refused_places(put(smallest(), f"{DIGITS}.canary", {"version": 3, "weight": 10})) == []
    assert refused_places(put(smallest(), f"{DIGITS}.canary", {"version": 2, "weight": 10})) == [
        f"{DIGITS}.canary.version"
    ]


def test_a_shadow_that_answers_callers_too_is_refused() -> None:
    canary = f"{DIGITS}.canary"

    assert refused_places(put(smallest(), canary, {"version": 3, "weight": 0, "mirror": True})) == []
    assert refused_places(put(smallest(), canary, {"version": 3, "weight": 1, "mirror": False})) == []
    assert refused_places(put(smallest(), canary, {"version": 3, "weight": 1, "mirror": True})) == [f"{canary}.weight"]


@pytest.mark.parametrize(("suffix", "what"), [("canary", "its canary"), ("grpc", "its host name for gRPC")])
def test_a_service_named_as_a_part_of_another_is_refused(suffix: str, what: str) -> None:
    service = smallest()["services"]["digits"]
    refused = problems(put(smallest(), f"services.digits-{suffix}", service))

    assert list(refused) == [f"services.digits-{suffix}"]
    assert refused[f"services.digits-{suffix}"].reason.startswith(f"service 'digits' calls {what} so")


@pytest.mark.parametrize("name", ["words-canary", "words-grpc", "digitscanary", "digits-canary-2", "grpc"])
def test_a_name_that_no_other_service_needs_is_free(name: str) -> None:
    assert refused_places(put(smallest(), f"services.{name}", smallest()["services"]["digits"])) == []


def test_a_timeout_at_or_below_the_latency_threshold_is_refused() -> None:
    promised, timeout = put(smallest(), f"{DIGITS}.slo", SLO), f"{DIGITS}.traffic.requestTimeoutMs"

    assert refused_places(put(promised, timeout, 51)) == []
    assert refused_places(put(promised, timeout, 50)) == [timeout]


def test_a_latency_threshold_that_the_default_timeout_would_cut_off_is_refused() -> None:
    promised = put(smallest(), f"{DIGITS}.slo", SLO)

    assert refused_places(put(promised, f"{DIGITS}.slo.latency.thresholdMs", 7_500)) == []
    assert refused_places(put(promised, f"{DIGITS}.slo.latency.thresholdMs", 10_000)) == [
        f"{DIGITS}.traffic.requestTimeoutMs"
    ]


def test_a_timeout_is_free_where_no_latency_is_promised() -> None:
    assert refused_places(put(smallest(), f"{DIGITS}.traffic.requestTimeoutMs", 1)) == []


def test_a_replica_larger_than_its_pools_smallest_node_is_refused() -> None:
    assert refused_places(put(with_gpus(), f"{DIGITS}.resources", {"cpu": 7.5, "memoryMib": 30_000})) == []
    assert refused_places(put(with_gpus(), f"{DIGITS}.resources", {"cpu": 8, "memoryMib": 32_768})) == [
        f"{DIGITS}.resources.cpu",
        f"{DIGITS}.resources.memoryMib",
    ]


def test_more_replicas_than_the_pool_has_gpus_are_refused() -> None:
    replicas = f"{DIGITS}.scaling.replicas"

    assert refused_places(put(with_gpus(), replicas, {"min": 4, "max": 4})) == []
    assert refused_places(put(with_gpus(), replicas, {"min": 5, "max": 5})) == [f"{replicas}.max"]


def test_a_canary_takes_a_gpu_too() -> None:
    full = put(with_gpus(), f"{DIGITS}.scaling.replicas", {"min": 4, "max": 4})
    refused = problems(put(full, f"{DIGITS}.canary", {"version": 3}))

    assert list(refused) == [f"{DIGITS}.scaling.replicas.max"]
    assert refused[f"{DIGITS}.scaling.replicas.max"].limit == "at most 3"


@pytest.mark.parametrize(
    ("canary", "gpus"), [({"weight": 0}, 5), ({"weight": 50}, 6), ({"weight": 51}, 7), ({"mirror": True}, 8)], ids=str
)
def test_a_canary_takes_as_many_gpus_as_its_share_needs(canary: Config, gpus: int) -> None:
    config = put(with_gpus(), f"{DIGITS}.scaling.replicas", {"min": 4, "max": 4})
    config = put(config, f"{DIGITS}.canary", {"version": 3, **canary})

    assert refused_places(put(config, "gpuPools.l4.nodes.max", gpus)) == []
    refused = problems(put(config, "gpuPools.l4.nodes.max", gpus - 1))
    assert list(refused) == [f"{DIGITS}.scaling.replicas.max"]
    assert (
        f"4 replicas and {gpus - 4} of the canary need {gpus} GPUs" in refused[f"{DIGITS}.scaling.replicas.max"].found
    )


@pytest.mark.parametrize(("weight", "most"), [(0, 3), (50, 2), (100, 2)])
def test_the_replicas_that_would_fit_beside_a_canary_are_told(weight: int, most: int) -> None:
    config = put(with_gpus(), f"{DIGITS}.canary", {"version": 3, "weight": weight})
    replicas = f"{DIGITS}.scaling.replicas"

    assert problems(put(config, replicas, {"min": 4, "max": 4}))[f"{replicas}.max"].limit == f"at most {most}"
    assert refused_places(put(config, replicas, {"min": most, "max": most})) == []


def test_services_that_fit_a_pool_one_by_one_but_not_together_are_refused_at_the_pool() -> None:
    words = with_gpus()["services"]["digits"]
    pair = put(with_gpus(), "services.words", words)

    assert refused_places(pair) == []
    assert refused_places(put(pair, "gpuPools.l4.nodes.max", 3)) == ["gpuPools.l4.nodes.max"]


def test_a_service_called_like_the_gateway_is_refused() -> None:
    config = put(smallest(), "services.gateway", smallest()["services"]["digits"])

    assert refused_places(config) == ["services.gateway"]


def test_two_services_may_share_a_model() -> None:
    assert refused_places(put(smallest(), "services.again", smallest()["services"]["digits"])) == []


def test_all_contradictions_are_told_at_once() -> None:
    config = put(smallest(), f"{DIGITS}.batching.maxQueueSize", 1)
    config = put(config, f"{DIGITS}.canary", {"version": 2})
    config = put(config, "modelRepository.kind", "s3")

    assert set(refused_places(config)) == {
        "modelRepository.kind",
        f"{DIGITS}.batching.maxQueueSize",
        f"{DIGITS}.canary.version",
    }


def test_a_service_that_cannot_be_read_does_not_hide_the_contradictions_of_the_others() -> None:
    config = put(smallest(), "services.words", {"model": "words"})
    config = put(config, f"{DIGITS}.canary", {"version": 2})

    assert set(refused_places(config)) == {
        "services.words.version",
        "services.words.engine",
        f"{DIGITS}.canary.version",
    }
