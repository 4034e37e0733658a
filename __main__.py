"""Read what one stack asks for, build it, publish what came out."""

from itertools import chain

import pulumi

from components import (
    Cluster,
    Gateway,
    GatewayArgs,
    ModelStore,
    ModelStoreArgs,
    Monitoring,
    MonitoringArgs,
    StackNamespace,
    buildable,
    fill_store,
    place_services,
    reachable,
)
from model_repo import PublishError, assemble_all
from stacks.schema import StackError, parse


def main() -> None:
    """Lay out the platform: cluster, namespace, gateway, model store, and the services behind the gateway."""
    asked = buildable(reachable(parse(pulumi.Config().get_object("stack"))))
    stack = asked.stack
    repositories = assemble_all(stack.services)
    fill_store(asked.model_repository, chain.from_iterable(repositories.values()))

    cluster = Cluster("cluster", asked.cluster)
    on_cluster = pulumi.ResourceOptions(providers=[cluster.kubernetes])
    namespace = StackNamespace(stack.namespace, gateway=stack.gateway, monitoring=stack.monitoring, opts=on_cluster)
    gateway = Gateway(
        "gateway",
        GatewayArgs(
            spec=stack.gateway,
            longest_request_ms=stack.longest_request_ms,
            cluster=asked.cluster,
            image=stack.images.envoy,
            namespace=namespace.name,
        ),
        opts=on_cluster,
    )
    store = ModelStore(
        "model-store", ModelStoreArgs(spec=asked.model_repository, namespace=namespace.name), opts=on_cluster
    )
    services = place_services(
        stack, repositories, gateway=gateway, namespace=namespace.name, model_claim=store.claim_name, opts=on_cluster
    )
    if stack.monitoring:
        watched = MonitoringArgs(stack=stack, spec=stack.monitoring, namespace=namespace.name)
        Monitoring("monitoring", watched, opts=on_cluster)

    pulumi.export("namespace", namespace.name)
    pulumi.export("services", services)


try:
    main()
except (StackError, PublishError) as error:
    raise pulumi.RunError(str(error)) from None  # the reader needs the message; a traceback would bury it
