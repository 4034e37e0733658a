"""Every address of the embedded cluster.

All of it lies in 198.18.0.0/15, which RFC 2544 sets aside for benchmarks and nobody routes: pods can reach nothing
outside this machine, and nothing outside it can reach them.
"""

from ipaddress import IPv4Address, IPv4Network

RANGE = IPv4Network("198.18.0.0/15")

LINK = IPv4Network("198.18.0.0/30")  # the veth pair between the machine and the node
MACHINE = IPv4Address("198.18.0.1")
NODE = IPv4Address("198.18.0.2")
PODS = IPv4Network("198.18.128.0/17")
SERVICES = IPv4Network("198.19.0.0/16")
API_SERVICE = IPv4Address("198.19.0.1")  # Kubernetes gives its own Service the range's first address
DNS_SERVICE = IPv4Address("198.19.0.10")

MACHINE_LINK = "plimsoll"  # the machine's end of the veth pair
NODE_LINK = "uplink"  # the node's end

API_SERVER = f"https://{NODE}:6443"
