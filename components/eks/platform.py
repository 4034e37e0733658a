"""All of AWS that a stack stands on, put together."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from components.buildable import OnEks
from components.charts import Charts, charts, gateway_class, gpu_charts, karpenter_chart
from components.cluster import api_client
from components.eks import karpenter
from components.eks.budget_alarm import OWNER_TAG, STACK_TAG, BudgetAlarm
from components.eks.control_plane import ControlPlane, ControlPlaneArgs
from components.eks.encryption import Encryption
from components.eks.engine_builder import EngineBuilder, EngineBuilderArgs
from components.eks.gpu_node_pool import GpuNodePool, GpuNodePoolArgs
from components.eks.karpenter import Karpenter, KarpenterArgs
from components.eks.model_bucket import ModelBucket, ModelBucketArgs, PublishedModels, PublishedModelsArgs
from components.eks.network import Network, NetworkArgs
from components.model_store import ModelStore, ModelStoreArgs, Publish
from components.preinstalled import with_addons
from components.triton_pod import ModelsInS3
from economics import load
from model_repo import Repositories
from observability.variants import Variant, server_name
from stacks.schema import EksCluster, HelmAddons, S3Repository, Stack, VolumeRepository


class EksPlatform(pulumi.ComponentResource):
    """Network, cluster, node pools, add-ons, the models' bucket and the budget of one stack, in one AWS account."""

    kubernetes: k8s.Provider
    ready: Sequence[pulumi.Resource]
    """What model servers need before they can run."""

    def __init__(self, name: str, stack: Stack, target: OnEks, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:eks:EksPlatform", name, None, opts)
        self._stack, self._spec, self._models = stack, target.cluster, target.models
        self._name = EksCluster.name(pulumi.get_stack())
        self._tags = _tags(self._name, stack)
        provider = aws.Provider(
            "aws",
            region=self._spec.region,
            default_tags=aws.ProviderDefaultTagsArgs(tags=self._tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._aws = provider
        self._on_aws = pulumi.ResourceOptions(parent=self, providers=[provider])
        self._account_id = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(parent=self, provider=provider)
        ).account_id
        self._key = Encryption(self._name, region=self._spec.region, account_id=self._account_id, opts=self._on_aws)
        network = Network(
            self._name,
            NetworkArgs(
                spec=self._spec.network,
                region=self._spec.region,
                account_id=self._account_id,
                log_key_arn=self._key.key_arn,
                log_retention_days=self._spec.log_retention_days,
            ),
            opts=self._on_aws,
        )
        self._control_plane = ControlPlane(
            self._name,
            ControlPlaneArgs(
                spec=self._spec,
                account_id=self._account_id,
                subnet_ids=network.private_subnet_ids,
                key_arn=self._key.key_arn,
                tags=self._tags,
            ),
            opts=self._on_aws,
        )
        self.kubernetes = api_client(
            "kubernetes",
            kubeconfig=with_addons(stack, self._control_plane.kubeconfig),
            context=None,
            identifier=self._name,
            # Nothing is asked of a cluster that nobody can administer or that has no nodes to run an add-on.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._control_plane]),
        )
        addons = self._addons()
        pools = self._pools(network, addons)
        if stack.budget:
            BudgetAlarm(self._name, stack.budget, opts=self._on_aws)
        self.ready = [*addons, *pools]
        self.register_outputs({})

    def publisher(self, namespace: pulumi.Input[str]) -> Publish:
        """Models are in a bucket of the stack's own, or on a volume that somebody else attached to the cluster."""
        match self._models:
            case VolumeRepository() as volume:
                on_cluster = pulumi.ResourceOptions(parent=self, providers=[self.kubernetes])
                store = ModelStore("model-store", ModelStoreArgs(spec=volume, namespace=namespace), opts=on_cluster)
                return lambda _service, _repositories: store.models
            case S3Repository():
                bucket = ModelBucket(
                    f"{self._name}-models", ModelBucketArgs(key_arn=self._key.key_arn), opts=self._on_aws
                )
                return lambda service, repositories: self._publish(bucket, service, repositories, namespace)

    def _publish(
        self, bucket: ModelBucket, service: str, repositories: Repositories, namespace: pulumi.Input[str]
    ) -> ModelsInS3:
        """Upload a service's repositories, and let its servers alone read them."""
        published = PublishedModels(
            service,
            PublishedModelsArgs(
                service=service,
                repositories=repositories,
                bucket=bucket,
                key_arn=self._key.key_arn,
                cluster_name=self._control_plane.cluster.name,
                account_id=self._account_id,
                namespace=namespace,
                role_prefix=self._name,
                service_accounts=[server_name(service, variant) for variant in Variant],
            ),
            opts=self._on_aws,
        )
        return ModelsInS3(
            bucket=bucket.bucket_name,
            region=self._spec.region,
            service=service,
            published=published,
            engines=self._engines(bucket, service, repositories, namespace),
        )

    def _engines(
        self, bucket: ModelBucket, service: str, repositories: Repositories, namespace: pulumi.Input[str]
    ) -> Mapping[str, pulumi.Resource]:
        """What builds the engines of a service, by their keys."""
        if not any(repository.engine for repository in repositories):
            return {}
        return EngineBuilder(
            f"{service}-engines",
            EngineBuilderArgs(
                name=service,
                service=self._stack.services[service],
                repositories=repositories,
                images=self._stack.images,
                bucket=bucket,
                key_arn=self._key.key_arn,
                cluster_name=self._control_plane.cluster.name,
                account_id=self._account_id,
                region=self._spec.region,
                namespace=namespace,
                role_prefix=self._name,
                after=self.ready,
            ),
            opts=pulumi.ResourceOptions(parent=self, providers=[self._aws, self.kubernetes]),
        ).jobs

    def _addons(self) -> list[pulumi.Resource]:
        """Install the add-ons, where that is this stack's to do."""
        if not isinstance(self._stack.addons, HelmAddons):
            return []
        on_cluster = pulumi.ResourceOptions(parent=self, providers=[self.kubernetes])
        wanted = [*charts(self._stack)]
        if self._stack.gpu_pools:
            wanted += gpu_charts(watched=self._stack.monitoring is not None)
        installed: list[pulumi.Resource] = [Charts("addons", wanted, on_cluster)]
        class_options = pulumi.ResourceOptions(parent=self, provider=self.kubernetes, depends_on=installed)
        return [*installed, gateway_class(self._stack.gateway.class_name, class_options)]

    def _pools(self, network: Network, addons: Sequence[pulumi.Resource]) -> list[GpuNodePool]:
        if not self._stack.gpu_pools:
            return []
        # Karpenter is there also while no pool may burst: it has to end the nodes of one that no longer may.
        in_aws = Karpenter(
            self._name,
            KarpenterArgs(control_plane=self._control_plane, region=self._spec.region, account_id=self._account_id),
            opts=self._on_aws,
        )
        karpenter_is_up = [in_aws, *addons]
        if isinstance(self._stack.addons, HelmAddons):
            chart = karpenter_chart(
                namespace=karpenter.NAMESPACE,
                cluster=self._control_plane.cluster.name,
                queue=in_aws.queue_name,
            )
            on_cluster = pulumi.ResourceOptions(parent=self, providers=[self.kubernetes], depends_on=[in_aws])
            karpenter_is_up.append(Charts("karpenter", [chart], on_cluster))
        return [
            GpuNodePool(
                name,
                GpuNodePoolArgs(
                    spec=pool,
                    control_plane=self._control_plane,
                    kubernetes_version=self._spec.version,
                    image_release=self._spec.node_image,
                    subnet_ids=[
                        network.private_subnet_ids[zone]
                        for zone in load().zones_of_pool(
                            self._spec.network.zones, self._spec.region, pool.instance_types
                        )
                    ],
                    tags=self._tags,
                    instance_profile=in_aws.instance_profile,
                    karpenter=karpenter_is_up,
                ),
                kubernetes=self.kubernetes,
                opts=self._on_aws,
            )
            for name, pool in self._stack.gpu_pools.items()
        ]


def _tags(name: str, stack: Stack) -> dict[str, str]:
    """What costs are told apart by. The owner is the budget's."""
    owner = {OWNER_TAG: stack.budget.owner} if stack.budget else {}
    return {STACK_TAG: name, **owner}
