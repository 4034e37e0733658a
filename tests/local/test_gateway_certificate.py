import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509

from local.cluster import gateway_certificate, layout
from local.cluster.gateway_certificate import GatewayCertificate
from local.cluster.pki import Pki

DOMAIN = "models.example.com"
LONG_DOMAIN = ".".join(["d" * 50, *["d" * 49] * 3])  # of 200 characters, in labels that DNS takes


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_HOME", str(tmp_path))


def call(made: GatewayCertificate, host: str) -> None:
    """Shake hands over TLS, as a caller who trusts the authority and asks for `host`. Raises what the caller would."""
    caller_trusts = ssl.create_default_context(cafile=made.authority)
    gateway_has = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    gateway_has.load_cert_chain(made.certificate, made.key)
    to_gateway, to_caller = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = caller_trusts.wrap_bio(to_caller, to_gateway, server_hostname=host)
    gateway = gateway_has.wrap_bio(to_gateway, to_caller, server_side=True)
    for side in (caller, gateway):
        with suppress(ssl.SSLWantReadError):  # until the other side has answered
            side.do_handshake()
    caller.do_handshake()


@pytest.mark.parametrize("host", [DOMAIN, f"digits.{DOMAIN}", f"digits-grpc.{DOMAIN}"])
def test_callers_of_the_domain_and_of_names_right_below_it_trust_the_certificate(host: str) -> None:
    call(gateway_certificate.ensure(DOMAIN), host)


@pytest.mark.parametrize("host", ["example.com", "other.example.com", f"a.digits.{DOMAIN}", f"digits.{DOMAIN}.org"])
def test_callers_of_any_other_name_do_not(host: str) -> None:
    made = gateway_certificate.ensure(DOMAIN)

    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        call(made, host)


def test_the_longest_domain_gets_a_certificate_too() -> None:
    made = gateway_certificate.ensure(LONG_DOMAIN)

    assert len(LONG_DOMAIN) == 200
    call(made, LONG_DOMAIN)
    call(made, f"digits.{LONG_DOMAIN}")


def test_the_clusters_authority_signs_no_gateways_certificate() -> None:
    cluster = Pki(layout.pki())
    cluster.ensure()

    made = gateway_certificate.ensure(DOMAIN)

    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    own, clusters = (x509.load_pem_x509_certificate(file.read_bytes()) for file in (made.authority, cluster.authority))
    certificate.verify_directly_issued_by(own)
    assert certificate.issuer != clusters.subject
    assert own.public_key() != clusters.public_key(), "to Kubernetes, whoever holds a certificate of its own is a user"


def test_a_certificate_is_made_once_and_kept() -> None:
    made = gateway_certificate.ensure(DOMAIN)
    before = [file.read_bytes() for file in (made.certificate, made.key, made.authority)]

    gateway_certificate.ensure("other.example.com")
    again = gateway_certificate.ensure(DOMAIN)

    assert [file.read_bytes() for file in (again.certificate, again.key, again.authority)] == before


def test_one_authority_signs_for_every_domain() -> None:
    first, second = gateway_certificate.ensure(DOMAIN), gateway_certificate.ensure("other.example.com")

    assert first.authority == second.authority
    assert first.certificate != second.certificate
    call(first, DOMAIN)
    call(second, "other.example.com")


def test_only_their_owner_can_read_the_files() -> None:
    made = gateway_certificate.ensure(DOMAIN)

    folder = made.key.parent
    assert len(list(folder.iterdir())) == 4
    for path in (folder, *folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
