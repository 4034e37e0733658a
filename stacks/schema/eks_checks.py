"""Contradictions of a stack that makes an EKS cluster; `checks.py` lists them with all others.

What it takes facts about AWS to know (regions, zones, instance types, GPU memory) is in `economics/placement.py`.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network

from stacks.schema.addons import HelmAddons
from stacks.schema.cluster import EksCluster, LocalCluster
from stacks.schema.model_repository import S3Repository
from stacks.schema.problem import Problem
from stacks.schema.stack import Stack

SERVICE_CIDR = IPv4Network("172.20.0.0/16")
"""Where Kubernetes Services have their addresses; EKS can't change it afterwards."""

LARGEST_PREFIX, SMALLEST_PREFIX = 16, 20
"""Of a VPC: AWS takes nothing larger, and a smaller one leaves pods too few addresses."""

WIDEST_PUBLIC_PREFIX = 16

PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
"""What nobody routes on the internet: RFC 1918, and RFC 6598."""


def s3_needs_an_eks_cluster(stack: Stack) -> Iterator[Problem]:
    """Whoever reads the bucket is known by EKS Pod Identity."""
    if isinstance(stack.model_repository, S3Repository) and stack.cluster.kind == "existing":
        yield Problem(
            path="modelRepository.kind",
            found="s3, and the cluster is existing",
            limit="volume on a cluster that this stack does not make",
            reason="pods get their rights on the bucket through EKS Pod Identity, which comes with the cluster",
            way_out="use `modelRepository: {kind: volume}` with a claim, or `cluster: {kind: eks}`",
        )


def the_embedded_cluster_has_its_addons(stack: Stack) -> Iterator[Problem]:
    """What `make up` started is not installed once more."""
    if isinstance(stack.addons, HelmAddons) and isinstance(stack.cluster, LocalCluster):
        yield Problem(
            path="addons.kind",
            found="helm, and the cluster is local",
            limit="preinstalled on a local cluster",
            reason="`make up` has put the add-ons there, and chart repositories are on the internet",
            way_out="write `addons: {kind: preinstalled}`, or leave addons out",
        )


def zones_are_different(stack: Stack) -> Iterator[Problem]:
    """A zone named twice is one zone."""
    for cluster in _eks(stack):
        zones = cluster.network.zones
        for index, zone in enumerate(zones):
            if zone in zones[:index]:
                yield Problem(
                    path=f"cluster.network.zones[{index}]",
                    found=f"'{zone}' is there already",
                    limit="each zone once",
                    reason="zones are there so that one may fail",
                    way_out="name another zone of the region, or remove it",
                )


def the_network_has_a_size_that_works(stack: Stack) -> Iterator[Problem]:
    """AWS bounds a VPC from above, and pods from below."""
    for cluster in _eks(stack):
        network = IPv4Network(cluster.network.cidr)
        if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX:
            small = network.prefixlen > SMALLEST_PREFIX
            yield Problem(
                path="cluster.network.cidr",
                found=f"{network} is too {'small' if small else 'large'}",
                limit=f"a prefix from /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}",
                reason="every pod has an address of its own, and a zone gets a quarter of them"
                if small
                else "AWS makes no VPC larger than that",
                way_out=f"write {network.network_address}/{SMALLEST_PREFIX if small else LARGEST_PREFIX}, or another "
                "network of such a size",
            )


def the_network_is_private(stack: Stack) -> Iterator[Problem]:
    """A VPC with somebody else's public addresses can't reach them any more."""
    for cluster in _eks(stack):
        network = IPv4Network(cluster.network.cidr)
        if not any(network.subnet_of(private) for private in PRIVATE):
            yield Problem(
                path="cluster.network.cidr",
                found=f"{network} belongs to somebody on the internet",
                limit=f"within one of: {', '.join(map(str, PRIVATE))}",
                reason="nodes and pods could not reach whoever really has those addresses",
                way_out="choose a private network that nothing connected to it uses, as 10.64.0.0/16",
            )


def the_network_is_not_that_of_services(stack: Stack) -> Iterator[Problem]:
    """Pods, nodes and Services have addresses of their own."""
    for cluster in _eks(stack):
        if IPv4Network(cluster.network.cidr).overlaps(SERVICE_CIDR):
            yield Problem(
                path="cluster.network.cidr",
                found=f"{cluster.network.cidr} overlaps {SERVICE_CIDR}, where Kubernetes Services are",
                limit=f"a network outside of {SERVICE_CIDR}",
                reason="an address would mean a Service inside of the cluster and a node outside of it",
                way_out="choose another, as 10.64.0.0/16",
            )


def public_access_is_narrow(stack: Stack) -> Iterator[Problem]:
    """The Kubernetes API is not the internet's."""
    for cluster in _eks(stack):
        for index, text in enumerate(cluster.public_access.cidrs if cluster.public_access else ()):
            network, path = IPv4Network(text), f"cluster.publicAccess.cidrs[{index}]"
            if network.prefixlen < WIDEST_PUBLIC_PREFIX:
                yield Problem(
                    path=path,
                    found=f"{network} are {network.num_addresses:,} addresses",
                    limit=f"a prefix of /{WIDEST_PUBLIC_PREFIX} or longer",
                    reason="whoever can connect may try credentials, and a flaw of the API is theirs to use",
                    way_out="name the networks that you come from, as 203.0.113.0/24; or remove publicAccess and come "
                    "through the VPC",
                )
            elif any(network.subnet_of(private) for private in PRIVATE):
                yield Problem(
                    path=path,
                    found=f"{network} is a private network",
                    limit="public addresses",
                    reason="the public endpoint sees callers by their public addresses, so this lets nobody in",
                    way_out="name the address that your network leaves by; inside the VPC no allow-list is needed",
                )


def administrators_are_different(stack: Stack) -> Iterator[Problem]:
    """Each has one access entry."""
    for cluster in _eks(stack):
        for index, role in enumerate(cluster.administrators):
            if role in cluster.administrators[:index]:
                yield Problem(
                    path=f"cluster.administrators[{index}]",
                    found=f"'{role}' is there already",
                    limit="each role once",
                    reason="EKS keeps one access entry for a role",
                    way_out="remove it",
                )


def services_have_a_pool(stack: Stack) -> Iterator[Problem]:
    """On EKS the only nodes besides the pools' are the add-ons'."""
    for _ in _eks(stack):
        for name, service in stack.services.items():
            if not service.pool:
                known = ", ".join(stack.gpu_pools)
                yield Problem(
                    path=f"services.{name}.pool",
                    found="is missing, and the cluster is eks",
                    limit=f"one of: {known}" if known else "a pool of the stack",
                    reason="model servers have the pools' nodes; the others are the add-ons', and would be crowded out",
                    way_out=f"add `pool: {next(iter(stack.gpu_pools), 'l4')}`"
                    f"{'' if known else ' and gpuPools with a pool of that name'}",
                )


CHECKS = (
    s3_needs_an_eks_cluster,
    the_embedded_cluster_has_its_addons,
    zones_are_different,
    the_network_has_a_size_that_works,
    the_network_is_private,
    the_network_is_not_that_of_services,
    public_access_is_narrow,
    administrators_are_different,
    services_have_a_pool,
)
"""Every rule of this file."""


def _eks(stack: Stack) -> Iterator[EksCluster]:
    if isinstance(stack.cluster, EksCluster):
        yield stack.cluster
