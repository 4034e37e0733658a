"""The namespace of a stack, and who may reach the servers in it."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import core, meta, networking

from components import triton_pod
from components.metadata import SERVER, metadata
from observability.variants import OWNER_LABEL
from stacks.schema import Gateway, Monitoring

POD_SECURITY = "restricted"
POD_SECURITY_VERSION = "latest"


class StackNamespace(pulumi.ComponentResource):
    """A namespace that admits only pods of the "restricted" Pod Security Standard.

    Its model servers are reached by the gateway's proxies and by pods of the namespace, and their metrics by
    Prometheus; they reach nobody.
    """

    name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        gateway: Gateway,
        monitoring: Monitoring | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
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
        networking.v1.NetworkPolicy(
            "servers",
            metadata=metadata("servers", namespace=self.name),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=SERVER),
                policy_types=["Ingress", "Egress"],  # and no rule for egress: models come from a volume
                ingress=[
                    _rule(
                        [_any_pod(), _proxies(self.name, gateway.controller_namespace)],
                        (triton_pod.HTTP, triton_pod.GRPC),
                    ),
                    *([_rule([_pods_of(monitoring.namespace)], (triton_pod.METRICS,))] if monitoring else []),
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": self.name})


def _rule(
    peers: Sequence[networking.v1.NetworkPolicyPeerArgs], ports: Sequence[triton_pod.Port]
) -> networking.v1.NetworkPolicyIngressRuleArgs:
    return networking.v1.NetworkPolicyIngressRuleArgs(
        from_=peers, ports=[networking.v1.NetworkPolicyPortArgs(port=port.name) for port in ports]
    )


def _pods_of(namespace: str) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(namespace_selector=_called(namespace))


def _called(namespace: str) -> meta.v1.LabelSelectorArgs:
    return meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": namespace})


def _any_pod() -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(pod_selector=meta.v1.LabelSelectorArgs())


def _proxies(namespace: pulumi.Input[str], gateway_namespace: str) -> networking.v1.NetworkPolicyPeerArgs:
    """The proxies of this stack's gateway, by the labels that Envoy Gateway gives them."""
    return networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=_called(gateway_namespace),
        pod_selector=meta.v1.LabelSelectorArgs(match_labels={OWNER_LABEL: namespace}),
    )
