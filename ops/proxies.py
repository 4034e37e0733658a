"""What the proxies of a stack's gateway have counted so far."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from observability.gateway import METRICS_PORT, Counts, backend, counts
from observability.variants import OWNER_LABEL, Variant
from ops.stack import ServedModel, kubectl


@dataclass(frozen=True)
class Reading:
    """The counts of both sides of a service, by proxy."""

    of_proxy: Mapping[str, Mapping[Variant, Counts]]

    def since(self, earlier: "Reading") -> Mapping[Variant, Counts]:
        """What all proxies together have counted after an earlier reading, by side."""
        total = dict.fromkeys(Variant, Counts())
        for proxy, sides in self.of_proxy.items():
            before = earlier.of_proxy.get(proxy, {})
            for variant, now in sides.items():
                total[variant] += now.since(before.get(variant, Counts()))
        return total


def read(served: ServedModel) -> Reading:
    """Ask every proxy now. Raises StackUnreachableError."""
    backends = {
        backend(served.namespace, served.service, variant, port, name): variant
        for variant in Variant
        for port, name in ((served.stable.http_port, "http"), (served.stable.grpc_port, "grpc"))
    }
    listed = json.loads(
        kubectl("get", "pods", "--all-namespaces", "--selector", f"{OWNER_LABEL}={served.namespace}", "-o", "json")
    )
    only = quote(f"service/{served.namespace}/{served.service}(-{Variant.CANARY})?/")
    of_proxy: dict[str, Mapping[Variant, Counts]] = {}
    for pod in listed["items"]:
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]:
            namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            path = f"/api/v1/namespaces/{namespace}/pods/{name}:{METRICS_PORT}/proxy/stats/prometheus"
            of_proxy[name] = counts(kubectl("get", "--raw", f"{path}?usedonly&filter={only}"), backends)
    return Reading(of_proxy)
