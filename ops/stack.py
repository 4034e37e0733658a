"""A deployed stack as its outputs describe it, and the way to its gateway from here."""

import contextlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from observability.variants import OWNER_LABEL, SERVICE_LABEL, VARIANT_LABEL, Variant
from stacks.schema import GATEWAY_NAME, HTTP_PORT, Stack, parse

METRICS_PORT = 8002
FORWARD_TIMEOUT_SECONDS = 15.0
CONNECT_TIMEOUT_SECONDS = 1.0
# Proxies that start anew keep silent, or the cluster refuses for them. Only an address that leads there refuses.
SILENT_SECONDS = 8.0
REFUSING_SECONDS = 60.0


class StackUnreachableError(Exception):
    """The stack isn't there, or nothing leads to it from here: what was tried, what it said, the way out."""

    def __init__(self, problem: str, said: str, way_out: str) -> None:
        self.said = said.strip() or "nothing"
        super().__init__(f"{problem}\n  said  {self.said}\n  fix   {way_out}")


@dataclass(frozen=True)
class Server:
    """One side of a service: the version it serves, on how many replicas, and its Service inside the cluster."""

    version: int
    replicas: int
    address: str
    http_port: int
    grpc_port: int

    @property
    def http(self) -> str:
        """Where it answers HTTP, as host:port."""
        return f"{self.address}:{self.http_port}"

    @property
    def grpc(self) -> str:
        """Where it answers gRPC, as host:port."""
        return f"{self.address}:{self.grpc_port}"


@dataclass(frozen=True)
class ServedModel:
    """One service of a deployed stack."""

    service: str
    namespace: str
    model: str
    http_host: str
    grpc_host: str
    stable: Server
    canary: Server | None


def asked_for(stack: str) -> Stack:
    """What a stack's file says now. Raises StackError, StackUnreachableError."""
    config = json.loads(pulumi("config", "--json", "--stack", stack))
    return parse(config["plimsoll:stack"]["objectValue"])


def served_models(stack: str) -> list[ServedModel]:
    """Every service that the stack's last update left."""
    return from_outputs(json.loads(pulumi("stack", "output", "--json", "--stack", stack)))


def from_outputs(outputs: Mapping[str, Any]) -> list[ServedModel]:
    """The services that a stack's outputs describe, as `__main__.py` exports them."""
    return [
        ServedModel(
            service=name,
            namespace=outputs["namespace"],
            model=service["model"],
            http_host=service["httpHost"],
            grpc_host=service["grpcHost"],
            stable=_server(service[Variant.STABLE]),
            canary=_server(service[Variant.CANARY]) if Variant.CANARY in service else None,
        )
        for name, service in outputs.get("services", {}).items()
    ]


def _server(outputs: Mapping[str, Any]) -> Server:
    return Server(
        version=int(outputs["version"]),
        replicas=int(outputs["replicas"]),
        address=outputs["address"],
        http_port=int(outputs["httpPort"]),
        grpc_port=int(outputs["grpcPort"]),
    )


def metrics(served: ServedModel, variant: Variant = Variant.STABLE) -> dict[str, float]:
    """Triton's counters, summed over one side's ready pods and all labels, by metric name."""
    selector = f"{SERVICE_LABEL}={served.service},{VARIANT_LABEL}={variant}"
    pods = json.loads(kubectl("--namespace", served.namespace, "get", "pods", "--selector", selector, "-o", "json"))
    totals: dict[str, float] = {}
    for pod in pods["items"]:
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ())):
            continue
        name = pod["metadata"]["name"]
        proxied = f"/api/v1/namespaces/{served.namespace}/pods/{name}:{METRICS_PORT}/proxy/metrics"
        text = kubectl("get", "--raw", proxied)
        for metric, value in re.findall(r"^(\w+)\{[^}]*\} (\S+)$", text, re.MULTILINE):
            totals[metric] = totals.get(metric, 0.0) + float(value)
    return totals


@contextlib.contextmanager
def reach_gateway(namespace: str) -> Generator[str]:
    """The plain listener of a stack's gateway as host:port from here: its own address where that is routed, else a
    forwarded port."""
    found = json.loads(kubectl("--namespace", namespace, "get", "gateway", GATEWAY_NAME, "-o", "json"))
    address = next((str(each["value"]) for each in found.get("status", {}).get("addresses", ())), "")
    if address and _routed(address, HTTP_PORT):
        yield f"{address}:{HTTP_PORT}"
        return
    selector = f"{OWNER_LABEL}={namespace}"
    [proxies] = json.loads(kubectl("get", "services", "--all-namespaces", "--selector", selector, "-o", "json"))[
        "items"
    ]
    named = proxies["metadata"]
    with forwarded(named["namespace"], f"service/{named['name']}", HTTP_PORT) as here:
        yield here


@contextlib.contextmanager
def forwarded(namespace: str, what: str, port: int) -> Generator[str]:
    """A port of a pod or a Service (`pod/NAME`, `service/NAME`) as host:port from here."""
    command = ("kubectl", "--namespace", namespace, "port-forward", what, f":{port}")
    forward = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield f"127.0.0.1:{_forwarded_port(forward, what)}"
    finally:
        forward.terminate()
        forward.wait()


def _forwarded_port(forward: subprocess.Popen[str], what: str) -> int:
    assert forward.stdout  # noqa: S101 - a pipe, see the caller
    said: list[str] = []
    deadline = time.monotonic() + FORWARD_TIMEOUT_SECONDS
    while time.monotonic() < deadline and (line := forward.stdout.readline()):
        said.append(line)
        if match := re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> ", line):
            return int(match[1])
    raise StackUnreachableError(
        f"a port of {what} could not be forwarded, and its address is not routed here",
        "".join(said),
        "check that its pods are ready: kubectl get pods --all-namespaces -l app.kubernetes.io/part-of=plimsoll, or "
        "-l app.kubernetes.io/managed-by=envoy-gateway for the gateway",
    )


def _routed(address: str, port: int) -> bool:
    """Whether an address can be reached from here, given the time that what is behind it may need to start."""
    began = time.monotonic()
    patience = SILENT_SECONDS
    while time.monotonic() - began < patience:
        try:
            with socket.create_connection((address, port), CONNECT_TIMEOUT_SECONDS):
                return True
        except ConnectionRefusedError:
            patience = REFUSING_SECONDS
        except OSError:
            pass
        time.sleep(0.2)
    return False


def pulumi(*arguments: str) -> str:
    """What a pulumi command prints. Raises StackUnreachableError."""
    return _run(("pulumi", *arguments), "deploy the stack first: `make up`, or `pulumi up --stack NAME`")


def kubectl(*arguments: str) -> str:
    """What a kubectl command prints. Raises StackUnreachableError."""
    return _run(("kubectl", *arguments), "check the cluster: `make status`, or `kubectl get nodes`")


def _run(command: tuple[str, ...], way_out: str) -> str:
    try:
        # Ctrl-C is for the command that people see: what it has begun is ended by it, or finished.
        done = subprocess.run(command, check=False, capture_output=True, text=True, start_new_session=True)
    except FileNotFoundError as error:
        raise StackUnreachableError(
            f"`{command[0]}` is not on PATH", str(error), 'run `eval "$(make -s env)"` in this shell'
        ) from error
    if done.returncode != 0:
        raise StackUnreachableError(f"`{' '.join(command)}` failed", done.stderr, way_out)
    return done.stdout
