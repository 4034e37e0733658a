"""Read what one stack asks for, build it, publish what came out."""

import pulumi

from components import (
    Cluster,
    ModelStore,
    ModelStoreArgs,
    StackNamespace,
    TritonServer,
    TritonServerArgs,
    buildable,
    fill_store,
    reachable,
)
from model_repo import PublishError, assemble_all
from stacks.schema import StackError, parse


def main() -> None:
    """Lay out the platform: cluster, namespace, model store, and a server a service."""
    asked = buildable(reachable(parse(pulumi.Config().get_object("stack"))))
    stack = asked.stack
    repositories = assemble_all(stack.services)
    fill_store(asked.model_repository, repositories.values())

    cluster = Cluster("cluster", asked.cluster)
    on_cluster = pulumi.ResourceOptions(providers=[cluster.kubernetes])
    namespace = StackNamespace(stack.namespace, opts=on_cluster)
    store = ModelStore(
        "model-store",
        ModelStoreArgs(spec=asked.model_repository, namespace=namespace.name),
        opts=on_cluster,
    )
    servers = {
        name: TritonServer(
            name,
            TritonServerArgs(
                service=service,
                version=service.version,
                repository=repositories[name],
                image=stack.images.triton,
                namespace=namespace.name,
                model_claim=store.claim_name,
            ),
            opts=on_cluster,
        )
        for name, service in stack.services.items()
    }

    pulumi.export("namespace", namespace.name)
    pulumi.export("services", {name: server.endpoints for name, server in servers.items()})


try:
    main()
except (StackError, PublishError) as error:
    raise pulumi.RunError(str(error)) from None  # the reader needs the message; a traceback would bury it
