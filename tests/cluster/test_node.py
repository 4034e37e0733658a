"""The embedded node: what it refuses to start without, and what it survives."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path

import psutil
import pytest

from local import toolchain
from local.cluster import addresses, cgroups, lifecycle
from local.cluster.node import PRIVATE_FOLDERS
from local.home import home
from tests.cluster.conftest import SERVING_AGAIN_SECONDS, eventually, ready_pods
from tests.conftest import CHECKOUT, Finished, Project, a_disk_of

pytestmark = pytest.mark.cluster

TCP_LISTEN = "0A"
PORTS_OF_THE_NODE = (2379, 2380, 6443, 10250)


def up(environment: Mapping[str, str], *prefix: str) -> Finished:
    """`python -m local.cluster up` elsewhere than in the tests' own cluster."""
    done = subprocess.run(
        (*prefix, sys.executable, "-m", "local.cluster", "up"),
        cwd=CHECKOUT, env={**os.environ, **environment}, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Finished(done.returncode, " ".join(done.stdout.split()))


@pytest.fixture
def second_home(tmp_path: Path) -> Path:
    """A cache with the tools of the first, and no cluster."""
    folder = tmp_path / "second"
    folder.mkdir()
    for shelf in ("toolchain", "images"):
        (folder / shelf).symlink_to(home() / shelf)
    return folder


def test_a_second_cluster_is_told_that_another_one_runs(cluster: None, second_home: Path) -> None:
    refused = up({"PLIMSOLL_HOME": str(second_home)})

    assert refused.code == 1
    assert refused.output.count(f"is in use on {addresses.MACHINE_LINK}") == 1
    assert "another embedded cluster runs on this machine" in refused.output
    assert "make down" in refused.output
    assert "nothing was started" in refused.output
    assert "KUBECONFIG" in refused.output
    assert "Traceback" not in refused.output


def test_a_network_of_the_machine_in_the_clusters_range_is_named(cluster: None, second_home: Path) -> None:
    subprocess.run(("ip", "link", "add", "name", "taken0", "type", "bridge"), check=True)
    try:
        subprocess.run(("ip", "address", "add", "198.18.77.1/24", "dev", "taken0"), check=True)
        subprocess.run(("ip", "link", "set", "taken0", "up"), check=True)

        refused = up({"PLIMSOLL_HOME": str(second_home)})
    finally:
        subprocess.run(("ip", "link", "delete", "taken0"), check=True)

    assert refused.code == 1
    assert "198.18.77.0/24 is in use on taken0" in refused.output


def test_a_machine_without_namespaces_is_told_what_to_allow_or_use_instead(second_home: Path) -> None:
    refused = up({"PLIMSOLL_HOME": str(second_home)}, "setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")

    assert refused.code == 1
    assert "no namespaces of its own" in refused.output
    assert "CAP_SYS_ADMIN" in refused.output
    assert "KUBECONFIG" in refused.output


def test_somebody_without_root_is_told_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    readable = subprocess.run(
        ("setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", "pass"), check=False, cwd=CHECKOUT
    )
    if readable.returncode != 0:
        pytest.skip("this machine's Python is root's alone")

    refused = up({"PLIMSOLL_HOME": str(tmp_path / "home")}, "setpriv", "--reuid=65534", "--clear-groups")

    assert refused.code == 1
    assert "root is missing" in refused.output
    assert "KUBECONFIG" in refused.output


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of 32 MiB."""
    with a_disk_of("32m", tmp_path / "disk") as disk:
        yield disk


def test_a_full_disk_is_named_with_what_is_needed(small_disk: Path) -> None:
    refused = up({"PLIMSOLL_HOME": str(small_disk)})

    assert refused.code == 1
    assert "GiB free" in refused.output
    assert "PLIMSOLL_HOME" in refused.output


def test_the_node_listens_on_loopback_and_its_own_address_only(cluster: None) -> None:
    listening = set[str]()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{lifecycle.node_pid()}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == TCP_LISTEN:
                listening.add(local.partition(":")[0])

    assert listening == {as_kernel_writes("127.0.0.1"), as_kernel_writes(str(addresses.NODE))}


def as_kernel_writes(address: str) -> str:
    """An IPv4 address as /proc/net/tcp has it: hexadecimal, last byte first."""
    return bytes(reversed(socket.inet_aton(address))).hex().upper()


def traces() -> dict[str, object]:
    """What a cluster could leave on this machine."""
    return {
        "processes": {
            each.pid for each in psutil.process_iter(["cmdline"]) if str(home()) in str(each.info["cmdline"])
        },
        "mounts": Path("/proc/mounts").read_text(),
        "network devices": set(psutil.net_if_addrs()),
        "routes": subprocess.run(("ip", "route"), check=True, capture_output=True, text=True).stdout,
        "netfilter rules": subprocess.run(
            (toolchain.bin_dir("network-tools") / "nft", "list", "ruleset"), check=True, capture_output=True
        ).stdout,
        "cgroups": cgroups.left(),
        "network namespaces": sorted(Path("/run/netns").glob("*")),
        "folders": {folder: folder.exists() for folder in PRIVATE_FOLDERS},
    }


def test_down_leaves_the_machine_as_up_found_it(cluster: None) -> None:
    lifecycle.stop()
    before = traces()

    assert up({}).code == 0
    assert traces() != before
    down = subprocess.run((sys.executable, "-m", "local.cluster", "down"), cwd=CHECKOUT, check=False)
    after = traces()
    assert up({}).code == 0

    assert down.returncode == 0
    assert after == before


def test_a_node_that_dies_as_a_whole_is_started_again_by_up_whatever_listens_on_this_machine(deployed: Project) -> None:
    first = lifecycle.node_pid()
    assert first is not None
    with contextlib.ExitStack() as taken:
        for port in PORTS_OF_THE_NODE:
            taken.enter_context(socket.create_server(("127.0.0.1", port)))

        os.kill(first, signal.SIGKILL)
        eventually(lambda: not psutil.pid_exists(first), within_seconds=10)
        again = up({})

    assert again.code == 0, again.output
    assert lifecycle.node_pid() not in {None, first}
    eventually(lambda: ready_pods() == 2, SERVING_AGAIN_SECONDS)
