"""The Kubernetes cluster that a stack runs on."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import yaml

from components.buildable import BuildableStack, OnCluster
from components.model_store import ModelStore, ModelStoreArgs, Publish
from local.cluster import layout
from stacks.schema import ExistingCluster, LocalCluster, Problem, Stack, StackError

# The provider's own limit of 50 a second is most of a large preview's time, since each resource is tried on the server.
# Servers look after themselves: API Priority and Fairness, on by default since Kubernetes 1.20.
API_REQUESTS_PER_SECOND = 200
API_REQUESTS_BURST = 400


def reachable(stack: Stack) -> Stack:
    """The stack itself, if the kubeconfig has its context. Raises StackError that lists the contexts there are.

    A preview asks the provider little, and would call a cluster that isn't there a fresh one.
    """
    if isinstance(stack.cluster, ExistingCluster) and stack.cluster.context not in (known := _contexts()):
        raise StackError(
            [
                Problem(
                    path="cluster.context",
                    found=f"'{stack.cluster.context}' is not a context of {kubeconfig_files()}",
                    limit=f"one of: {', '.join(known)}" if known else "a context of a kubeconfig; there is none",
                    reason="the context says which cluster the stack lands on",
                    way_out="name one of those contexts, or set KUBECONFIG to the file that has it",
                )
            ]
        )
    return stack


def require_addons(asked: BuildableStack) -> None:
    """Raises AddonsMissingError with all that the stack needs and an existing cluster lacks.

    What is on the embedded cluster came there with it, and a cluster that the stack makes is asked as soon as it is.
    """
    match asked.target:
        case OnCluster(cluster=ExistingCluster(context=context)):
            from components import preinstalled  # noqa: PLC0415 - 9 ms of each preview, for who needs it

            preinstalled.require(asked.stack, kubeconfig_files(), context)
        case _:
            pass


def kubeconfig_files() -> str:
    """The kubeconfig's files as KUBECONFIG names them, or where one lies by default."""
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def _contexts() -> list[str]:
    """The contexts of all files that KUBECONFIG names."""
    files = [Path(file) for file in kubeconfig_files().split(os.pathsep)]
    loaded: list[dict[str, Any]] = [yaml.safe_load(file.read_text()) or {} for file in files if file.is_file()]
    return sorted(str(context["name"]) for kubeconfig in loaded for context in kubeconfig.get("contexts") or ())


class Cluster(pulumi.ComponentResource):
    """Access to a cluster that is there; everything else is placed through its provider."""

    kubernetes: k8s.Provider
    ready: Sequence[pulumi.Resource] = ()

    def __init__(self, name: str, target: OnCluster, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Cluster", name, None, opts)
        self._models = target.models
        match target.cluster:
            case LocalCluster():
                kubeconfig, context, identifier = str(layout.kubeconfig()), None, "local"
            case ExistingCluster(context=context):
                kubeconfig, identifier = kubeconfig_files(), context
        self.kubernetes = api_client(
            f"{name}-kubernetes",
            kubeconfig=kubeconfig,
            context=context,
            identifier=identifier,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def publisher(self, namespace: pulumi.Input[str]) -> Publish:
        """Models are on a volume, filled before any resource was placed."""
        store = ModelStore(
            "model-store",
            ModelStoreArgs(spec=self._models, namespace=namespace),
            opts=pulumi.ResourceOptions(providers=[self.kubernetes]),
        )
        return lambda _service, _repositories: store.models


def api_client(
    name: str,
    *,
    kubeconfig: pulumi.Input[str],
    context: str | None,
    identifier: str,
    opts: pulumi.ResourceOptions,
) -> k8s.Provider:
    """The provider through which objects are placed on a cluster.

    The identifier keeps a kubeconfig that is renewed or moved from reading as a new cluster, which would replace
    everything on it.
    """
    return k8s.Provider(
        name,
        kubeconfig=kubeconfig,
        context=context,
        cluster_identifier=identifier,
        kube_client_settings=k8s.KubeClientSettingsArgs(qps=API_REQUESTS_PER_SECOND, burst=API_REQUESTS_BURST),
        opts=opts,
    )
