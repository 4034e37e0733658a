"""What moves the number of replicas: a ScaledObject for each side of each service that has a signal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apiextensions

from components.metadata import metadata
from observability import autoscaling
from observability.variants import SERVICE_LABEL, VARIANT_LABEL, Variant, server_name
from stacks.schema import Stack

KEDA_API = "keda.sh/v1alpha1"


@dataclass(frozen=True, kw_only=True)
class AutoscalersArgs:
    """The stack, and the servers whose number is to be moved."""

    stack: Stack
    servers: Mapping[str, Sequence[pulumi.Resource]]
    """Of each service."""
    namespace: pulumi.Input[str]


class Autoscalers(pulumi.ComponentResource):
    """The autoscalers of all services, in one component: a preview's cost grows with the number of its resources.

    Each owns the number of replicas of its Deployment, which therefore says none.
    """

    def __init__(self, name: str, args: AutoscalersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Autoscalers", name, None, opts)
        stack = args.stack
        for service_name, service in stack.services.items():
            if service.scaling.signal is None or stack.monitoring is None:
                continue
            for variant in (Variant.STABLE, *((Variant.CANARY,) if service.canary else ())):
                server = server_name(service_name, variant)
                apiextensions.CustomResource(
                    server,
                    api_version=KEDA_API,
                    kind="ScaledObject",
                    metadata=metadata(
                        server,
                        namespace=args.namespace,
                        labels={SERVICE_LABEL: service_name, VARIANT_LABEL: variant},
                    ),
                    spec=autoscaling.scaled_object(
                        service_name, service, variant, namespace=stack.namespace, monitoring=stack.monitoring
                    ),
                    opts=pulumi.ResourceOptions(parent=self, depends_on=args.servers[service_name]),
                )
        self.register_outputs({})
