"""What a cluster needs beside its processes: images in containerd, DNS, NetworkPolicies, the add-ons of stacks.

Each add-on's own objects come from the module that it is built from; `manifests/` has what this cluster adds to them.
"""

import shutil
import subprocess
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory

from local import images, toolchain
from local.cluster import addresses, layout
from local.cluster.errors import ClusterError
from local.cluster.processes import IMAGES

MANIFESTS = Path(__file__).parent / "manifests"
ENVOY_GATEWAY_NAMESPACE = "envoy-gateway-system"
ROLLOUT_TIMEOUT_SECONDS = 120

WORKLOADS = (
    ("kube-system", "deployment/coredns"),
    ("kube-system", "daemonset/network-policies"),
    ("kube-system", "deployment/metrics-server"),
    (ENVOY_GATEWAY_NAMESPACE, "deployment/envoy-gateway"),
    ("keda", "deployment/keda-operator"),
    ("keda", "deployment/keda-metrics-apiserver"),
    ("monitoring", "deployment/prometheus-operator"),
)
"""What has to run before the cluster is up."""


def import_images() -> list[str]:
    """Give containerd every image that it has not; return their references.

    They are pinned, because nothing could pull them again once the kubelet had collected them.
    """
    imported: list[str] = []
    for name in IMAGES:
        archive, reference = images.archive(name), images.reference(name)
        marker = layout.state() / "images" / f"{name}.key"
        key = archive.parent.name
        if marker.exists() and marker.read_text() == key:
            continue
        _ctr("images", "import", "--no-unpack=false", str(archive))
        _ctr("images", "label", reference, "io.cri-containerd.pinned=pinned")
        layout.write_atomically(marker, key)
        imported.append(reference)
    return imported


def apply_manifests() -> None:
    """Bring the add-ons to the state that their manifests say, and wait until they serve."""
    for name in ("coredns", "network-policies"):
        _apply(_filled_in(f"{name}.yaml"))
    kubectl("wait", "--for=condition=Ready", f"node/{layout.NODE_NAME}", f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")
    _apply_envoy_gateway()
    _apply_kustomized("metrics-server", "base")
    _apply_kustomized("keda", "config")
    _apply_monitoring()
    for namespace, workload in WORKLOADS:
        kubectl("--namespace", namespace, "rollout", "status", workload, f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")
    for kind, name in (("prometheus", "main"), ("alertmanager", "main")):
        kubectl(
            *("--namespace", "monitoring", "wait", "--for=condition=Available", f"{kind}/{name}"),
            f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s",
        )
    # A stack is refused on a cluster whose GatewayClass no controller has accepted.
    kubectl("wait", "--for=condition=Accepted", "gatewayclass/eg", f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")
    for api in ("v1beta1.external.metrics.k8s.io", "v1beta1.metrics.k8s.io"):
        kubectl("wait", "--for=condition=Available", f"apiservice/{api}", f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")


def _apply_envoy_gateway() -> None:
    """Install the chart that Envoy Gateway's module carries, with the definitions of Gateway API's kinds."""
    _apply(_filled_in("envoy-gateway.yaml"))
    secrets = kubectl("--namespace", ENVOY_GATEWAY_NAMESPACE, "get", "secrets", "--output=name")
    if "secret/envoy-gateway\n" not in secrets:
        # The chart's hook makes the certificates that its parts know each other by. It is needed once.
        _apply(_chart("--show-only=templates/certgen-rbac.yaml", "--show-only=templates/certgen.yaml"))
    _apply(_chart("--include-crds", "--no-hooks"))
    kubectl("wait", "--for=condition=Established", "crd/gatewayclasses.gateway.networking.k8s.io")
    _apply(_filled_in("gateway-class.yaml"))


def _apply_kustomized(tool: str, manifests: str) -> None:
    """Install what a tool's module carries, with this cluster's changes."""
    with TemporaryDirectory() as folder:
        shutil.copytree(_carried(tool, manifests), Path(folder, manifests))
        Path(folder, "kustomization.yaml").write_text(_filled_in(f"{tool}.kustomization.yaml"))
        _apply(kubectl("kustomize", folder))


def _apply_monitoring() -> None:
    """Install the Prometheus Operator, and a Prometheus and an Alertmanager that it runs."""
    kubectl("apply", "--server-side", "--force-conflicts", f"--filename={_carried('prometheus-operator', 'crds')}")
    kubectl("wait", "--for=condition=Established", "crd/prometheuses.monitoring.coreos.com")
    role = _carried("prometheus-operator", "rbac") / "prometheus-operator-cluster-role.yaml"
    _apply(role.read_text())
    _apply(_filled_in("monitoring.yaml"))


def _carried(tool: str, manifests: str) -> Path:
    return toolchain.tool(tool).artifact.folder / "manifests" / manifests


def _chart(*options: str) -> str:
    """The objects of Envoy Gateway's chart, as YAML."""
    tool = toolchain.tool("envoy-gateway").artifact.folder
    chart = tool / "charts" / "gateway-helm"
    command = (
        *(str(tool / "bin" / "helm"), "template", "envoy-gateway", str(chart)),
        *(f"--namespace={ENVOY_GATEWAY_NAMESPACE}", f"--values={chart / 'values.tmpl.yaml'}", "--values=-", *options),
    )
    return _run(command, _filled_in("envoy-gateway.values.yaml"))


def _filled_in(file: str) -> str:
    """A file of `manifests/`, with the images' references in their places."""
    names = {name.replace("-", "_"): images.reference(name) for name in IMAGES}
    return Template((MANIFESTS / file).read_text()).substitute(
        names, dns=str(addresses.DNS_SERVICE), node=layout.NODE_NAME
    )


def _apply(manifest: str) -> None:
    kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", stdin=manifest)


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl as the cluster's administrator and return what it printed."""
    return _run(
        (str(toolchain.bin_dir("kubernetes") / "kubectl"), f"--kubeconfig={layout.kubeconfig()}", *arguments), stdin
    )


def _ctr(*arguments: str) -> str:
    command = str(toolchain.bin_dir("containerd") / "ctr")
    return _run((command, f"--address={layout.containerd_socket()}", "--namespace=k8s.io", *arguments), None)


def _run(command: tuple[str, ...], stdin: str | None) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=stdin)
    if done.returncode != 0:
        raise ClusterError(
            f"`{Path(command[0]).name} {' '.join(command[1:])}` failed",
            reason=(done.stderr or done.stdout).strip()[-2000:],
            way_out=f"`make status` shows the cluster; the logs are in {layout.log('node').parent}",
        )
    return done.stdout
