"""The services of a stack: for each its stable server and its canary, and the routes that share requests among them."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from components.routes import Routes, RoutesArgs
from components.triton_server import TritonServer, TritonServerArgs
from model_repo import Repositories
from observability.variants import Variant
from stacks.schema import Stack


def place_services(
    stack: Stack,
    repositories: Mapping[str, Repositories],
    *,
    namespace: pulumi.Input[str],
    model_claim: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> dict[str, dict[str, pulumi.Input[object]]]:
    """Place every service, and say of each how it is called and what serves it."""
    outputs: dict[str, dict[str, pulumi.Input[object]]] = {}
    ready: dict[str, list[pulumi.Resource]] = {}
    for name, service in stack.services.items():
        of_service = repositories[name]
        proven = TritonServerArgs(
            service=service,
            variant=Variant.STABLE,
            repository=of_service.stable,
            image=stack.images.triton,
            namespace=namespace,
            model_claim=model_claim,
        )
        stable = TritonServer(name, proven, opts)
        ready[name] = [stable]
        outputs[name] = {
            "model": service.model,
            "httpHost": stack.gateway.http_host(name),
            "grpcHost": stack.gateway.grpc_host(name),
            Variant.STABLE: stable.endpoints,
        }
        if of_service.canary:
            on_trial = replace(proven, variant=Variant.CANARY, repository=of_service.canary)
            canary = TritonServer(name, on_trial, opts)
            outputs[name][Variant.CANARY] = canary.endpoints
            # Taking its requests away must work whatever state a canary is in: then its address is all that is needed.
            ready[name].append(canary if service.canary_gets_requests else canary.kubernetes_service)
    Routes("routes", RoutesArgs(services=stack.services, ready=ready, gateway=stack.gateway,
                                namespace=namespace), opts)  # fmt: skip
    return outputs
