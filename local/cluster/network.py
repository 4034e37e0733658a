"""The node's network: a veth pair to the machine, routed pods, and the rule behind NetworkPolicies.

Functions named `*_machine` act on the machine's own network namespace, those named `*_node` inside the node's.
"""

import json
import subprocess
import time
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from local.cluster import addresses

NETWORK_POLICY_QUEUE = 100  # the enforcer's default netfilter queue
LINK_TIMEOUT_SECONDS = 30.0
LINK_REMOVAL_SECONDS = 3.0


def connect_machine(node_pid: int) -> None:
    """Join the machine to the node's network namespace, and route the cluster's addresses there. Idempotent."""
    if not _link_exists(addresses.MACHINE_LINK):
        _run("ip", "link", "add", addresses.MACHINE_LINK, "type", "veth",
             "peer", "name", addresses.NODE_LINK, "netns", str(node_pid))  # fmt: skip
    _run("ip", "address", "replace", f"{addresses.MACHINE}/{addresses.LINK.prefixlen}", "dev", addresses.MACHINE_LINK)
    _run("ip", "link", "set", addresses.MACHINE_LINK, "up")
    _run("ip", "route", "replace", str(addresses.RANGE), "via", str(addresses.NODE))


def disconnect_machine() -> None:
    """Remove the machine's end, should the kernel still be about to."""
    if _link_exists(addresses.MACHINE_LINK):
        subprocess.run(("ip", "link", "delete", addresses.MACHINE_LINK), check=False, capture_output=True)


def conflicts_machine() -> list[tuple[str, str]]:
    """Networks of this machine that overlap the cluster's range, each as its interface and its network.

    Called while no node runs here. The kernel may still be about to remove the link of one that has just ended; a link
    that stays is another cluster's.
    """
    deadline = time.monotonic() + LINK_REMOVAL_SECONDS
    while _link_exists(addresses.MACHINE_LINK) and time.monotonic() < deadline:
        time.sleep(0.05)
    routes: list[dict[str, Any]] = json.loads(_run("ip", "-json", "-4", "route"))
    return sorted(
        (route["dev"], route["dst"])
        for route in routes
        if "dev" in route and route["dst"] != "default" and IPv4Network(route["dst"]).overlaps(addresses.RANGE)
    )


def configure_node() -> None:
    """Wait for the machine to connect, then make this network namespace a Kubernetes node's."""
    deadline = time.monotonic() + LINK_TIMEOUT_SECONDS
    while not _link_exists(addresses.NODE_LINK):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the machine did not connect {addresses.NODE_LINK} within {LINK_TIMEOUT_SECONDS:.0f} s")
        time.sleep(0.05)
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "replace", f"{addresses.NODE}/{addresses.LINK.prefixlen}", "dev", addresses.NODE_LINK)
    _run("ip", "link", "set", addresses.NODE_LINK, "up")
    # kube-proxy and the kubelet look for a default route to learn which interface is the node's
    _run("ip", "route", "replace", "default", "via", str(addresses.MACHINE))
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    # The enforcer asks the kernel to queue packets by an nftables expression that many kernels leave out (nft_queue).
    # The older xtables target does the same. Only traffic that crosses the node is judged: a node may always reach
    # its own pods, and the machine stands for the node. With no enforcer listening, new connections are dropped.
    _run("iptables", "--table", "mangle", "--append", "FORWARD", "!", "--in-interface", addresses.NODE_LINK,
         "--match", "conntrack", "--ctstate", "NEW",
         "--jump", "NFQUEUE", "--queue-num", str(NETWORK_POLICY_QUEUE))  # fmt: skip


def _link_exists(name: str) -> bool:
    return subprocess.run(("ip", "link", "show", name), check=False, capture_output=True).returncode == 0


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
