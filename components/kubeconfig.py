"""How clusters are reached: the files that kubectl and Pulumi's provider read."""

import base64
import json
import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PLUGIN_TIMEOUT_SECONDS = 30.0


class UnaskableError(Exception):
    """A cluster can't be asked from here: the reason, as a clause."""


class _Part(BaseModel):
    """What is read of a kubeconfig. Whatever else stands in one is the provider's business."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"), frozen=True)


class _Cluster(_Part):
    server: str
    certificate_authority: str | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False
    proxy_url: str | None = None
    tls_server_name: str | None = None


class _Variable(_Part):
    name: str
    value: str


class _Plugin(_Part):
    api_version: str = Field(alias="apiVersion")
    command: str
    args: Sequence[str] | None = None
    env: Sequence[_Variable] | None = None


class _User(_Part):
    client_certificate: str | None = None
    client_certificate_data: str | None = None
    client_key: str | None = None
    client_key_data: str | None = None
    token: str | None = None
    token_file: str | None = Field(default=None, alias="tokenFile")
    exec: _Plugin | None = None
    auth_provider: object = None


class _Context(_Part):
    cluster: str = ""
    user: str = ""


class _NamedCluster(_Part):
    name: str
    cluster: _Cluster


class _NamedUser(_Part):
    name: str
    user: _User


class _NamedContext(_Part):
    name: str
    context: _Context = _Context()


class _File(_Part):
    clusters: Sequence[_NamedCluster] | None = None
    users: Sequence[_NamedUser] | None = None
    contexts: Sequence[_NamedContext] | None = None
    current_context: str | None = None


@dataclass(frozen=True)
class Access:
    """Where an API server is, and what it has to be shown."""

    server: str
    tls: ssl.SSLContext
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Credentials:
    """What a caller identifies itself by."""

    token: str | None = None
    certificate: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Kubeconfig:
    """Clusters and users by name, of one file or of several: the first that has a name decides."""

    clusters: Mapping[str, tuple[Path, _Cluster]]
    """With the folder that the paths in it start at."""
    users: Mapping[str, tuple[Path, _User]]
    contexts: Mapping[str, _Context]
    current_context: str | None

    @classmethod
    def of_files(cls, paths: str) -> "Kubeconfig":
        """What the files say whose paths stand between colons, as in KUBECONFIG. Raises UnaskableError."""
        files = [Path(path) for path in paths.split(os.pathsep)]
        return cls._merged([(file.parent, file.read_text()) for file in files if file.is_file()])

    @classmethod
    def of_text(cls, text: str) -> "Kubeconfig":
        """What a file says that lies nowhere. Raises UnaskableError."""
        return cls._merged([(Path(), text)])

    @classmethod
    def _merged(cls, texts: Sequence[tuple[Path, str]]) -> "Kubeconfig":
        try:
            files = [(folder, _File.model_validate(yaml.safe_load(text) or {})) for folder, text in reversed(texts)]
        except (yaml.YAMLError, ValidationError) as error:
            # Neither error is shown as it is: both quote what stands in the file.
            raise UnaskableError("the kubeconfig is not one that kubectl would read") from error
        return cls(
            {each.name: (folder, each.cluster) for folder, file in files for each in file.clusters or ()},
            {each.name: (folder, each.user) for folder, file in files for each in file.users or ()},
            {each.name: each.context for _, file in files for each in file.contexts or ()},
            next((file.current_context for _, file in reversed(files) if file.current_context), None),
        )

    def access(self, context: str | None) -> Access:
        """How a context's cluster is reached, by default the current one's. Raises UnaskableError."""
        name = context or self.current_context or ""
        try:
            asked = self.contexts[name]
            folder, cluster = self.clusters[asked.cluster]
        except KeyError as error:
            raise UnaskableError(f"the kubeconfig has no {error}") from error
        base, user = self.users.get(asked.user, (Path(), _User()))
        if unusual := [
            what
            for what, said in (
                ("proxy-url", cluster.proxy_url),
                ("tls-server-name", cluster.tls_server_name),
                ("auth-provider", user.auth_provider),
            )
            if said
        ]:
            raise UnaskableError(f"the kubeconfig says {' and '.join(unusual)}, which only the provider follows")
        try:
            credentials = _credentials(base, user)
            tls = _tls(_text(folder, cluster.certificate_authority, cluster.certificate_authority_data), credentials)
        except (OSError, ValueError) as error:
            raise UnaskableError(f"the kubeconfig's certificates can't be used: {error}") from error
        if cluster.insecure_skip_tls_verify:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        return Access(
            cluster.server,
            tls,
            {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {},
        )


def files() -> str:
    """The paths of the kubeconfig's files, between colons."""
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def _text(folder: Path, path: str | None, data: str | None) -> str | None:
    """Something that stands in the kubeconfig itself, or in a file beside it."""
    if data:
        return base64.b64decode(data).decode()
    return (folder / path).read_text() if path else None


def _credentials(folder: Path, user: _User) -> _Credentials:
    if user.exec:
        return _of_plugin(user.exec)
    return _Credentials(
        user.token or (_text(folder, user.token_file, None) or "").strip() or None,
        _text(folder, user.client_certificate, user.client_certificate_data),
        _text(folder, user.client_key, user.client_key_data),
    )


def _of_plugin(plugin: _Plugin) -> _Credentials:
    """What a credential plugin hands out, such as `aws eks get-token`."""
    asked = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    try:
        done = subprocess.run(
            (plugin.command, *(plugin.args or ())),
            env={
                **os.environ,
                **{each.name: each.value for each in plugin.env or ()},
                "KUBERNETES_EXEC_INFO": json.dumps(asked),
            },
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PLUGIN_TIMEOUT_SECONDS,
        )
        status = json.loads(done.stdout)["status"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        # What the plugin printed is not shown: it may hold the credential.
        raise UnaskableError(f"`{plugin.command}` gave no credentials: {type(error).__name__}") from error
    return _Credentials(status.get("token"), status.get("clientCertificateData"), status.get("clientKeyData"))


def _tls(authority: str | None, credentials: _Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority)
    if credentials.certificate and credentials.key:
        # The library takes certificates from files only: for a moment, in a folder that only its owner may enter.
        with TemporaryDirectory() as folder:
            files = Path(folder, "certificate"), Path(folder, "key")
            for file, content in zip(files, (credentials.certificate, credentials.key), strict=True):
                file.write_text(content)
            context.load_cert_chain(*files)
    return context
