"""The node's processes: one literal each, in the order in which they start."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from local import images, toolchain
from local.cluster import addresses, layout, pki
from local.cluster.probes import Answers, Listens, Probe

TOOLS = (
    *("etcd", "kubernetes", "containerd", "runc", "cni-plugins", "network-tools"),
    *("envoy-gateway", "keda", "prometheus-operator", "prometheus", "alertmanager", "metrics-server"),
)
IMAGES = (
    *("pause", "coredns", "network-policies", "envoy-gateway", "envoy", "triton", "keda", "keda-adapter"),
    *("prometheus-operator", "prometheus-config-reloader", "prometheus", "alertmanager", "metrics-server"),
)

ETCD = "http://127.0.0.1:2379"


@dataclass(frozen=True)
class Process:
    """One program of the node, and how to tell that it does its work."""

    name: str
    command: tuple[str, ...]
    ready: Probe


def node_processes(certificates: pki.Pki) -> tuple[Process, ...]:
    """Every process of the node. Each may count on those before it being ready."""
    state = layout.state()
    kubernetes = toolchain.bin_dir("kubernetes")
    containerd = toolchain.bin_dir("containerd")

    return (
        Process(
            "etcd",
            (
                str(toolchain.bin_dir("etcd") / "etcd"),
                f"--data-dir={state / 'etcd'}",
                f"--listen-client-urls={ETCD}",
                f"--advertise-client-urls={ETCD}",
                "--listen-peer-urls=http://127.0.0.1:2380",
            ),
            ready=Answers(f"{ETCD}/health"),
        ),
        Process(
            "kube-apiserver",
            (
                str(kubernetes / "kube-apiserver"),
                f"--etcd-servers={ETCD}",
                f"--bind-address={addresses.NODE}",
                f"--advertise-address={addresses.NODE}",
                f"--tls-cert-file={certificates.certificate(pki.API_SERVER)}",
                f"--tls-private-key-file={certificates.key(pki.API_SERVER)}",
                f"--client-ca-file={certificates.authority}",
                f"--kubelet-certificate-authority={certificates.authority}",
                f"--kubelet-client-certificate={certificates.certificate(pki.API_SERVER_TO_KUBELET)}",
                f"--kubelet-client-key={certificates.key(pki.API_SERVER_TO_KUBELET)}",
                "--kubelet-preferred-address-types=InternalIP",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-signing-key-file={certificates.service_account_key}",
                f"--service-account-key-file={certificates.service_account_key}",
                f"--service-cluster-ip-range={addresses.SERVICES}",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=NodeRestriction",
                "--allow-privileged",
                # aggregated APIs (external metrics) trust the front proxy's certificate
                f"--requestheader-client-ca-file={certificates.authority}",
                f"--requestheader-allowed-names={pki.FRONT_PROXY.name}",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                f"--proxy-client-cert-file={certificates.certificate(pki.FRONT_PROXY)}",
                f"--proxy-client-key-file={certificates.key(pki.FRONT_PROXY)}",
            ),
            ready=Answers(f"{addresses.API_SERVER}/readyz", authority=certificates.authority),
        ),
        Process(
            "kube-controller-manager",
            (
                str(kubernetes / "kube-controller-manager"),
                f"--kubeconfig={certificates.kubeconfig(pki.CONTROLLER_MANAGER)}",
                "--bind-address=127.0.0.1",
                f"--service-account-private-key-file={certificates.service_account_key}",
                f"--root-ca-file={certificates.authority}",
                f"--cluster-signing-cert-file={certificates.authority}",
                f"--cluster-signing-key-file={certificates.authority_key}",
                "--use-service-account-credentials",
                "--leader-elect=false",  # there is no second one to take over
            ),
            ready=Answers("https://127.0.0.1:10257/healthz"),
        ),
        Process(
            "kube-scheduler",
            (
                str(kubernetes / "kube-scheduler"),
                f"--kubeconfig={certificates.kubeconfig(pki.SCHEDULER)}",
                "--bind-address=127.0.0.1",
                "--leader-elect=false",
            ),
            ready=Answers("https://127.0.0.1:10259/healthz"),
        ),
        Process(
            "containerd",
            (str(containerd / "containerd"), f"--config={state / 'containerd.toml'}"),
            ready=Listens(layout.containerd_socket()),
        ),
        Process(
            "kubelet",
            (
                str(kubernetes / "kubelet"),
                f"--config={state / 'kubelet.json'}",
                f"--root-dir={state / 'kubelet'}",
                f"--kubeconfig={certificates.kubeconfig(pki.KUBELET)}",
                f"--hostname-override={layout.NODE_NAME}",
                f"--node-ip={addresses.NODE}",
            ),
            ready=Answers("http://127.0.0.1:10248/healthz"),
        ),
        Process(
            "kube-proxy",
            (
                str(kubernetes / "kube-proxy"),
                f"--kubeconfig={certificates.kubeconfig(pki.PROXY)}",
                f"--hostname-override={layout.NODE_NAME}",
                "--proxy-mode=nftables",
                f"--cluster-cidr={addresses.PODS}",
                "--healthz-bind-address=127.0.0.1:10256",
                "--metrics-bind-address=127.0.0.1:10249",
                "--conntrack-max-per-core=0",  # the table's size is the machine's to set, not a namespace's
            ),
            ready=Answers("http://127.0.0.1:10256/healthz"),
        ),
    )


def recipe(certificates: pki.Pki) -> str:
    """A digest of everything that the node runs from: its commands, which name builds of tools, and their files."""
    parts = [*node_processes(certificates), *sorted(configuration_files(certificates).items())]
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


def search_path() -> str:
    """The PATH of the node's processes: containerd looks for its shim on it, kube-proxy for nft."""
    folders = [str(toolchain.bin_dir(name)) for name in ("network-tools", "containerd", "runc")]
    return os.pathsep.join([*folders, os.environ["PATH"]])


