"""A deployed stack as its outputs describe it, and ways to reach its servers from here."""

import contextlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

METRICS_PORT = 8002
FORWARD_TIMEOUT_SECONDS = 15.0
CONNECT_TIMEOUT_SECONDS = 1.0


class StackUnreachableError(Exception):
    """The stack isn't there, or nothing leads to it from here: what was tried, what it said, the way out."""

    def __init__(self, problem: str, said: str, way_out: str) -> None:
        super().__init__(f"{problem}\n  said  {said.strip() or 'nothing'}\n  fix   {way_out}")


@dataclass(frozen=True)
class ServedModel:
    """One service of a deployed stack."""

    service: str
    namespace: str
    model: str
    version: int
    replicas: int
    address: str
    http_port: int
    grpc_port: int


@dataclass(frozen=True)
class Endpoints:
    """Where to send requests, as host:port."""

    http: str
    grpc: str


def served_models(stack: str) -> list[ServedModel]:
    """Every service that the stack's last update left."""
    return from_outputs(json.loads(_pulumi("stack", "output", "--json", "--stack", stack)))


def from_outputs(outputs: Mapping[str, Any]) -> list[ServedModel]:
    """The services that a stack's outputs describe, as `__main__.py` exports them."""
    return [
        ServedModel(
            service=name,
            namespace=outputs["namespace"],
            model=service["model"],
            version=int(service["version"]),
            replicas=int(service["replicas"]),
            address=service["address"],
            http_port=int(service["httpPort"]),
            grpc_port=int(service["grpcPort"]),
        )
        for name, service in outputs.get("services", {}).items()
    ]


def metrics(served: ServedModel) -> dict[str, float]:
    """Triton's counters, summed over the service's ready pods and all labels, by metric name."""
    selector = f"plimsoll.dev/service={served.service}"
    pods = json.loads(_kubectl("--namespace", served.namespace, "get", "pods", "--selector", selector, "-o", "json"))
    totals: dict[str, float] = {}
    for pod in pods["items"]:
        if not any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ())):
            continue
        name = pod["metadata"]["name"]
        proxied = f"/api/v1/namespaces/{served.namespace}/pods/{name}:{METRICS_PORT}/proxy/metrics"
        text = _kubectl("get", "--raw", proxied)
        for metric, value in re.findall(r"^(\w+)\{[^}]*\} (\S+)$", text, re.MULTILINE):
            totals[metric] = totals.get(metric, 0.0) + float(value)
    return totals


@contextlib.contextmanager
def reach(served: ServedModel) -> Generator[Endpoints]:
    """Endpoints that work from here: the Service's own address where that is routed, else forwarded ports."""
    if _connects(served.address, served.grpc_port):
        yield Endpoints(f"{served.address}:{served.http_port}", f"{served.address}:{served.grpc_port}")
        return
    ports = (served.http_port, served.grpc_port)
    command = ("kubectl", "--namespace", served.namespace, "port-forward", f"service/{served.service}",
               *(f":{port}" for port in ports))  # fmt: skip
    forward = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        local = _forwarded_ports(forward, ports)
        yield Endpoints(*(f"127.0.0.1:{local[port]}" for port in ports))
    finally:
        forward.terminate()
        forward.wait()


def _forwarded_ports(forward: subprocess.Popen[str], ports: tuple[int, ...]) -> dict[int, int]:
    assert forward.stdout  # noqa: S101 - a pipe, see the caller
    found: dict[int, int] = {}
    said: list[str] = []
    deadline = time.monotonic() + FORWARD_TIMEOUT_SECONDS
    while found.keys() != set(ports) and time.monotonic() < deadline:
        line = forward.stdout.readline()
        if not line:
            break
        said.append(line)
        if match := re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)", line):
            found[int(match[2])] = int(match[1])
    if found.keys() != set(ports):
        raise StackUnreachableError(
            "the service's address is not routed here, and its ports could not be forwarded",
            "".join(said),
            "check that the pods are ready: kubectl get pods --all-namespaces",
        )
    return found


def _connects(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), CONNECT_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def _pulumi(*arguments: str) -> str:
    return _run(("pulumi", *arguments), "deploy the stack first: `make up`, or `pulumi up --stack NAME`")


def _kubectl(*arguments: str) -> str:
    return _run(("kubectl", *arguments), "check the cluster: `make status`, or `kubectl get nodes`")


def _run(command: tuple[str, ...], way_out: str) -> str:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise StackUnreachableError(
            f"`{command[0]}` is not on PATH", str(error), 'run `eval "$(make -s env)"` in this shell'
        ) from error
    if done.returncode != 0:
        raise StackUnreachableError(f"`{' '.join(command)}` failed", done.stderr, way_out)
    return done.stdout
