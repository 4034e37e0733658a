"""What a cluster's API server says that it has: a few questions over one connection, none of which changes anything."""

import http.client
import json
import os
import re
import socket
import subprocess
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from components.addons import GATEWAY_CLASS, Need, Served, Use
from components.gateway import GATEWAY_API

TIMEOUT_SECONDS = 10.0
"""For each answer; the first may wait for a credential plugin. What takes longer is left to the provider's patience."""

EVERY_KIND = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
"""All groups, versions and kinds in one answer: Kubernetes 1.30 and newer."""
NO_CONTENTS = "application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadataList"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

UNHEARD_OF = "plimsollAsksWhichFieldsThereAre"
"""A field that no kind has."""

RELEASE_KEYS = (
    "app.kubernetes.io/version",
    "gateway.networking.k8s.io/bundle-version",
    "operator.prometheus.io/version",
)
"""Labels and annotations by which add-ons' definitions say their release."""


@dataclass(frozen=True)
class Answer:
    """An HTTP status, and the object that came with it."""

    status: int
    content: dict[str, Any]


class UnaskableError(Exception):
    """A cluster can't be asked from here: the reason, as a clause."""


class ApiServer:
    """One connection to an API server."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def get(self, path: str, accept: str = "application/json") -> Answer:
        """Read. Raises UnaskableError."""
        return self._ask("GET", path, None, {"Accept": accept})

    def try_out(self, path: str, content: object) -> Answer:
        """Ask what the server would say to an object, without leaving it there. Raises UnaskableError."""
        return self._ask(
            "POST",
            f"{path}?dryRun=All&fieldValidation=Strict",
            json.dumps(content),
            {"Content-Type": "application/json"},
        )

    def _ask(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            if response.status == http.client.BAD_GATEWAY:  # kubectl's, where it reaches nobody
                raise UnaskableError(f"it gave no answer: {response.read().decode().strip()}")
            answer = Answer(response.status, json.load(response))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnaskableError(f"it gave no answer: {error or type(error).__name__}") from error
        if answer.status == http.client.UNAUTHORIZED:
            raise UnaskableError("it does not take the kubeconfig's credentials")
        return answer


class _Socket(http.client.HTTPConnection):
    """HTTP through a socket in a folder, which the folder's owner alone may use."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def api_server(kubeconfig: str, context: str | None) -> Generator[ApiServer]:
    """A cluster's API server, by the files of a kubeconfig and the name of a context, or the current one's.

    Asked through kubectl, which knows every way to reach a cluster and to say who is asking. Raises UnaskableError.
    """
    with TemporaryDirectory() as folder, (Path(folder) / "said").open("w+") as said:
        path = Path(folder) / "kubectl"
        named = (f"--context={context}",) if context else ()
        try:
            kubectl = subprocess.Popen(
                ("kubectl", *named, "proxy", f"--unix-socket={path}"),
                env={**os.environ, "KUBECONFIG": kubeconfig},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        except OSError as error:
            raise UnaskableError("kubectl is not on PATH") from error
        try:
            # A line when it listens; none when it has ended, and said why.
            if not kubectl.stdout or not kubectl.stdout.readline():
                said.seek(0)
                raise UnaskableError(f"kubectl: {said.read().strip()}")
            with closing(_Socket(path)) as connection:
                yield ApiServer(connection)
        finally:
            kubectl.terminate()
            kubectl.communicate()


def look(api: ApiServer, needs: Iterable[Need], namespace: str) -> Served:
    """What the cluster has of all that is needed. Raises UnaskableError."""
    kinds = _kinds(api)
    unknown_fields: dict[tuple[str, str], list[str]] = {}
    for use in (use for need in needs for use in need.uses if use.spec is not None):
        if resource := kinds.get(use.api, {}).get(use.kind):
            fields = _unknown_fields(api, use, resource, namespace)
            unknown_fields.setdefault((use.api, use.kind), []).extend(fields)
    return Served(
        kinds={version: frozenset(resources) for version, resources in kinds.items()},
        unknown_fields=unknown_fields,
        gateway_classes=_gateway_classes(api) if GATEWAY_CLASS in kinds.get(GATEWAY_API, {}) else None,
    )


def releases(api: ApiServer) -> dict[str, str]:
    """The release of each API group's add-on, where one of the group's definitions says it."""
    definitions = api.get(DEFINITIONS, NO_CONTENTS)
    found: dict[str, str] = {}
    for metadata in (each["metadata"] for each in _listed(definitions.content, "items")):
        said: dict[str, str] = {**metadata.get("labels", {}), **metadata.get("annotations", {})}
        for release in (said[key] for key in RELEASE_KEYS if key in said):
            found[metadata["name"].partition(".")[2]] = release
    return found


def _kinds(api: ApiServer) -> dict[str, dict[str, str]]:
    """The plural name of each kind, by API in a served version."""
    discovery = api.get("/apis", EVERY_KIND)
    if discovery.status != http.client.OK:
        raise UnaskableError(f"it answers {discovery.status}: {discovery.content.get('message')}")
    if discovery.content.get("kind") != "APIGroupDiscoveryList":
        raise UnaskableError("it does not list its kinds at once, as Kubernetes 1.30 and newer do")
    return {
        f"{group['metadata']['name']}/{version['version']}": {
            resource["responseKind"]["kind"]: resource["resource"]
            for resource in _listed(version, "resources")
            if resource.get("responseKind")  # none where an aggregated API has subresources alone
        }
        for group in _listed(discovery.content, "items")
        for version in _listed(group, "versions")
    }


def _unknown_fields(api: ApiServer, use: Use, resource: str, namespace: str) -> Iterator[str]:
    """The fields of a spec that the definition of its kind has not.

    The object has one field more, which none has. So the server always refuses it where it reads it, and names every
    field that it does not know: no webhook is asked, no namespace is needed, and nothing could be made of it.
    """
    tried = api.try_out(
        f"/apis/{use.api}/namespaces/{namespace}/{resource}",
        {"apiVersion": use.api, "kind": use.kind, "metadata": {"name": "plimsoll"}, "spec": use.spec, UNHEARD_OF: True},
    )
    for field in re.findall(r'unknown field "([^"]+)"', str(tried.content.get("message"))):
        if field != UNHEARD_OF:
            yield field


def _gateway_classes(api: ApiServer) -> dict[str, str] | None:
    """Each GatewayClass, and why no controller serves it; None where the caller may not read them."""
    classes = api.get(f"/apis/{GATEWAY_API}/gatewayclasses")
    if classes.status != http.client.OK:
        return None
    return {each["metadata"]["name"]: _refusal(each) for each in _listed(classes.content, "items")}


def _refusal(gateway_class: Mapping[str, Any]) -> str:
    for condition in _listed(gateway_class.get("status", {}), "conditions"):
        if condition["type"] == "Accepted":
            return "" if condition["status"] == "True" else str(condition["message"])
    return "none has looked at it"


def _listed(content: Mapping[str, Any], key: str) -> Sequence[Any]:
    """A list of an answer. Servers write an empty one as null, or leave it out."""
    return content.get(key) or ()