def configuration_files(certificates: pki.Pki) -> Mapping[Path, str]:
    """The files that those processes read, by place."""
    state = layout.state()
    containerd = Template((Path(__file__).parent / "containerd.toml").read_text()).substitute(
        state=state,
        socket=layout.containerd_socket(),
        pause=images.reference("pause"),
        cni=toolchain.bin_dir("cni-plugins"),
        runc=toolchain.bin_dir("runc") / "runc",
    )
    return {
        state / "containerd.toml": containerd,
        state / "kubelet.json": json.dumps(_kubelet(certificates, state), indent=2),
        state / "cni" / "10-plimsoll.conflist": json.dumps(_pod_network(), indent=2),
        state / "resolv.conf": "",  # pods inherit nothing of this machine's name service
    }


def _kubelet(certificates: pki.Pki, state: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(addresses.NODE),
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(certificates.authority)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(certificates.certificate(pki.KUBELET)),
        "tlsPrivateKeyFile": str(certificates.key(pki.KUBELET)),
        "containerRuntimeEndpoint": f"unix://{layout.containerd_socket()}",
        "clusterDomain": "cluster.local",
        "clusterDNS": [str(addresses.DNS_SERVICE)],
        "resolvConf": str(state / "resolv.conf"),
        "podLogsDir": str(state / "pod-logs"),
        "volumePluginDir": str(state / "volume-plugins"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/plimsoll",  # so that `down` knows which cgroups are the cluster's
        "failCgroupV1": False,  # hybrid hierarchies are still common on build machines
        "failSwapOn": False,
        "serializeImagePulls": False,
        "syncFrequency": "10s",  # how old a mounted Secret may be, such as Prometheus's configuration: else a minute
        "crashLoopBackOff": {"maxContainerRestartPeriod": "20s"},  # else a failing container waits five minutes
        # Nothing can pull an image again, so nothing may collect one; and a fairly full disk is no reason to evict.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"imagefs.available": "1%", "nodefs.available": "1%", "memory.available": "100Mi"},
    }


def _pod_network() -> dict[str, object]:
    """Point-to-point links: every packet between pods is routed, so NetworkPolicies see it."""
    return {
        "cniVersion": "1.0.0",
        "name": "plimsoll",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": "/run/cni",  # leases end with the node
                    "ranges": [[{"subnet": str(addresses.PODS)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }
