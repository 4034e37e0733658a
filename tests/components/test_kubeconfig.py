import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kubeconfig import Access, Kubeconfig, UnaskableError
from local.cluster.pki import Authority, Identity

CALLER = Identity("caller", "caller")


def a_kubeconfig(cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> str:
    return yaml.safe_dump(
        {
            "clusters": [{"name": "ours", "cluster": {"server": "https://ours:6443", **(cluster or {})}}],
            "users": [{"name": "me", "user": user or {}}],
            "contexts": [{"name": "work", "context": {"cluster": "ours", "user": "me"}}],
            "current-context": "work",
        }
    )


def access(**said: dict[str, Any]) -> Access:
    return Kubeconfig.of_text(a_kubeconfig(**said)).access(None)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "pki", "tests")
    made.ensure([CALLER])
    return made


def test_a_token_is_shown_as_it_stands() -> None:
    assert access(user={"token": "secret"}).headers == {"Authorization": "Bearer secret"}


def test_files_are_found_beside_the_kubeconfig_and_contents_in_it(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    (tmp_path / "config").write_text(
        a_kubeconfig(
            {"certificate-authority": "pki/ca.crt"},
            {"tokenFile": "token", "client-certificate": "pki/caller.crt", "client-key": "pki/caller.key"},
        )
    )
    data = base64.b64encode(authority.certificate.read_bytes()).decode()

    by_file = Kubeconfig.of_files(str(tmp_path / "config")).access("work")

    assert by_file.headers == {"Authorization": "Bearer secret"}
    assert by_file.tls.get_ca_certs() == access(cluster={"certificate-authority-data": data}).tls.get_ca_certs() != []


def test_a_plugin_is_asked_for_a_token() -> None:
    credential = {"kind": "ExecCredential", "status": {"token": "secret"}}
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": [json.dumps(credential)]}

    assert access(user={"exec": plugin}).headers == {"Authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        ({"command": "no-such-plugin"}, "`no-such-plugin` gave no credentials: FileNotFoundError"),
        ({"command": "echo", "args": ["secret"]}, "`echo` gave no credentials: JSONDecodeError"),
        ({"command": "false"}, "`false` gave no credentials: CalledProcessError"),
    ],
)
def test_a_plugin_that_fails_is_named_and_what_it_printed_is_not(plugin: dict[str, Any], said: str) -> None:
    with pytest.raises(UnaskableError) as failed:
        access(user={"exec": {"apiVersion": "client.authentication.k8s.io/v1", **plugin}})

    assert str(failed.value) == said


def test_a_server_is_verified_unless_the_kubeconfig_says_not_to() -> None:
    assert access().tls.verify_mode is ssl.CERT_REQUIRED
    assert access(cluster={"insecure-skip-tls-verify": True}).tls.verify_mode is ssl.CERT_NONE


def test_the_first_file_that_has_a_name_decides(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).write_text(a_kubeconfig({"server": f"https://{name}"}))

    assert Kubeconfig.of_files(f"{tmp_path / 'first'}:{tmp_path / 'second'}").access("work").server == "https://first"


@pytest.mark.parametrize("said", [{"proxy-url": "http://proxy"}, {"tls-server-name": "other"}])
def test_what_only_the_provider_follows_is_left_to_it(said: dict[str, str]) -> None:
    with pytest.raises(UnaskableError, match="only the provider follows"):
        access(cluster=said)


@pytest.mark.parametrize("text", ["users: [{token: secret", "users: [{name: me, user: {token: [secret]}}]"])
def test_a_broken_kubeconfig_is_not_quoted(text: str) -> None:
    with pytest.raises(UnaskableError) as failed:
        Kubeconfig.of_text(text)

    assert "secret" not in str(failed.value)


def test_a_context_that_is_not_there_is_named() -> None:
    with pytest.raises(UnaskableError, match="production"):
        Kubeconfig.of_text(a_kubeconfig()).access("production")
