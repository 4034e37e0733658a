"""What a cluster needs beside its processes: images in containerd, DNS and the NetworkPolicy enforcer."""

import subprocess
from pathlib import Path
from string import Template

from local import images, toolchain
from local.cluster import addresses, layout
from local.cluster.errors import ClusterError
from local.cluster.processes import IMAGES

MANIFESTS = Path(__file__).parent / "manifests"
ROLLOUT_TIMEOUT_SECONDS = 120


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
    """Bring DNS and the NetworkPolicy enforcer to the state that their manifests say, and wait until they serve."""
    names = {
        "coredns": images.reference("coredns"),
        "network_policies": images.reference("network-policies"),
        "dns": str(addresses.DNS_SERVICE),
        "node": layout.NODE_NAME,
    }
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        text = Template(manifest.read_text()).substitute(names)
        kubectl("apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=text)
    kubectl("wait", "--for=condition=Ready", f"node/{layout.NODE_NAME}", f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")
    for workload in ("deployment/coredns", "daemonset/network-policies"):
        kubectl("--namespace=kube-system", "rollout", "status", workload, f"--timeout={ROLLOUT_TIMEOUT_SECONDS}s")


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
