"""The pod that runs Triton: a pure answer, placed by `triton_server.py`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta

from model_repo import Repository
from stacks.schema import Service


@dataclass(frozen=True)
class Port:
    """A port of the server, with the protocol that proxies should speak to it."""

    name: str
    number: int
    protocol: str


HTTP = Port("http", 8000, "http")
GRPC = Port("grpc", 8001, "kubernetes.io/h2c")
METRICS = Port("metrics", 8002, "http")
PORTS = (HTTP, GRPC, METRICS)


@dataclass(frozen=True, kw_only=True)
class ModelsOnVolume:
    """Repositories by their digests, on a claim."""

    claim: pulumi.Input[str]

    def awaited(self, _repository: Repository) -> list[pulumi.Resource]:
        """Nothing: they were written before the first resource."""
        return []


@dataclass(frozen=True, kw_only=True)
class ModelsInS3:
    """Repositories by their digests, under a service's prefix in a bucket."""

    bucket: pulumi.Input[str]
    region: str
    service: str
    published: pulumi.Resource
    """The objects, and the right to read them."""
    engines: Mapping[str, pulumi.Resource]
    """What builds each engine, by its key."""

    def awaited(self, repository: Repository) -> list[pulumi.Resource]:
        """What has to be there before a server can read a repository."""
        built = [self.engines[repository.engine.key]] if repository.engine else []
        return [self.published, *built]


Models = ModelsOnVolume | ModelsInS3
"""Where a server reads its models from."""

UID = 1000
RESTRICTED_POD = core.v1.PodSecurityContextArgs(
    run_as_non_root=True,
    run_as_user=UID,
    run_as_group=UID,
    seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
)
RESTRICTED_CONTAINER = core.v1.SecurityContextArgs(
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
)

# Stopping, in order: callers learn that the pod is going; Triton finishes what it has begun; what is left is cut off.
LEAVE_SERVICE_SECONDS = 5
GIVE_UP_SECONDS = 5

# Starting: the server itself, and its files from a volume that may be a network's.
START_SERVER_SECONDS = 45
READ_BYTES_PER_SECOND = 50 * 2**20

# gRPC clients keep their connection, and so their pod, for ever. Asking them to connect again spreads them over the
# replicas there are now.
CONNECTION_AGE_MS = 60_000
CONNECTION_AGE_GRACE_MS = 30_000

SHARED_MEMORY = "256Mi"  # the python backend hands tensors to its stubs through /dev/shm
GPU = "nvidia.com/gpu"
POOL_LABEL = "plimsoll.dev/pool"
"""What finds the nodes of a pool."""


def startup_seconds(repository: Repository) -> int:
    """How long a server may take until it is ready: its own start, and reading its models."""
    return START_SERVER_SECONDS + repository.size_bytes // READ_BYTES_PER_SECOND


def finish_seconds(service: Service) -> int:
    """How long a stopping server may take over what it has begun: no caller waits longer than the gateway does."""
    return math.ceil(service.traffic.request_timeout_ms / 1000) + 2


def spec(
    *,
    service: Service,
    repository: Repository,
    image: str,
    selector: meta.v1.LabelSelectorArgs,
    service_account: pulumi.Input[str],
    models: Models,
) -> core.v1.PodSpecArgs:
    """The pod's spec. Fits the "restricted" Pod Security Standard."""
    return core.v1.PodSpecArgs(
        service_account_name=service_account,
        automount_service_account_token=False,
        enable_service_links=False,
        termination_grace_period_seconds=LEAVE_SERVICE_SECONDS + finish_seconds(service) + GIVE_UP_SECONDS,
        security_context=RESTRICTED_POD,
        node_selector={POOL_LABEL: service.pool} if service.pool else None,
        tolerations=[core.v1.TolerationArgs(key=GPU, operator="Exists", effect="NoSchedule")] if service.pool else None,
        topology_spread_constraints=[
            core.v1.TopologySpreadConstraintArgs(
                topology_key=apart, max_skew=1, when_unsatisfiable="ScheduleAnyway", label_selector=selector
            )
            for apart in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
        ],
        containers=[_server(service, repository, image, models)],
        volumes=[
            *_model_volumes(models),
            core.v1.VolumeArgs(
                name="shm", empty_dir=core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit=SHARED_MEMORY)
            ),
            core.v1.VolumeArgs(name="tmp", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="1Gi")),
        ],
    )


def _model_volumes(models: Models) -> list[core.v1.VolumeArgs]:
    match models:
        case ModelsOnVolume(claim=claim):
            claimed = core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim, read_only=True)
            return [core.v1.VolumeArgs(name="models", persistent_volume_claim=claimed)]
        case ModelsInS3():
            return []


def _server(service: Service, repository: Repository, image: str, models: Models) -> core.v1.ContainerArgs:
    repository_option: pulumi.Input[str]
    match models:
        case ModelsOnVolume():
            repository_option, environment = "--model-repository=/models", None
            mounts = [
                core.v1.VolumeMountArgs(name="models", mount_path="/models", sub_path=repository.folder, read_only=True)
            ]
        case ModelsInS3():
            repository_option = pulumi.Output.concat(
                "--model-repository=s3://", models.bucket, f"/{models.service}/{repository.folder}"
            )
            environment, mounts = [core.v1.EnvVarArgs(name="AWS_REGION", value=models.region)], []
    # The model, not only the server, decides whether the pod may answer.
    ready = core.v1.HTTPGetActionArgs(path=f"/v2/models/{service.model}/ready", port=HTTP.name)
    live = core.v1.HTTPGetActionArgs(path="/v2/health/live", port=HTTP.name)
    memory = {"memory": f"{service.resources.memory_mib}Mi"}
    gpu = {GPU: "1"} if service.pool else {}

    return core.v1.ContainerArgs(
        name="triton",
        image=image,
        image_pull_policy="IfNotPresent",
        command=["tritonserver"],
        args=[
            repository_option,
            *([f"--model-config-name={repository.config_name}"] if repository.config_name else []),
            "--disable-auto-complete-config",  # the rendered config is the truth, and was checked
            f"--exit-timeout-secs={finish_seconds(service)}",
            f"--grpc-max-connection-age={CONNECTION_AGE_MS}",
            f"--grpc-max-connection-age-grace={CONNECTION_AGE_GRACE_MS}",
            *([] if service.pool else ["--allow-gpu-metrics=false"]),
        ],
        env=environment,
        ports=[core.v1.ContainerPortArgs(name=port.name, container_port=port.number) for port in PORTS],
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": f"{round(service.resources.cpu * 1000)}m", **memory, **gpu},
            limits={**memory, **gpu},  # no CPU limit: throttling a batch in the middle makes every caller in it wait
        ),
        startup_probe=core.v1.ProbeArgs(
            http_get=ready, period_seconds=1, timeout_seconds=2, failure_threshold=startup_seconds(repository)
        ),
        readiness_probe=core.v1.ProbeArgs(http_get=ready, period_seconds=2, timeout_seconds=2, failure_threshold=2),
        liveness_probe=core.v1.ProbeArgs(http_get=live, period_seconds=10, timeout_seconds=5, failure_threshold=3),
        lifecycle=core.v1.LifecycleArgs(
            pre_stop=core.v1.LifecycleHandlerArgs(sleep=core.v1.SleepActionArgs(seconds=LEAVE_SERVICE_SECONDS))
        ),
        security_context=RESTRICTED_CONTAINER,
        volume_mounts=[
            *mounts,
            core.v1.VolumeMountArgs(name="shm", mount_path="/dev/shm"),  # noqa: S108 - the container's own
            core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - the container's own
        ],
    )
