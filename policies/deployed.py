"""What is deployed, and what Prometheus knows of it: read while the program starts, and waited for where needed."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from observability import evidence
from observability.evidence import Health
from ops.prometheus import Prometheus
from ops.stack import StackUnreachableError
from stacks.schema import STACK_TYPE, Cluster, EksCluster, ExistingCluster, LocalCluster, Stack, StackError, parse

from policies.change import Asked, NotKnownError
from policies.policy import Props, below, each

CHECKOUT = Path(__file__).parents[1]
PATIENCE_SECONDS = 60


def start_reading(stack: str) -> Callable[[], Asked | None]:
    """Begin to read what was deployed last. Call what comes back for it; that raises NotKnownError."""
    export = subprocess.Popen(
        ("pulumi", "stack", "export", "--stack", stack, "--cwd", str(CHECKOUT), "--non-interactive"),
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip

    def read() -> Asked | None:
        try:
            state, said = export.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            export.kill()
            raise NotKnownError(f"`pulumi stack export` took more than {PATIENCE_SECONDS} s") from error
        if export.returncode:
            raise NotKnownError(f"`pulumi stack export` says: {said.strip()}")
        return asked_in(json.loads(state))

    return read


def asked_in(state: Props) -> Asked | None:
    """What an exported state is the deployment of; None of an empty one. Raises NotKnownError."""
    resources = each(below(state, "deployment"), "resources")
    for resource in resources:
        if resource["type"] == STACK_TYPE:
            try:
                return Asked(parse(resource["inputs"]["asked"]), resource["inputs"]["versions"])
            except (StackError, KeyError) as error:
                raise NotKnownError("what is deployed was asked for in words that are no longer known") from error
    if any(resource.get("custom") and not resource["type"].startswith("pulumi:providers:") for resource in resources):
        raise NotKnownError("what is deployed does not say what was asked for: it is older than that")
    return None


def health_reader(name: str, minutes: int) -> Callable[[Stack, str, int], Health]:
    """What reads how a service and one of its versions did for so long; that raises NotKnownError."""

    def read(deployed: Stack, service: str, version: int) -> Health:
        if deployed.monitoring is None:
            raise NotKnownError("the stack, as it is deployed, has no monitoring")
        prometheus = Prometheus(deployed.monitoring, context_of(name, deployed.cluster))
        try:
            return evidence.health(prometheus.query(evidence.question(deployed.namespace, service, version, minutes)))
        except StackUnreachableError as error:
            raise NotKnownError(f"Prometheus does not answer: {error.said}") from error

    return read


def context_of(name: str, cluster: Cluster) -> str | None:
    """The kubeconfig context of a stack's own cluster: what another one's Prometheus knows says nothing here.

    None for the embedded cluster, which has a kubeconfig of its own.
    """
    match cluster:
        case ExistingCluster(context=context):
            return context
        case EksCluster():
            return cluster.name(name)
        case LocalCluster():
            return None
