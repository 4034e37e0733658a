"""The Kubernetes cluster that a stack runs on."""

import os
from typing import assert_never

import pulumi
import pulumi_kubernetes as k8s

from local.cluster import layout
from stacks.schema import Cluster as ClusterSpec
from stacks.schema import EksCluster, ExistingCluster, LocalCluster

# The provider's own limit of 50 a second is most of a large preview's time, since each resource is tried on the server.
# Servers look after themselves: API Priority and Fairness, on by default since Kubernetes 1.20.
API_REQUESTS_PER_SECOND = 200
API_REQUESTS_BURST = 400


class Cluster(pulumi.ComponentResource):
    """Access to the cluster; everything else is placed through its provider."""

    kubernetes: k8s.Provider

    def __init__(self, name: str, spec: ClusterSpec, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Cluster", name, None, opts)
        # The identifier keeps a kubeconfig that is renewed or moved from reading as a new cluster, which would replace
        # everything on it.
        match spec:
            case LocalCluster():
                kubeconfig, context, identifier = str(layout.kubeconfig()), None, "local"
            case ExistingCluster(context=context):
                kubeconfig, identifier = os.environ.get("KUBECONFIG", "~/.kube/config"), context
            case EksCluster():
                raise NotImplementedError("components/buildable.py refuses it first")
            case _:
                assert_never(spec)
        self.kubernetes = k8s.Provider(
            f"{name}-kubernetes",
            kubeconfig=kubeconfig,
            context=context,
            cluster_identifier=identifier,
            kube_client_settings=k8s.KubeClientSettingsArgs(qps=API_REQUESTS_PER_SECOND, burst=API_REQUESTS_BURST),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
