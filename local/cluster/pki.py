"""The cluster's certificates and kubeconfigs, made once and kept.

One authority signs every identity; its key and all others are readable by their owner only and never leave the cache.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.cluster import addresses
from local.cluster.layout import NODE_NAME

VALIDITY = timedelta(days=3650)  # a cluster on one machine is thrown away long before


@dataclass(frozen=True)
class Identity:
    """Someone the authority vouches for: to Kubernetes the name is a user and the organisation a group."""

    file: str
    name: str
    organisation: str = ""
    dns_names: tuple[str, ...] = ()
    addresses: tuple[IPv4Address, ...] = ()


API_SERVER = Identity(
    "apiserver",
    "kube-apiserver",
    dns_names=("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"),
    addresses=(addresses.NODE, addresses.API_SERVICE),
)
KUBELET = Identity(
    "kubelet", f"system:node:{NODE_NAME}", "system:nodes", dns_names=(NODE_NAME,), addresses=(addresses.NODE,)
)
ADMIN = Identity("admin", "plimsoll-admin", "system:masters")
API_SERVER_TO_KUBELET = Identity("apiserver-to-kubelet", "kube-apiserver-kubelet-client", "system:masters")
CONTROLLER_MANAGER = Identity("controller-manager", "system:kube-controller-manager")
SCHEDULER = Identity("scheduler", "system:kube-scheduler")
PROXY = Identity("proxy", "system:kube-proxy")
FRONT_PROXY = Identity("front-proxy", "front-proxy-client")

IDENTITIES = (
    API_SERVER,
    KUBELET,
    ADMIN,
    API_SERVER_TO_KUBELET,
    CONTROLLER_MANAGER,
    SCHEDULER,
    PROXY,
    FRONT_PROXY,
)
KUBECONFIG_HOLDERS = (KUBELET, ADMIN, CONTROLLER_MANAGER, SCHEDULER, PROXY)


@dataclass(frozen=True)
class Authority:
    """One that signs certificates, with its own in the same folder as those."""

    folder: Path
    name: str

    @property
    def certificate(self) -> Path:
        """Its own certificate, which clients trust."""
        return self.folder / "ca.crt"

    @property
    def key(self) -> Path:
        """Its own key."""
        return self.folder / "ca.key"

    def certificate_of(self, identity: Identity) -> Path:
        """Where an identity's certificate lies."""
        return self.folder / f"{identity.file}.crt"

    def key_of(self, identity: Identity) -> Path:
        """Where an identity's key lies."""
        return self.folder / f"{identity.file}.key"

    def ensure(self, identities: Iterable[Identity]) -> None:
        """Make whatever is missing. What is there stays, so clients of a running cluster keep working."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.certificate.exists():
            self._make_own()
        for identity in identities:
            if not self.certificate_of(identity).exists():
                self._sign(identity)

    def _make_own(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        certificate = (
            _builder(name, issuer=name)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self.key, _pem(key))
        _write(self.certificate, certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, identity: Identity) -> None:
        authority = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        authority_key = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)  # noqa: S101 - we made it so, above
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, identity.name)]
            + ([x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organisation)] if identity.organisation else [])
        )
        alternatives = [
            *(x509.DNSName(name) for name in identity.dns_names),
            *(x509.IPAddress(address) for address in identity.addresses),
        ]
        builder = (
            _builder(subject, issuer=authority.subject)
            .public_key(key.public_key())
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        _write(self.key_of(identity), _pem(key))
        certificate = builder.sign(authority_key, hashes.SHA256())
        _write(self.certificate_of(identity), certificate.public_bytes(serialization.Encoding.PEM))


@dataclass(frozen=True)
class Pki:
    """The folder of the cluster's keys, certificates and kubeconfigs."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self._authority.certificate

    @property
    def authority_key(self) -> Path:
        """The authority's key."""
        return self._authority.key

    @property
    def service_account_key(self) -> Path:
        """The key that signs service-account tokens."""
        return self.folder / "service-account.key"

    def certificate(self, identity: Identity) -> Path:
        """Where an identity's certificate lies."""
        return self._authority.certificate_of(identity)

    def key(self, identity: Identity) -> Path:
        """Where an identity's key lies."""
        return self._authority.key_of(identity)

    def kubeconfig(self, identity: Identity) -> Path:
        """Where an identity's kubeconfig lies."""
        return self.folder / f"{identity.file}.kubeconfig"

    def ensure(self) -> None:
        """Make whatever is missing."""
        self._authority.ensure(IDENTITIES)
        if not self.service_account_key.exists():
            _write(self.service_account_key, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
        for identity in KUBECONFIG_HOLDERS:
            if not self.kubeconfig(identity).exists():
                _write(self.kubeconfig(identity), self._kubeconfig_text(identity).encode())

    @property
    def _authority(self) -> Authority:
        return Authority(self.folder, "plimsoll-local")

    def _kubeconfig_text(self, identity: Identity) -> str:
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [
                    {
                        "name": NODE_NAME,
                        "cluster": {
                            "server": addresses.API_SERVER,
                            "certificate-authority": str(self.authority),
                        },
                    }
                ],
                "users": [
                    {
                        "name": identity.file,
                        "user": {
                            "client-certificate": str(self.certificate(identity)),
                            "client-key": str(self.key(identity)),
                        },
                    }
                ],
                "contexts": [{"name": NODE_NAME, "context": {"cluster": NODE_NAME, "user": identity.file}}],
                "current-context": NODE_NAME,
            },
            sort_keys=False,
        )


def _builder(subject: x509.Name, *, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + VALIDITY)
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write through a rename, so that a kill in the middle leaves no half-written key."""
    temporary = path.with_suffix(path.suffix + ".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
