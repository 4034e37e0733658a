"""The add-ons, as Helm charts in exact versions: what the embedded cluster has, and what a cloud's nodes need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions, helm

from components.gateway import GATEWAY_API
from components.metadata import metadata
from components.triton_pod import GPU, POOL_LABEL
from stacks.schema import Stack

PROMETHEUS_DISK = "50Gi"
PROMETHEUS_RETENTION = "35d"  # longer than the longest window of an objective, which is 30 days by default

ON_GPU_NODES: Mapping[str, Any] = {
    "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": POOL_LABEL, "operator": "Exists"}]}]
            }
        }
    },
}
"""Values of a chart whose pods belong on every node of a pool."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart in an exact version, and what is changed of its defaults."""

    release: str
    chart: str
    """Its name in the repository, or its whole address where that is an OCI registry."""
    version: str
    repository: str | None = None
    namespace: str
    values: Mapping[str, Any]


def charts(stack: Stack) -> tuple[Chart, ...]:
    """What every stack's objects are for: KEDA, Envoy Gateway, and Prometheus with Grafana where it is watched."""
    monitoring = stack.monitoring
    return (
        *([_prometheus(monitoring.namespace, monitoring.labels)] if monitoring else []),
        *([_keda(monitoring.autoscaler_namespace)] if monitoring else []),
        Chart(
            release="envoy-gateway",
            chart="oci://docker.io/envoyproxy/gateway-helm",
            version="v1.9.1",
            namespace=stack.gateway.controller_namespace,
            values={
                "deployment": {
                    "replicas": 2,
                    "envoyGateway": {"resources": _resources("100m", "256Mi", limit="1Gi")},
                }
            },
        ),
    )


def gpu_charts(*, watched: bool) -> tuple[Chart, ...]:
    """What GPU nodes need: the kubelet learns of GPUs from NVIDIA's plugin, and Prometheus from its exporter."""
    plugin = Chart(
        release="nvidia-device-plugin",
        chart="nvidia-device-plugin",
        version="0.17.2",
        repository="https://nvidia.github.io/k8s-device-plugin",
        namespace="nvidia",
        values=ON_GPU_NODES,
    )
    exporter = Chart(
        release="dcgm-exporter",
        chart="dcgm-exporter",
        version="4.8.4",
        repository="https://nvidia.github.io/dcgm-exporter/helm-charts",
        namespace="nvidia",
        values={**ON_GPU_NODES, "serviceMonitor": {"enabled": True, "interval": "15s"}},
    )
    return (plugin, exporter) if watched else (plugin,)


def karpenter_chart(*, namespace: str, cluster: pulumi.Input[str], queue: pulumi.Input[str]) -> Chart:
    """Karpenter for one cluster. Its rights come with its service account."""
    return Chart(
        release="karpenter",
        chart="oci://public.ecr.aws/karpenter/karpenter",
        version="1.14.1",
        namespace=namespace,
        values={
            "settings": {"clusterName": cluster, "interruptionQueue": queue},
            "controller": {"resources": _resources("500m", "1Gi", limit="1Gi")},
        },
    )


class Charts(pulumi.ComponentResource):
    """Releases of the charts, one after another where their definitions are needed by the next."""

    releases: Sequence[helm.v3.Release]

    def __init__(self, name: str, wanted: Sequence[Chart], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("plimsoll:components:Charts", name, None, opts)
        releases: list[helm.v3.Release] = []
        for chart in wanted:
            # Prometheus comes first: the monitors of the others are of its operator's kind.
            releases.append(
                helm.v3.Release(
                    chart.release,
                    name=chart.release,
                    chart=chart.chart,
                    version=chart.version,
                    repository_opts=helm.v3.RepositoryOptsArgs(repo=chart.repository) if chart.repository else None,
                    namespace=chart.namespace,
                    create_namespace=True,
                    atomic=True,  # what fails is taken back, so that the next update can try again
                    allow_null_values=True,
                    values=chart.values,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=releases[:1]),
                )
            )
        self.releases = releases
        self.register_outputs({})


def gateway_class(name: str, opts: pulumi.ResourceOptions) -> apiextensions.CustomResource:
    """What a Gateway names to be run by Envoy Gateway."""
    return apiextensions.CustomResource(
        "gateway-class",
        api_version=GATEWAY_API,
        kind="GatewayClass",
        metadata=metadata(name),
        spec={"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
        opts=opts,
    )


def _prometheus(namespace: str, labels: Mapping[str, str]) -> Chart:
    """Prometheus Operator, Prometheus, Alertmanager and Grafana, for every stack of the cluster."""
    everything = {f"{kind}SelectorNilUsesHelmValues": bool(labels) for kind in ("podMonitor", "serviceMonitor", "rule")}
    return Chart(
        release="kube-prometheus-stack",
        chart="kube-prometheus-stack",
        version="81.6.2",
        repository="https://prometheus-community.github.io/helm-charts",
        namespace=namespace,
        values={
            "prometheus": {
                "prometheusSpec": {
                    **everything,
                    "retention": PROMETHEUS_RETENTION,
                    "resources": _resources("500m", "2Gi", limit="4Gi"),
                    "storageSpec": {
                        "volumeClaimTemplate": {
                            "spec": {
                                "accessModes": ["ReadWriteOnce"],
                                "resources": {"requests": {"storage": PROMETHEUS_DISK}},
                            }
                        }
                    },
                }
            },
            # The chart has one password for everybody; without it, it makes one up and keeps it in a Secret.
            "grafana": {"adminPassword": None, "sidecar": {"dashboards": {"searchNamespace": "ALL"}}},
        },
    )


def _keda(namespace: str) -> Chart:
    return Chart(
        release="keda",
        chart="keda",
        version="2.21.0",
        repository="https://kedacore.github.io/charts",
        namespace=namespace,
        values={
            "operator": {"replicaCount": 2},
            "metricsServer": {"replicaCount": 2},
            "prometheus": {"operator": {"enabled": True}},  # its own metrics: without it replicas are frozen
        },
    )


def _resources(cpu: str, memory: str, *, limit: str) -> dict[str, dict[str, str]]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}
