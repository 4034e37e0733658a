"""What has to be known of a version before it may get more requests: one question to Prometheus, and how to read it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from observability import metrics
from observability.queries import Series, Value
from observability.rules import BASE_WINDOW
from observability.variants import Variant

KNOWN = "known"
"""The label that tells the answers to one question apart."""

AGE, CANARY_AGE, THERE, REQUESTS = "age", "canary age", "there", "requests"
BURN, BURN_NOW, LEFT = "burn", "burn now", "left"


@dataclass(frozen=True)
class Health:
    """What Prometheus knows of a service, and of the version on trial in it. What it doesn't know is absent."""

    age_seconds: float | None = None
    """Of the newest sample of the service's servers."""
    canary_age_seconds: float | None = None
    """Of the newest sample of that version's."""
    was_there: bool = False
    """Whether it was on trial already when the time began that it is judged by."""
    requests: float = 0
    """Its own in that time."""
    burn: Mapping[str, float] = field(default_factory=dict[str, float])
    """By objective, how many times as fast as it may it spent the budget: in that time or, if more, just now."""
    budget_left: Mapping[str, float] = field(default_factory=dict[str, float])
    """By objective, the share of the service's budget that is left of its window: 0 and less is all spent."""


def question(namespace: str, service: str, version: int, minutes: int) -> str:
    """All that has to be known of a version that has been on trial for so long, as one PromQL expression."""
    of_service = Series(namespace=namespace, service=service)
    canary = Series(namespace=namespace, service=service, variant=Variant.CANARY, by=(metrics.OBJECTIVE,))
    window = f"{minutes}m"
    answered = canary.of(metrics.REQUESTS_SUCCEEDED, **{metrics.VERSION: str(version)})

    def on_average(metric: str) -> str:
        return canary.total(f"avg_over_time({canary.of(f'{metric}{BASE_WINDOW}')}[{window}])")

    budget = f"max by ({metrics.OBJECTIVE}) ({of_service.of(metrics.ERROR_BUDGET)})"
    known = {
        AGE: _age(of_service.of(metrics.REQUESTS_SUCCEEDED)),
        CANARY_AGE: _age(answered),
        THERE: f"count({answered} offset {window})",
        REQUESTS: f"sum(increase({answered}[{window}]))",
        BURN: f"{on_average(metrics.SLI_BAD)} / {on_average(metrics.SLI_TOTAL)} / {budget}",
        BURN_NOW: f"max by ({metrics.OBJECTIVE}) ({canary.of(f'{metrics.BURN}{BASE_WINDOW}')})",
        LEFT: f"min by ({metrics.OBJECTIVE}) ({of_service.of(metrics.BUDGET_LEFT)})",
    }
    return " or ".join(f'label_replace({expr}, "{KNOWN}", "{name}", "", "")' for name, expr in known.items())


def _age(samples: str) -> str:
    return f"time() - max(timestamp({samples}))"


def health(answers: Iterable[Value]) -> Health:
    """What the answers to that question say."""
    alone: dict[str, float] = {}
    by_objective: dict[str, dict[str, float]] = {BURN: {}, BURN_NOW: {}, LEFT: {}}
    for answer in answers:
        known = answer.labels[KNOWN]
        if math.isnan(answer.value):
            continue  # of no requests nothing is known
        if known in by_objective:
            by_objective[known][answer.labels[metrics.OBJECTIVE]] = answer.value
        else:
            alone[known] = answer.value
    burnt, now = by_objective[BURN], by_objective[BURN_NOW]
    return Health(
        age_seconds=alone.get(AGE),
        canary_age_seconds=alone.get(CANARY_AGE),
        was_there=THERE in alone,
        requests=alone.get(REQUESTS, 0),
        burn={objective: max(burn, now.get(objective, 0)) for objective, burn in burnt.items()},
        budget_left=by_objective[LEFT],
    )
