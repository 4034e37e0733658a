"""What a service promises is counted, and somebody is called before its error budget is gone."""

from collections.abc import Iterator, Sequence

from observability import metrics
from observability.rules import AVAILABILITY, BURNS, LATENCY
from stacks.schema import Problem

from policies.change import Change
from policies.policy import OfPlan, Props, Resource, below, each

ALERT = "PlimsollErrorBudgetBurn"


def problems(change: Change, plan: Sequence[Resource]) -> Iterator[Problem]:
    """Objectives without a budget in the rules, and windows without an alert."""
    if not any(service.slo for service in change.stack.services.values()):
        return  # policy slo speaks of that
    rules = list(_rules(plan))
    budgets = {
        (rule["labels"].get(metrics.SERVICE), rule["labels"].get(metrics.OBJECTIVE))
        for rule in rules
        if rule.get("record") == metrics.ERROR_BUDGET
    }
    for name, service in change.stack.services.items():
        for objective in (AVAILABILITY, LATENCY) if service.slo else ():
            if (name, objective) not in budgets:
                yield _problem(f"services.{name}.slo", f"no rule records its {objective} budget")
    windows = {rule["labels"].get("long_window") for rule in rules if rule.get("alert") == ALERT}
    for burn in BURNS:
        if burn.long not in windows:
            yield _problem("PrometheusRule", f"no {ALERT} watches the last {burn.long}")


def _rules(plan: Sequence[Resource]) -> Iterator[Props]:
    for resource in plan:
        if resource.kind == "PrometheusRule":
            for group in each(below(resource.props, "spec"), "groups"):
                yield from each(group, "rules")


def _problem(path: str, found: str) -> Problem:
    windows = ", ".join(burn.long for burn in BURNS)
    return Problem(
        path=path,
        found=found,
        limit=f"a budget for each objective, and an alert over each of {windows}",
        reason="fast and slow leaks are seen over different times, and one that nobody is told of empties it all",
        way_out="place the rules of observability/rules.py, as components/monitoring.py does",
    )


POLICY = OfPlan("burn-rate-alerts", "Somebody is called before a service's error budget is gone.", problems)
