"""Malformed stack configs: the local stack with one thing wrong, well over a hundred times.

Every one comes with a sentence that says what is wrong and the path of the place that was changed.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.stacks.configs import Config, committed, places, put, taken, without

SERVICE = "services.digits"

REQUIRED = (
    "cluster",
    "cluster.kind",
    "addons.kind",
    "modelRepository",
    "modelRepository.kind",
    "services",
    f"{SERVICE}.model",
    f"{SERVICE}.version",
    f"{SERVICE}.engine",
    f"{SERVICE}.engine.kind",
    f"{SERVICE}.scaling.replicas.min",
    f"{SERVICE}.scaling.replicas.max",
    f"{SERVICE}.slo.availabilityPercent",
    f"{SERVICE}.slo.latency",
    f"{SERVICE}.slo.latency.thresholdMs",
    f"{SERVICE}.slo.latency.percent",
)

WRONG_UNITS = (
    (f"{SERVICE}.batching.maxQueueDelayMs", "2ms"),
    (f"{SERVICE}.batching.maxQueueDelayMs", "0.002 s"),
    (f"{SERVICE}.batching.maxQueueDelayMs", "2000µs"),
    (f"{SERVICE}.resources.cpu", "500m"),
    (f"{SERVICE}.resources.cpu", "1 core"),
    (f"{SERVICE}.resources.memoryMib", "1Gi"),
    (f"{SERVICE}.resources.memoryMib", "1024 MiB"),
    (f"{SERVICE}.slo.availabilityPercent", "99.9%"),
    (f"{SERVICE}.slo.latency.thresholdMs", "50ms"),
    (f"{SERVICE}.slo.latency.percent", "95 %"),
    (f"{SERVICE}.slo.windowDays", "30d"),
    (f"{SERVICE}.slo.windowDays", "4w"),
    (f"{SERVICE}.traffic.requestTimeoutMs", "10s"),
    (f"{SERVICE}.traffic.rateLimit.requestsPerSecond", "500/s"),
    ("gateway.limits.requestMib", "16Mi"),
    ("gateway.limits.idleSeconds", "5m"),
)

MISSPELT = (
    (f"{SERVICE}.batching.maxQueueDelayMs", "maxQueueDelay"),
    (f"{SERVICE}.batching.maxQueueDelayMs", "maxQueueDelaySeconds"),
    (f"{SERVICE}.batching.maxQueueDelayMs", "max_queue_delay_ms"),
    (f"{SERVICE}.batching.maxBatchSize", "maxBatch"),
    (f"{SERVICE}.batching.maxBatchSize", "max-batch-size"),
    (f"{SERVICE}.resources.memoryMib", "memory"),
    (f"{SERVICE}.resources.memoryMib", "memoryGib"),
    (f"{SERVICE}.resources.cpu", "cpus"),
    (f"{SERVICE}.slo.windowDays", "window"),
    (f"{SERVICE}.slo.windowDays", "windowHours"),
    (f"{SERVICE}.slo.latency.thresholdMs", "threshold"),
    (f"{SERVICE}.slo.availabilityPercent", "availability"),
    (f"{SERVICE}.scaling.replicas", "replica"),
    (f"{SERVICE}.instances", "instance"),
    ("modelRepository", "modelRepo"),
    ("images.triton", "tritonserver"),
    ("images.envoy", "proxy"),
    ("gateway", "ingress"),
    ("gateway.replicas", "proxies"),
)

UNKNOWN_KEYS: tuple[tuple[str, object], ...] = (
    (f"{SERVICE}.traffic.requestTimeoutSeconds", 10),
    (f"{SERVICE}.traffic.timeout", "10s"),
    (f"{SERVICE}.traffic.rateLimit.requestsPerMinute", 500),
    ("gateway.host", "models.example.com"),
    ("gateway.limits.maxConnections", 2_000),
    ("gateway.tls.key", "-----BEGIN PRIVATE KEY-----"),
)

OUT_OF_RANGE: tuple[tuple[str, object], ...] = (
    (f"{SERVICE}.version", 0),
    (f"{SERVICE}.version", -1),
    (f"{SERVICE}.version", 10**400),
    (f"{SERVICE}.instances", 1),
    (f"{SERVICE}.instances", 33),
    (f"{SERVICE}.batching.maxBatchSize", 0),
    (f"{SERVICE}.batching.maxBatchSize", 1_000_000),
    (f"{SERVICE}.batching.maxBatchSize", 1.5),
    (f"{SERVICE}.batching.maxQueueDelayMs", -0.1),
    (f"{SERVICE}.batching.maxQueueDelayMs", float("nan")),
    (f"{SERVICE}.batching.maxQueueDelayMs", float("inf")),
    (f"{SERVICE}.batching.maxQueueSize", 0),
    (f"{SERVICE}.resources.cpu", 0),
    (f"{SERVICE}.resources.cpu", 1000),
    (f"{SERVICE}.resources.memoryMib", 1),
    (f"{SERVICE}.scaling.replicas.min", -1),
    (f"{SERVICE}.scaling.replicas.max", 0),
    (f"{SERVICE}.scaling.replicas.max", 100_000),
    (f"{SERVICE}.slo.availabilityPercent", 100),
    (f"{SERVICE}.slo.availabilityPercent", 0),
    (f"{SERVICE}.slo.latency.percent", 100),
    (f"{SERVICE}.slo.latency.thresholdMs", 0),
    (f"{SERVICE}.slo.windowDays", 0),
    (f"{SERVICE}.slo.windowDays", 365),
    (f"{SERVICE}.canary", {"version": 3, "weight": 101}),
    (f"{SERVICE}.canary", {"version": 3, "weight": -1}),
    (f"{SERVICE}.traffic.requestTimeoutMs", 0),
    (f"{SERVICE}.traffic.requestTimeoutMs", 3_600_001),
    (f"{SERVICE}.traffic.requestTimeoutMs", 99.5),
    (f"{SERVICE}.traffic.retries", -1),
    (f"{SERVICE}.traffic.retries", 6),
    (f"{SERVICE}.traffic.rateLimit.requestsPerSecond", 0),
    ("gateway.replicas", 0),
    ("gateway.replicas", 101),
    ("gateway.limits.connections", 0),
    ("gateway.limits.parallelRequests", 0),
    ("gateway.limits.pendingRequests", 0),
    ("gateway.limits.requestMib", 1025),
    ("gateway.limits.idleSeconds", 86_401),
    ("services", {}),
    ("budget", {"monthlyUsd": 0, "owner": "ml-platform"}),
)

NOT_A_CHOICE = (
    ("cluster.kind", "locl"),
    ("cluster.kind", ""),
    ("addons.kind", "Helm"),
    ("modelRepository.kind", "gcs"),
    (f"{SERVICE}.runtime", "vllm"),
    (f"{SERVICE}.engine.kind", "onnx"),
    (f"{SERVICE}.engine.kind", "TensorRT"),
    (f"{SERVICE}.scaling.signal", {"kind": "cpu", "targetPercent": 70}),
    (f"{SERVICE}.engine", {"kind": "tensorrt", "precision": "fp31"}),
    ("gpuPools", {"l4": {"instanceTypes": ["g6.2xlrge"], "nodes": {"min": 1, "max": 2}}}),
    ("gpuPools", {"l4": {"instanceTypes": ["g6.2xlarge"], "nodes": {"min": 1, "max": 2}, "capacity": "on-demand"}}),
)

MISSPELT_TEXT = (
    ("namespace", "Plimsoll"),
    ("namespace", "plimsoll_dev"),
    ("namespace", ""),
    ("namespace", "a" * 41),
    ("namespace", "-plimsoll"),
    ("namespace", "plimsoll-"),
    ("namespace", "1plimsoll"),
    ("namespace", "plim soll"),
    ("namespace", "plímsoll"),
    ("namespace", "plimsoll\n"),
    (f"{SERVICE}.model", "digits/2"),
    (f"{SERVICE}.model", "../digits"),
    ("images.triton", "plimsoll.local/triton"),
    ("images.triton", "plimsoll.local/triton:latest"),
    ("images.triton", "plimsoll.local/triton:"),
    ("images.triton", "plimsoll.local/triton@sha256:abc"),
    ("images.envoy", "plimsoll.local/envoy"),
    ("images.envoy", "plimsoll.local/envoy:latest"),
    ("gateway.domain", ""),
    ("gateway.domain", "localhost"),
    ("gateway.domain", "Models.example.com"),
    ("gateway.domain", "*.example.com"),
    ("gateway.domain", "models..example.com"),
    ("gateway.domain", "models-.example.com"),
    ("gateway.domain", "models.example.com."),
    ("gateway.domain", "models.example.com\n"),
    ("gateway.domain", "https://models.example.com"),
    ("gateway.domain", f"{'a.' * 100}a"),
    ("gateway.className", "Envoy"),
    ("gateway.controllerNamespace", "envoy_gateway"),
    ("gateway.tls.secretName", "secrets/gateway-tls"),
)

TENSORRT_WITHOUT_A_POOL = {"model": "digits", "version": 2, "engine": {"kind": "tensorrt", "precision": "fp16"}}

CONTRADICTIONS = (
    ("a service names a pool that is not there", f"{SERVICE}.pool", "l4"),
    ("a TensorRT engine has no pool", SERVICE, TENSORRT_WITHOUT_A_POOL),
    ("a local cluster's volume has a claim", "modelRepository.claim", {"name": "models", "mountedAt": "/mnt"}),
    ("a local cluster uses S3", "modelRepository.kind", "s3"),
    ("the queue is smaller than a batch", f"{SERVICE}.batching.maxQueueSize", 31),
    ("the queue delay equals the latency threshold", f"{SERVICE}.batching.maxQueueDelayMs", 50),
    ("the queue delay is above the latency threshold", f"{SERVICE}.batching.maxQueueDelayMs", 51),
    ("there are more replicas at least than at most", f"{SERVICE}.scaling.replicas.min", 3),
    ("replicas range and no signal moves them", f"{SERVICE}.scaling", {"replicas": {"min": 2, "max": 3}}),
    ("replicas scale to zero and no signal brings them back", f"{SERVICE}.scaling", {"replicas": {"min": 0, "max": 2}}),
    ("the canary is the stable version", f"{SERVICE}.canary", {"version": 2, "weight": 10}),
    ("a canary has a weight and no version", f"{SERVICE}.canary", {"weight": 10}),
    ("a shadow answers callers too", f"{SERVICE}.canary", {"version": 3, "weight": 10, "mirror": True}),
    ("requests are cut off at the latency threshold", f"{SERVICE}.traffic.requestTimeoutMs", 50),
    (
        "the queue time to hold is at the latency threshold",
        f"{SERVICE}.scaling",
        {"replicas": {"min": 2, "max": 3}, "signal": {"kind": "queueTime", "targetMs": 50}},
    ),
    (
        "a pool's floor is above its ceiling",
        "gpuPools",
        {"l4": {"instanceTypes": ["g6.2xlarge"], "nodes": {"min": 3, "max": 2}}},
    ),
)


class Malformed(NamedTuple):
    """A config with one thing wrong: what, where, and the config."""

    label: str
    path: str
    config: Config


def malformed_configs() -> Iterator[Malformed]:
    """Every malformed config, always the same ones in the same order."""
    local = committed("Pulumi.local.yaml")
    for family in (_wrong_types, _wrong_keys, _wrong_values, _wrong_names, _contradictions, _wrong_altogether):
        yield from family(local)


def _wrong_types(local: Config) -> Iterator[Malformed]:
    for path in places(local):
        yield Malformed(f"{path} is a list", path, put(local, path, [1, 2]))
        match taken(local, path):
            case dict():
                yield Malformed(f"{path} is text", path, put(local, path, "yes"))
            case int() | float() as number:
                yield Malformed(f"{path} is a number in quotes", path, put(local, path, str(number)))
                yield Malformed(f"{path} is a truth value", path, put(local, path, value=True))
                yield Malformed(f"{path} is empty", path, put(local, path, None))
            case _:
                yield Malformed(f"{path} is a number", path, put(local, path, 7))


def _wrong_keys(local: Config) -> Iterator[Malformed]:
    for path in places(local):
        if isinstance(taken(local, path), dict) and path != "services":
            yield Malformed(f"{path} has a flag", f"{path}.enabled", put(local, f"{path}.enabled", value=True))
    for path in REQUIRED:
        yield Malformed(f"{path} is missing", path, without(local, path))
    for path, name in MISSPELT:
        wrong = ".".join([*path.split(".")[:-1], name])
        yield Malformed(f"{path} is called {name}", wrong, put(without(local, path), wrong, taken(local, path)))


def _wrong_values(local: Config) -> Iterator[Malformed]:
    for path, value in (*WRONG_UNITS, *UNKNOWN_KEYS, *OUT_OF_RANGE, *NOT_A_CHOICE, *MISSPELT_TEXT):
        yield Malformed(f"{path} is {value!r}"[:120], path, put(local, path, value))


def _wrong_names(local: Config) -> Iterator[Malformed]:
    for name in ("Digits", "digits_2", "9digits", "d" * 41, "", "digits.v2", "数字"):
        yield Malformed(
            f"a service is called {name!r}", "services", put(local, "services", {name: taken(local, SERVICE)})
        )


def _contradictions(local: Config) -> Iterator[Malformed]:
    for label, path, value in CONTRADICTIONS:
        yield Malformed(label, path, put(local, path, value))


def _wrong_altogether(local: Config) -> Iterator[Malformed]:
    yield Malformed("the config is empty", "", {})
    yield Malformed("the config is a stack inside a stack", "", {"plimsoll:stack": local})
