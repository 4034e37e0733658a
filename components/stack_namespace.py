"""The namespace of a stack, and who may reach the servers in it."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import core, meta, networking

from components import triton_pod
from components.metadata import ENGINE_BUILD, SERVER, metadata
from observability.variants import OWNER_LABEL
from stacks.schema import S3Repository, Stack

POD_SECURITY = "restricted"
POD_SECURITY_VERSION = "latest"

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where EKS Pod Identity hands out credentials, on every node. Source: AWS, EKS user guide, "EKS Pod Identity"."""

NOT_ON_THE_INTERNET = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")


class StackNamespace(pulumi.ComponentResource):
    """A namespace that admits only pods of the "restricted" Pod Security Standard.

    Its model servers are reached by the gateway's proxies and by pods of the namespace, and their metrics by
    Prometheus; they reach nobody, but for S3 where their models are there.
    """

    name: pulumi.Output[str]

    def __init__(self, stack: Stack, opts: pulumi.ResourceOptions | None = None) -> None:
        name, monitoring = stack.namespace, stack.monitoring
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
                policy_types=["Ingress", "Egress"],  # without a rule for egress: models come from a volume
                egress=_towards_s3() if isinstance(stack.model_repository, S3Repository) else None,
                ingress=[
                    _rule(
                        [_any_pod(), _proxies(self.name, stack.gateway.controller_namespace)],
                        (triton_pod.HTTP, triton_pod.GRPC),
                    ),
                    *([_rule([_pods_of(monitoring.namespace)], (triton_pod.METRICS,))] if monitoring else []),
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if isinstance(stack.model_repository, S3Repository):
            networking.v1.NetworkPolicy(
                "engine-builds",
                metadata=metadata("engine-builds", namespace=self.name),
                spec=networking.v1.NetworkPolicySpecArgs(
                    pod_selector=meta.v1.LabelSelectorArgs(match_labels=ENGINE_BUILD),
                    policy_types=["Ingress", "Egress"],  # without a rule for ingress: nobody calls a build
                    egress=_towards_s3(),
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


def _towards_s3() -> list[networking.v1.NetworkPolicyEgressRuleArgs]:
    """Names, credentials, and S3, whose addresses are public and change; no private address is reached."""
    return [
        networking.v1.NetworkPolicyEgressRuleArgs(
            to=[
                networking.v1.NetworkPolicyPeerArgs(
                    namespace_selector=_called("kube-system"),
                    pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
                )
            ],
            ports=[networking.v1.NetworkPolicyPortArgs(port=53, protocol=protocol) for protocol in ("UDP", "TCP")],
        ),
        networking.v1.NetworkPolicyEgressRuleArgs(
            to=[_network(POD_IDENTITY_AGENT)], ports=[networking.v1.NetworkPolicyPortArgs(port=80)]
        ),
        networking.v1.NetworkPolicyEgressRuleArgs(
            to=[_network("0.0.0.0/0", but=NOT_ON_THE_INTERNET)], ports=[networking.v1.NetworkPolicyPortArgs(port=443)]
        ),
    ]


def _network(cidr: str, but: Sequence[str] | None = None) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=cidr, except_=but))


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
