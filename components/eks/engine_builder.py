"""TensorRT engines: built in the cluster, on the GPUs they are for, and put beside the service's models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import batch, core

from components.eks import iam
from components.eks.model_bucket import ModelBucket, upload
from components.metadata import ENGINE_BUILD, metadata
from components.triton_pod import GPU, POOL_LABEL, RESTRICTED_CONTAINER, RESTRICTED_POD
from model_repo import BUILDER, Engine, Repositories
from stacks.schema import Images, Service

BUILD_LIMIT_SECONDS = 3600
"""How long a build may take, with the node that it may have to wait for."""

LOST_PODS = 3
"""How often a build may begin anew because its pod was lost, as with a spot node; one that fails does not."""

COPY_MEMORY_MIB = 512
SCRATCH_GIB = 50
"""For the model, its engine, and what TensorRT keeps beside them."""

# What each container of a build does with the bucket. The plan is put there last: where it lies, the engine is whole.
FETCH = """
if aws s3api head-object --bucket "$BUCKET" --key "$PLAN" > /dev/null 2>&1; then
  echo "the engine is there: nothing to build"
  touch /scratch/there
else
  mkdir /scratch/engine
  aws s3 cp --only-show-errors --recursive "s3://$BUCKET/$SOURCE" /scratch/source
fi
"""
BUILD = """
[ -e /scratch/there ] || python3 /builder/build.py /builder/recipe.json /scratch/source /scratch/engine
"""
PUBLISH = """
if [ ! -e /scratch/there ]; then
  aws s3 cp --only-show-errors /scratch/engine/engine.json "s3://$BUCKET/$RECORD"
  aws s3 cp --only-show-errors /scratch/engine/model.plan "s3://$BUCKET/$PLAN"
fi
"""


@dataclass(frozen=True, kw_only=True)
class EngineBuilderArgs:
    """A service, the engines that it is served with, and where they are built and go."""

    name: str
    """The service's."""
    service: Service
    repositories: Repositories
    images: Images
    bucket: ModelBucket
    key_arn: pulumi.Input[str]
    cluster_name: pulumi.Input[str]
    account_id: pulumi.Input[str]
    region: str
    namespace: pulumi.Input[str]
    role_prefix: str
    after: Sequence[pulumi.Resource]
    """The nodes that builds run on."""


