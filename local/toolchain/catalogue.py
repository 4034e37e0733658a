"""Every tool that a machine without a cloud needs. To add one: a folder with a go.mod and a go.sum, and a literal."""

from local.toolchain.debian import DebianTools
from local.toolchain.golang import EmbeddedJson, GoTool

Tool = GoTool | DebianTools

PULUMI = GoTool(
    name="pulumi",
    module="github.com/pulumi/pulumi/pkg/v3",
    binaries={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
    stamps={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v{version}"},
    disk_mib=3300,
)

# The provider calls itself what the Python SDK asks the engine for; its module has only a date for a version.
PULUMI_KUBERNETES_SDK_VERSION = "4.34.2"

PULUMI_KUBERNETES = GoTool(
    name="pulumi-kubernetes",
    module="github.com/pulumi/pulumi-kubernetes/provider/v4",
    binaries={"pulumi-resource-kubernetes": "."},
    stamps={"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": PULUMI_KUBERNETES_SDK_VERSION},
    embedded=(
        EmbeddedJson(
            file="schema.json",
            source="cmd/pulumi-resource-kubernetes/schema.json",
            fields={"version": PULUMI_KUBERNETES_SDK_VERSION},
        ),
        EmbeddedJson(file="terraform-mapping.json", source="cmd/pulumi-resource-kubernetes/terraform-mapping.json"),
    ),
    disk_mib=5400,
)

KUBERNETES = GoTool(
    name="kubernetes",
    module="k8s.io/kubernetes",
    binaries={
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    },
    stamps={
        "k8s.io/component-base/version.gitVersion": "v{version}",
        "k8s.io/component-base/version.gitMajor": "{major}",
        "k8s.io/component-base/version.gitMinor": "{minor}",
        "k8s.io/component-base/version.gitTreeState": "clean",
    },
    disk_mib=4200,
)

CONTAINERD = GoTool(
    name="containerd",
    module="github.com/containerd/containerd/v2",
    binaries={
        name: f"github.com/containerd/containerd/v2/cmd/{name}"
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
    stamps={"github.com/containerd/containerd/v2/version.Version": "v{version}"},
    disk_mib=1200,
)

COREDNS = GoTool(
    name="coredns",
    module="github.com/coredns/coredns",
    binaries={"coredns": "github.com/coredns/coredns"},
    disk_mib=2700,
)

ETCD = GoTool(
    name="etcd",
    module="go.etcd.io/etcd/server/v3",
    binaries={"etcd": "go.etcd.io/etcd/server/v3"},
    disk_mib=650,
)

# Enforces NetworkPolicy, which the bridge network plugin does not.
NETWORK_POLICIES = GoTool(
    name="network-policies",
    module="sigs.k8s.io/kube-network-policies",
    binaries={"kube-network-policies": "sigs.k8s.io/kube-network-policies/cmd"},
    disk_mib=1450,
)

# With Helm, which renders the chart that the module carries.
ENVOY_GATEWAY = GoTool(
    name="envoy-gateway",
    module="github.com/envoyproxy/gateway",
    binaries={
        "envoy-gateway": "github.com/envoyproxy/gateway/cmd/envoy-gateway",
        "helm": "helm.sh/helm/v3/cmd/helm",
    },
    charts={"gateway-helm": "charts/gateway-helm"},
    disk_mib=4000,
)

KEDA = GoTool(
    name="keda",
    module="github.com/kedacore/keda/v2",
    binaries={
        "keda": "github.com/kedacore/keda/v2/cmd/operator",
        "keda-adapter": "github.com/kedacore/keda/v2/cmd/adapter",
    },
    manifests={"config": "config"},
    disk_mib=6000,
)

PROMETHEUS_OPERATOR = GoTool(
    name="prometheus-operator",
    module="github.com/prometheus-operator/prometheus-operator",
    binaries={
        "prometheus-operator": "github.com/prometheus-operator/prometheus-operator/cmd/operator",
        "prometheus-config-reloader": (
            "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader"
        ),
    },
    manifests={"crds": "example/prometheus-operator-crd", "rbac": "example/rbac/prometheus-operator"},
    disk_mib=2500,
)

# Without the discovery of every cloud, whose clients are most of it.
PROMETHEUS = GoTool(
    name="prometheus",
    module="github.com/prometheus/prometheus",
    binaries={name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")},
    tags=("netgo", "remove_all_sd", "enable_kubernetes_sd"),
    disk_mib=2500,
)

ALERTMANAGER = GoTool(
    name="alertmanager",
    module="github.com/prometheus/alertmanager",
    binaries={"alertmanager": "github.com/prometheus/alertmanager/cmd/alertmanager"},
    disk_mib=1500,
)

METRICS_SERVER = GoTool(
    name="metrics-server",
    module="sigs.k8s.io/metrics-server",
    binaries={"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    manifests={"base": "manifests/base"},
    disk_mib=2000,
)

# Nothing of it runs without AWS; what a stack asks of it is judged by its definitions.
KARPENTER = GoTool(
    name="karpenter",
    module="github.com/aws/karpenter-provider-aws",
    binaries={},
    manifests={"crds": "pkg/apis/crds"},
    disk_mib=300,
)

# Of the tests: it judges the workflows.
ACTIONLINT = GoTool(
    name="actionlint",
    module="github.com/rhysd/actionlint",
    binaries={"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
    disk_mib=300,
)

PAUSE = GoTool(name="pause", binaries={"pause": "."}, disk_mib=50)

# runc starts itself again without its wrapper's variables, and then finds the machine's libseccomp: apt needs it too.
RUNC = DebianTools(name="runc", packages=("runc",), binaries={"runc": "usr/sbin/runc"}, disk_mib=100)

CNI_PLUGINS = DebianTools(
    name="cni-plugins",
    packages=("containernetworking-plugins",),
    binaries={name: f"usr/lib/cni/{name}" for name in ("host-local", "loopback", "portmap", "ptp")},
    disk_mib=100,
)

NETWORK_TOOLS = DebianTools(
    name="network-tools",
    packages=("nftables", "iptables", "iproute2", "conntrack"),
    binaries={
        "nft": "usr/sbin/nft",
        "iptables": "usr/sbin/iptables-nft",
        "iptables-save": "usr/sbin/iptables-nft-save",
        "iptables-restore": "usr/sbin/iptables-nft-restore",
        "ip6tables": "usr/sbin/ip6tables-nft",
        "ip6tables-save": "usr/sbin/ip6tables-nft-save",
        "ip6tables-restore": "usr/sbin/ip6tables-nft-restore",
        "ip": "usr/bin/ip",
        "conntrack": "usr/sbin/conntrack",
    },
    exports={"XTABLES_LIBDIR": "usr/lib/{triplet}/xtables"},
    disk_mib=100,
)

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        KUBERNETES,
        CONTAINERD,
        ETCD,
        COREDNS,
        NETWORK_POLICIES,
        ENVOY_GATEWAY,
        KEDA,
        PROMETHEUS_OPERATOR,
        PROMETHEUS,
        ALERTMANAGER,
        METRICS_SERVER,
        KARPENTER,
        ACTIONLINT,
        PAUSE,
        RUNC,
        CNI_PLUGINS,
        NETWORK_TOOLS,
        PULUMI,
        PULUMI_KUBERNETES,
    )
}
