"""What somebody is paged for about a service's canary, as the stack's Prometheus says.

Not about the service as a whole: what an earlier canary has spent can page somebody minutes after it is gone.
"""

from collections.abc import Collection
from dataclasses import dataclass

from observability import metrics
from observability.rules import PAGE
from observability.variants import Variant
from ops.prometheus import Prometheus
from ops.stack import StackUnreachableError
from stacks.schema import Stack

Labels = frozenset[tuple[str, str]]
"""An alert's identity."""


@dataclass(frozen=True)
class Pages:
    """One look at the pages about a canary."""

    firing: dict[Labels, str]
    """The alert's name and summary, as a clause."""
    unheard: str = ""
    """Why none could be heard, as a clause; empty where they can."""

    def since(self, before: Collection[Labels]) -> str:
        """Those that were not firing before, as a clause; empty where there is none."""
        return "; ".join(said for alert, said in self.firing.items() if alert not in before)


def pages(stack: Stack, service: str) -> Pages:
    """The pages about a service's canary that fire now. A stack that nobody watches has none."""
    if stack.monitoring is None:
        return Pages({})
    try:
        alerts = Prometheus(stack.monitoring).alerts()
    except StackUnreachableError as error:
        return Pages({}, unheard=f"nobody would be paged, because Prometheus can't be asked: {error}")
    canary = {metrics.NAMESPACE: stack.namespace, metrics.SERVICE: service, metrics.VARIANT: Variant.CANARY}
    return Pages(
        {
            frozenset(alert["labels"].items()): f"{alert['labels']['alertname']}: {alert['annotations']['summary']}"
            for alert in alerts
            if alert["state"] == "firing" and {**canary, "severity": PAGE}.items() <= alert["labels"].items()
        }
    )