class EngineBuilder(pulumi.ComponentResource):
    """What builds the engines of one service: a Job for each, under a role that writes engines of this service alone.

    A Job does nothing where its engine is there already. One that fails fails its update before any server is changed.
    """

    jobs: Mapping[str, batch.v1.Job]
    """By the engine's key."""

    def __init__(self, name: str, args: EngineBuilderArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:EngineBuilder", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        engines = {each.engine.key: each.engine for each in args.repositories if each.engine}
        sources = {engine.source_digest: engine.sources for engine in engines.values()}
        uploads = [
            file
            for digest, files in sources.items()
            for file in upload(args.bucket, f"{args.name}/sources/{digest}", files, parent=self)
        ]
        role = iam.PodRole(
            f"{args.role_prefix}-{args.name}-build",
            iam.PodRoleArgs(
                policy=pulumi.Output.all(args.bucket.bucket_arn, args.key_arn).apply(
                    lambda known: iam.document(*builder(known[0], known[1], args.name))
                ),
                account_id=args.account_id,
                cluster_name=args.cluster_name,
                namespace=args.namespace,
                service_accounts=[name],
            ),
            opts=child,
        )
        account = core.v1.ServiceAccount(
            name, metadata=metadata(name, namespace=args.namespace), automount_service_account_token=False, opts=child
        )
        ready = pulumi.ResourceOptions(parent=self, depends_on=[*args.after, account, role, *uploads])
        self.jobs = {key: self._job(engine, account, ready) for key, engine in engines.items()}
        self.register_outputs({})

    def _job(self, engine: Engine, account: core.v1.ServiceAccount, opts: pulumi.ResourceOptions) -> batch.v1.Job:
        name = f"{self._args.name}-engine-{engine.key}"
        builder = core.v1.ConfigMap(
            name,
            metadata=metadata(name, namespace=self._args.namespace),
            data={"build.py": BUILDER.read_text(), "recipe.json": engine.recipe},
            opts=pulumi.ResourceOptions(parent=self),
        )
        limit = f"{BUILD_LIMIT_SECONDS}s"
        return batch.v1.Job(
            name,
            metadata=metadata(name, namespace=self._args.namespace, labels=ENGINE_BUILD),
            spec=batch.v1.JobSpecArgs(
                active_deadline_seconds=BUILD_LIMIT_SECONDS,
                backoff_limit=LOST_PODS,
                pod_failure_policy=batch.v1.PodFailurePolicyArgs(
                    rules=[
                        batch.v1.PodFailurePolicyRuleArgs(
                            action="FailJob",
                            on_exit_codes=batch.v1.PodFailurePolicyOnExitCodesRequirementArgs(
                                container_name="build", operator="In", values=[1]
                            ),
                        )
                    ]
                ),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=metadata(name, labels=ENGINE_BUILD), spec=self._pod(engine, account, builder)
                ),
            ),
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create=limit, update=limit))
            ),
        )

    def _pod(self, engine: Engine, account: core.v1.ServiceAccount, builder: core.v1.ConfigMap) -> core.v1.PodSpecArgs:
        args = self._args
        folder = f"{args.name}/engines/{engine.key}"
        places: dict[str, pulumi.Input[str]] = {
            "AWS_REGION": args.region,
            "HOME": "/tmp",  # noqa: S108 - the container's own
            "BUCKET": args.bucket.bucket_name,
            "SOURCE": f"{args.name}/sources/{engine.source_digest}",
            "PLAN": f"{folder}/{engine.plan}",
            "RECORD": f"{folder}/{engine.record}",
        }
        environment = [core.v1.EnvVarArgs(name=key, value=value) for key, value in places.items()]
        mounts = [
            core.v1.VolumeMountArgs(name="scratch", mount_path="/scratch"),
            core.v1.VolumeMountArgs(name="tmp", mount_path="/tmp"),  # noqa: S108 - the container's own
            core.v1.VolumeMountArgs(name="builder", mount_path="/builder", read_only=True),
        ]

        def container(name: str, image: str, script: str, memory_mib: int, *, gpus: int = 0) -> core.v1.ContainerArgs:
            limits = {"memory": f"{memory_mib}Mi", **({GPU: str(gpus)} if gpus else {})}
            cpu = {"cpu": f"{round(args.service.resources.cpu * 1000)}m" if gpus else "100m"}
            return core.v1.ContainerArgs(
                name=name,
                image=image,
                image_pull_policy="IfNotPresent",
                command=["sh", "-euc", script],
                env=environment,
                resources=core.v1.ResourceRequirementsArgs(requests={**cpu, **limits}, limits=limits),
                security_context=RESTRICTED_CONTAINER,
                volume_mounts=mounts,
            )

        memory_mib = args.service.resources.memory_mib
        return core.v1.PodSpecArgs(
            service_account_name=account.metadata.name,
            automount_service_account_token=False,
            enable_service_links=False,
            restart_policy="Never",
            security_context=RESTRICTED_POD,
            node_selector={POOL_LABEL: args.service.pool} if args.service.pool else None,
            tolerations=[core.v1.TolerationArgs(key=GPU, operator="Exists", effect="NoSchedule")],
            init_containers=[
                container("fetch", args.images.aws_cli, FETCH, COPY_MEMORY_MIB),
                container("build", args.images.tensorrt, BUILD, memory_mib, gpus=1),
            ],
            containers=[container("publish", args.images.aws_cli, PUBLISH, COPY_MEMORY_MIB)],
            volumes=[
                core.v1.VolumeArgs(
                    name="scratch", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=f"{SCRATCH_GIB}Gi")
                ),
                core.v1.VolumeArgs(name="tmp", empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit="1Gi")),
                core.v1.VolumeArgs(
                    name="builder", config_map=core.v1.ConfigMapVolumeSourceArgs(name=builder.metadata.name)
                ),
            ],
        )


def builder(bucket_arn: str, key_arn: str, service: str) -> tuple[iam.Statement, ...]:
    """Reading a service's sources, and writing its plans and their records: no config, no other's, nothing deleted."""
    sources, engines = f"{service}/sources/*", f"{service}/engines/*"
    plans = [f"{bucket_arn}/{engines}/model.plan", f"{bucket_arn}/{engines}/engine.json"]
    return (
        iam.allow(["s3:GetObject"], [f"{bucket_arn}/{sources}", *plans]),
        iam.allow(["s3:ListBucket"], [bucket_arn], StringLike={"s3:prefix": [sources, engines]}),
        iam.allow(["s3:PutObject"], plans),
        iam.allow_key_for_s3(["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
    )
