"""What the embedded cluster needs of this machine, asked before anything is started.

Every requirement is tried, in throw-away namespaces, rather than looked up: a feature that is built in, a module that
loads on demand and a container that withholds a capability all answer truly that way.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from local.cluster import addresses, layout, network

KEEP_FREE_GIB = 3.0  # images unpacked, etcd, logs, and room for the kubelet not to evict
MEMORY_GIB = 3.0

OTHER_WAY = "or use a cluster that you have: KUBECONFIG=… make up STACK=existing (docs/existing-cluster.md)"


@dataclass(frozen=True)
class Missing:
    """One thing that the machine lacks: what, why the cluster needs it, and the way out."""

    what: str
    reason: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.what}\n    reason  {self.reason}\n    fix     {self.way_out}"


@dataclass(frozen=True)
class Feature:
    """Something the kernel must do: a shell line, tried inside fresh mount, network and PID namespaces."""

    name: str
    attempt: str
    reason: str


FEATURES = (
    Feature(
        "overlay file systems",
        'd=$(mktemp -d -p "$STATE") && mount -t tmpfs tmpfs "$d" && mkdir "$d"/low "$d"/up "$d"/work "$d"/all '
        '&& mount -t overlay -o lowerdir="$d"/low,upperdir="$d"/up,workdir="$d"/work overlay "$d"/all; '
        'code=$?; umount -R "$d"; rmdir "$d"; exit $code',
        "containers' images are stacked with them",
    ),
    Feature(
        "veth network devices",
        "ip link add name try0 type veth peer name try1",
        "they connect pods, and the node to this machine",
    ),
    Feature(
        "nftables with NAT and numgen",
        "nft add table ip t && nft 'add chain ip t c { type nat hook prerouting priority 0; }' "
        "&& nft 'add rule ip t c tcp dport 80 dnat to numgen random mod 2 map { 0 : 127.0.0.1, 1 : 127.0.0.2 }'",
        "kube-proxy turns Services into such rules",
    ),
    Feature(
        "netfilter queues (xt_NFQUEUE, xt_conntrack)",
        "iptables --table mangle --append FORWARD --match conntrack --ctstate NEW --jump NFQUEUE --queue-num 1",
        "NetworkPolicies are decided through one",
    ),
    Feature(
        "a writable cgroup hierarchy",
        'for c in /sys/fs/cgroup /sys/fs/cgroup/memory; do [ -e "$c"/cgroup.procs ] || continue; '
        'mkdir "$c"/plimsoll-try.$$ && rmdir "$c"/plimsoll-try.$$ && exit 0; done; exit 1',
        "the kubelet bounds each pod's CPU and memory with it",
    ),
)


def missing_before_tools() -> list[Missing]:
    """What can be known before any tool is built: there is no use in building for an hour to learn it then."""
    if sys.platform != "linux":
        return [Missing(f"this is {sys.platform}, not Linux", "the node is made of Linux namespaces", OTHER_WAY)]
    if os.geteuid() != 0:
        return [
            Missing(
                "root is missing",
                "namespaces, mounts and network devices are root's to make",
                f"run it as root, {OTHER_WAY}",
            )
        ]
    return [*_namespaces(), *_disk(), *_memory()]


def missing_after_tools() -> list[Missing]:
    """What needs the tools to find out: kernel features, and whether the cluster's addresses are free."""
    return [*_features(), *_addresses()]


def _namespaces() -> Iterator[Missing]:
    tried = subprocess.run(
        ("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--mount-proc", "true"),
        check=False,
        capture_output=True,
        text=True,
    )
    if tried.returncode != 0:
        yield Missing(
            "the kernel gives this process no namespaces of its own",
            f"the node lives in some; `unshare` says: {tried.stderr.strip()}",
            "allow them (CAP_SYS_ADMIN; sysctl user.max_mnt_namespaces, max_net_namespaces and max_pid_namespaces "
            f"above 0), {OTHER_WAY}",
        )


def _disk() -> Iterator[Missing]:
    free_gib = shutil.disk_usage(layout.state().parent).free / 2**30
    if free_gib < KEEP_FREE_GIB:
        yield Missing(
            f"{layout.state().parent} has {free_gib:.1f} GiB free; {KEEP_FREE_GIB:.1f} GiB are needed",
            "images, etcd and logs are kept there, and a full disk makes the kubelet evict pods",
            f"free some, or set PLIMSOLL_HOME to a folder on another disk, {OTHER_WAY}",
        )


def _memory() -> Iterator[Missing]:
    available_gib = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    total_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    if total_gib < MEMORY_GIB:
        yield Missing(
            f"this machine has {total_gib:.1f} GiB of memory; {MEMORY_GIB:.1f} GiB are needed",
            f"the control plane takes one, each model server more ({available_gib:.1f} GiB are free)",
            OTHER_WAY.removeprefix("or "),
        )


def _features() -> Iterator[Missing]:
    for feature in FEATURES:
        tried = subprocess.run(
            ("unshare", "--mount", "--net", "--fork", "--propagation", "private", "sh", "-c", feature.attempt),
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "STATE": str(layout.state())},
        )
        if tried.returncode != 0:
            said = tried.stderr.strip().splitlines()
            yield Missing(
                f"the kernel lacks {feature.name}",
                f"{feature.reason}; trying it said: {said[0] if said else 'nothing'}",
                f"use a kernel with it, {OTHER_WAY}",
            )


def _addresses() -> Iterator[Missing]:
    conflicts = network.conflicts_machine()
    if any(interface == addresses.MACHINE_LINK for interface, _ in conflicts):
        yield Missing(
            f"another embedded cluster runs on this machine: {addresses.RANGE} is in use on {addresses.MACHINE_LINK}",
            "they would share addresses, so a machine has room for one",
            f"end it with `make down`, under the HOME or PLIMSOLL_HOME that it was started with, {OTHER_WAY}",
        )
    for interface, taken in conflicts:
        if interface != addresses.MACHINE_LINK:
            yield Missing(
                f"{taken} is in use on {interface}",
                f"the cluster's pods and Services have their addresses in {addresses.RANGE}, "
                "which is reserved for benchmarks and should be free",
                f"take that network down while the cluster runs, {OTHER_WAY}",
            )
