"""The namespace of a stack."""

import pulumi
from pulumi_kubernetes import core

from components.metadata import metadata

POD_SECURITY = "restricted"
POD_SECURITY_VERSION = "latest"


class StackNamespace(pulumi.ComponentResource):
    """A namespace that admits only pods of the "restricted" Pod Security Standard."""

    name: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:StackNamespace", name, None, opts)
        security = {
            f"pod-security.kubernetes.io/{mode}{suffix}": value
            for mode in ("enforce", "audit", "warn")
            for suffix, value in (("", POD_SECURITY), ("-version", POD_SECURITY_VERSION))
        }
        namespace = core.v1.Namespace(
            name,
            metadata=metadata(name, labels=security),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = namespace.metadata.name
        self.register_outputs({"name": self.name})
