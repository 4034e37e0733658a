"""A Triton server a version in service: the pods that answer, and what keeps them answering."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta, policy

from components import triton_pod
from components.metadata import metadata, selector, server_labels
from model_repo import Repository
from observability.variants import Variant, server_name
from stacks.schema import Service

SCHEDULING_SECONDS = 15
"""What a pod may take until its server starts, its image being there."""

KNOWN_SECONDS = 3
"""What the gateway may take to learn of a ready pod. Only then is it counted on: an old pod goes, a weight comes."""


@dataclass(frozen=True, kw_only=True)
class TritonServerArgs:
    """One side of a service, the repository of the version that it serves, and what it stands on."""

    service: Service
    variant: Variant
    repository: Repository
    image: str
    namespace: pulumi.Input[str]
    models: triton_pod.Models


class TritonServer(pulumi.ComponentResource):
    """Replicas of one model version; `name` is the service's in the stack.

    A change of the model's content or config changes the repository's digest, and with it the pods; nothing else of a
    model does. New pods are ready before old ones go, and old ones finish what they have begun.
    """

    def __init__(self, name: str, args: TritonServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        labels = server_labels(name, args.variant)
        finder = selector(name, args.variant)
        name = server_name(name, args.variant)
        super().__init__("plimsoll:components:TritonServer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        named = metadata(name, namespace=args.namespace, labels=labels)
        pods = meta.v1.LabelSelectorArgs(match_labels=finder)
        replicas = replicas_of(args.service, args.variant)
        # A pod that is still not ready then will not be: its update fails, saying why, and the old pods go on serving.
        one_pod_seconds = triton_pod.startup_seconds(args.repository) + SCHEDULING_SECONDS + KNOWN_SECONDS

        account = core.v1.ServiceAccount(name, metadata=named, automount_service_account_token=False, opts=child)
        policy.v1.PodDisruptionBudget(
            name,
            metadata=named,
            spec=policy.v1.PodDisruptionBudgetSpecArgs(
                selector=pods, max_unavailable=1, unhealthy_pod_eviction_policy="AlwaysAllow"
            ),
            opts=child,
        )
        all_pods = f"{one_pod_seconds * max(replicas, 1)}s"
        apps.v1.Deployment(
            name,
            metadata=named,
            spec=apps.v1.DeploymentSpecArgs(
                # An autoscaler owns the number from the first apply on: a number here would fight it.
                replicas=None if args.service.scaling.signal else replicas,
                selector=pods,
                strategy=apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=apps.v1.RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0),
                ),
                min_ready_seconds=KNOWN_SECONDS,
                revision_history_limit=3,
                progress_deadline_seconds=one_pod_seconds,
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(
                        labels=labels,
                        annotations={"plimsoll.dev/repository-digest": args.repository.digest},
                    ),
                    spec=triton_pod.spec(
                        service=args.service,
                        repository=args.repository,
                        image=args.image,
                        selector=pods,
                        service_account=account.metadata.name,
                        models=args.models,
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create=all_pods, update=all_pods)
            ),
        )
        self.register_outputs({})


def replicas_of(service: Service, variant: Variant) -> int:
    """How many replicas one side of a service has."""
    stable = service.scaling.replicas.min
    return stable if variant is Variant.STABLE else service.canary_replicas(stable)
