"""The services of a stack: for each its stable server and its canary, and the routes that share requests among them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pulumi
from pulumi_kubernetes import core

from components import triton_pod
from components.autoscalers import Autoscalers, AutoscalersArgs
from components.metadata import metadata, selector, server_labels
from components.platform import Platform
from components.routes import Routes, RoutesArgs
from components.triton_server import TritonServer, TritonServerArgs, replicas_of
from model_repo import Repositories
from observability.variants import Variant, server_name
from stacks.schema import Stack


def place_services(
    stack: Stack,
    repositories: Mapping[str, Repositories],
    *,
    platform: Platform,
    gateway: pulumi.Resource,
    namespace: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> dict[str, dict[str, pulumi.Input[object]]]:
    """Place every service, and say of each how it is called and what serves it."""
    publish = platform.publisher(namespace)
    outputs: dict[str, dict[str, pulumi.Input[object]]] = {}
    ready: dict[str, list[pulumi.Resource]] = {}
    servers: dict[str, list[pulumi.Resource]] = {}
    for name, service in stack.services.items():
        of_service = repositories[name]
        models = publish(name, of_service)
        stable_opts = _after([*platform.ready, *models.awaited(of_service.stable)], opts)
        proven = TritonServerArgs(
            service=service,
            variant=Variant.STABLE,
            repository=of_service.stable,
            image=stack.images.triton,
            namespace=namespace,
            models=models,
        )
        stable = TritonServer(name, proven, stable_opts)
        # Both sides have an address for as long as the service is there, canary or not. So Envoy has a canary's backend
        # before it gets a weight and after it had one: a backend that goes together with its weight loses requests.
        addresses = {variant: _address(name, variant, namespace, stable) for variant in Variant}
        # Envoy takes 15 s over a change of what the gateway says of backends, and until then sees no new ones: backends
        # that come after the gateway's policies have their settings from the start.
        ready[name] = [gateway, stable, *addresses.values()]
        servers[name] = [stable]
        outputs[name] = {
            "model": service.model,
            "httpHost": stack.gateway.http_host(name),
            "grpcHost": stack.gateway.grpc_host(name),
            Variant.STABLE: _endpoints(proven, addresses[Variant.STABLE]),
        }
        if of_service.canary:
            on_trial = replace(proven, variant=Variant.CANARY, repository=of_service.canary)
            canary = TritonServer(name, on_trial, _after([*platform.ready, *models.awaited(of_service.canary)], opts))
            outputs[name][Variant.CANARY] = _endpoints(on_trial, addresses[Variant.CANARY])
            servers[name].append(canary)
            # Taking its requests away must work whatever state a canary is in.
            ready[name] += [canary] if service.canary_gets_requests else []
    Routes("routes", RoutesArgs(services=stack.services, ready=ready, gateway=stack.gateway, namespace=namespace), opts)
    Autoscalers("autoscalers", AutoscalersArgs(stack=stack, servers=servers, namespace=namespace), opts)
    return outputs


def _after(first: Sequence[pulumi.Resource], opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=first)) if first else opts


def _address(name: str, variant: Variant, namespace: pulumi.Input[str], parent: TritonServer) -> core.v1.Service:
    """The Service of one side: what routes name, and what callers inside the cluster may call by itself."""
    return core.v1.Service(
        server_name(name, variant),
        # Pods are awaited where they are placed, and a canary's Service may have none.
        metadata=metadata(
            server_name(name, variant),
            namespace=namespace,
            labels=server_labels(name, variant),
            annotations={"pulumi.com/skipAwait": "true"},
        ),
        spec=core.v1.ServiceSpecArgs(
            selector=selector(name, variant),
            ports=[
                core.v1.ServicePortArgs(
                    name=port.name, port=port.number, target_port=port.name, app_protocol=port.protocol
                )
                for port in triton_pod.PORTS
            ],
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _endpoints(server: TritonServerArgs, address: core.v1.Service) -> pulumi.Output[dict[str, object]]:
    return pulumi.Output.from_input(
        {
            "version": server.repository.version,
            "replicas": replicas_of(server.service, server.variant),
            "address": address.spec.cluster_ip,
            **{f"{port.name}Port": port.number for port in triton_pod.PORTS},
        }
    )
