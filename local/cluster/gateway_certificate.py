"""The certificates of gateways on the embedded cluster, signed by an authority that signs nothing else.

Not by the cluster's own: to Kubernetes each of that one's certificates is a user.
"""

from dataclasses import dataclass
from pathlib import Path

from local.cluster import layout


@dataclass(frozen=True)
class GatewayCertificate:
    """A gateway's certificate with its key, and the authority's that callers trust."""

    certificate: Path
    key: Path
    authority: Path


def ensure(domain: str) -> GatewayCertificate:
    """The certificate for a domain and the names right below it, made when it is first asked for, and kept."""
    folder = layout.gateway_pki()
    kept = GatewayCertificate(folder / f"{domain}.crt", folder / f"{domain}.key", folder / "ca.crt")
    if not kept.certificate.exists():
        from local.cluster.pki import Authority, Identity  # noqa: PLC0415 - 26 ms of each preview, and needed once

        identity = Identity(domain, "gateway", dns_names=(domain, f"*.{domain}"))
        Authority(folder, "plimsoll-local-gateways").ensure([identity])
    return kept
