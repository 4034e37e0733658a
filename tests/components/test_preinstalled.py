"""Asking a cluster, against a stand-in for its API server: tests/cluster/test_preinstalled.py has real ones."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pulumi
import pytest

from components import preinstalled
from components.addons import needs
from components.api_server import UNHEARD_OF, ApiServer, UnaskableError, look
from components.preinstalled import with_addons
from stacks.schema import Stack, parse
from tests.components.conftest import Build
from tests.factories import a_stack
from tests.stacks.configs import committed, put

CLASSES = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"


def discovery(**kinds: list[str]) -> dict[str, Any]:
    """What an API server says at /apis, with kinds by `group/version`."""
    groups: list[dict[str, Any]] = []
    for api, served in kinds.items():
        group, _, version = api.partition("/")
        resources = [{"resource": f"{kind.lower()}s", "responseKind": {"kind": kind}} for kind in served]
        groups.append({"metadata": {"name": group}, "versions": [{"version": version, "resources": resources}]})
    return {"kind": "APIGroupDiscoveryList", "items": groups}


GATEWAYS = discovery(**{"gateway.networking.k8s.io/v1": ["GatewayClass", "HTTPRoute"]})


@dataclass
class ApiServerStandIn:
    """Answers what it is told to, and notes what it is asked."""

    port: int
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict[str, tuple[int, Any]])
    tried: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @contextmanager
    def reached(self, *_: object) -> Generator[ApiServer]:
        with closing(HTTPConnection("127.0.0.1", self.port)) as connection:
            yield ApiServer(connection)

    def look(self, stack: Stack) -> Any:
        with self.reached() as api:
            return look(api, needs(stack), "ml")


@pytest.fixture
def server() -> Generator[ApiServerStandIn]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(*stand_in.answers.get(self.path, (404, {})))

        def do_POST(self) -> None:
            stand_in.tried.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(*stand_in.answers.get(self.path.partition("?")[0], (404, {})))

        def answer(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        stand_in = ApiServerStandIn(listening.server_port)
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield stand_in
        listening.shutdown()


def test_kinds_are_those_of_every_served_version(server: ApiServerStandIn) -> None:
    served = discovery(**{"keda.sh/v1alpha1": ["ScaledObject"], "keda.sh/v1": []})
    served["items"][1]["versions"][0]["resources"] = [{"resource": "scaledobjects", "responseKind": None}]
    server.answers = {"/apis": (200, served)}

    assert server.look(a_stack()).kinds == {"keda.sh/v1alpha1": {"ScaledObject"}, "keda.sh/v1": frozenset()}


def test_fields_are_asked_for_with_an_object_that_no_server_would_take(server: ApiServerStandIn) -> None:
    said = f'strict decoding error: unknown field "spec.rules[0].name", unknown field "{UNHEARD_OF}"'
    server.answers = {
        "/apis": (200, GATEWAYS),
        "/apis/gateway.networking.k8s.io/v1/namespaces/ml/httproutes": (400, {"message": said}),
    }

    served = server.look(a_stack())

    assert served.unknown_fields == {("gateway.networking.k8s.io/v1", "HTTPRoute"): ["spec.rules[0].name"]}
    assert [(tried["kind"], tried[UNHEARD_OF]) for tried in server.tried] == [("HTTPRoute", True)]


def test_gateway_classes_that_may_not_be_read_are_unknown(server: ApiServerStandIn) -> None:
    server.answers = {"/apis": (200, GATEWAYS), CLASSES: (403, {"kind": "Status"})}

    assert server.look(a_stack()).gateway_classes is None


def test_a_class_counts_when_its_controller_accepts_it(server: ApiServerStandIn) -> None:
    def gateway_class(name: str, *conditions: dict[str, str]) -> dict[str, Any]:
        return {"metadata": {"name": name}, "status": {"conditions": conditions}}

    classes = [
        gateway_class("eg", {"type": "Accepted", "status": "True", "message": "Valid GatewayClass"}),
        gateway_class("waits", {"type": "Accepted", "status": "Unknown", "message": "Waiting for controller"}),
        {"metadata": {"name": "new"}},
    ]
    server.answers = {"/apis": (200, GATEWAYS), CLASSES: (200, {"items": classes})}

    assert server.look(a_stack()).gateway_classes == {
        "eg": "",
        "waits": "Waiting for controller",
        "new": "none has looked at it",
    }


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, '{"kind": "Status"}', "credentials"),
        (403, '{"kind": "Status", "message": "forbidden: no"}', "it answers 403: forbidden: no"),
        (200, '{"kind": "APIGroupList", "groups": []}', "Kubernetes 1.30"),
    ],
    ids=["not known", "not allowed", "an old server"],
)
def test_a_server_that_does_not_say_what_it_serves_is_not_judged(
    server: ApiServerStandIn, status: int, answer: str, said: str
) -> None:
    server.answers = {"/apis": (status, json.loads(answer))}

    with pytest.raises(UnaskableError, match=said):
        server.look(a_stack())


def on_aws(**addons: str) -> Stack:
    return parse(put(committed("Pulumi.dev.yaml"), "addons", addons))


def provider_of(stack: Stack) -> Callable[[], None]:
    """A program that makes an output of a kubeconfig, as a cluster of the stack's would."""

    def program() -> None:
        pulumi.export("kubeconfig", with_addons(stack, pulumi.Output.from_input("apiVersion: v1")))

    return program


def test_a_cluster_that_the_stack_makes_is_refused_once_it_is_there(
    build: Build, server: ApiServerStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preinstalled, "api_server", server.reached)
    server.answers = {"/apis": (200, discovery())}

    with pytest.raises(pulumi.RunError, match="The cluster lacks 5 things"):
        build(provider_of(on_aws(kind="preinstalled")))


def test_a_cluster_whose_addons_the_stack_installs_is_not_asked(
    build: Build, server: ApiServerStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preinstalled, "api_server", server.reached)
    server.answers = {"/apis": (200, discovery())}

    build(provider_of(on_aws(kind="helm")))
