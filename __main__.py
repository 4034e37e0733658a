"""Read what one stack asks for, build it, publish what came out."""

# ruff: noqa: E402 - the imports below are what it is switched off for

import gc

# Nearly all objects of this program live as long as it does, a third of a million of the SDKs' before all others. To
# look for garbage among them took a sixth of a preview on AWS; to leave it takes 12 MiB for 100 services.
gc.disable()

import pulumi

from components import (
    Asked,
    Gateway,
    GatewayArgs,
    StackNamespace,
    asked_config,
    buildable,
    fill_store,
    place_monitoring,
    place_platform,
    place_services,
    reachable,
    require_addons,
    require_room,
)
from model_repo import PublishError, assemble_all
from stacks.schema import StackError, parse


def main() -> None:
    """Lay out the platform: cluster, namespace, gateway, model store, and the services behind the gateway."""
    config = asked_config()
    asked = buildable(reachable(parse(config)))
    stack = asked.stack
    repositories = assemble_all(stack)
    require_room(stack, repositories)
    require_addons(asked)
    fill_store(asked.target.models, repositories)

    Asked(config, repositories)
    platform = place_platform(asked)
    on_cluster = pulumi.ResourceOptions(providers=[platform.kubernetes])
    namespace = StackNamespace(stack, opts=on_cluster)
    gateway = Gateway("gateway", GatewayArgs(stack=stack, namespace=namespace.name), opts=on_cluster)
    services = place_services(
        stack, repositories, platform=platform, gateway=gateway, namespace=namespace.name, opts=on_cluster
    )
    place_monitoring(stack, namespace=namespace.name, opts=on_cluster)

    pulumi.export("namespace", namespace.name)
    pulumi.export("services", services)


try:
    main()
except (StackError, PublishError) as error:
    raise pulumi.RunError(str(error)) from None  # the reader needs the message; a traceback would bury it
