"""The page that `ops preview` writes: short enough for a comment under a pull request, all else folded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from economics import MonthlyCost, monthly_cost
from policies.limits import Limits
from stacks.schema import Service, Slo, Stack, StackError

ABSENT = "none"

VERBS = {"create": "create", "update": "update", "delete": "delete", "replace": "**replace**"}
"""What is told of an engine's steps: a replacement is three of them, and told once."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """What a policy says against a change."""

    policy: str
    mandatory: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What an update would do, by Pulumi's engine."""

    changes: Mapping[str, Sequence[str]]
    """URNs of what is changed, by what would be done with them."""
    violations: Sequence[Violation]
    errors: Sequence[str]
    failed: bool

    @property
    def refused(self) -> bool:
        """Whether the update would not happen."""
        return self.failed or any(violation.mandatory for violation in self.violations)


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """All that is known of a change."""

    name: str
    planned: Planned
    before: Stack | None
    """As it is deployed; None where nothing is, or it is not known."""
    before_not_known: str
    """Why; empty where it is."""
    after: Stack
    limits: Limits
    exceptions: Sequence[str]
    today: date


def render(reviewed: Reviewed) -> str:
    """The page, as GitHub's Markdown."""
    parts = (_head, _errors, _policies, _exceptions, _before, _changes, _cost, _services, _room, _folded)
    return "\n\n".join(text for part in parts if (text := part(reviewed))) + "\n"


def marker(stack: str) -> str:
    """What a comment about a stack begins with, so that the next one takes its place."""
    return f"<!-- plimsoll preview of {stack} -->"


def _head(reviewed: Reviewed) -> str:
    return f"{marker(reviewed.name)}\n## Stack `{reviewed.name}`: {_verdict(reviewed.planned)}"


def _verdict(planned: Planned) -> str:
    refusing = {each.policy for each in planned.violations if each.mandatory}
    if planned.errors:
        return "the preview failed"
    if refusing:
        return f"**refused** by {_count(len(refusing), 'policy', 'policies')}"
    if planned.violations:
        return f"may be merged, with {_count(len(planned.violations), 'warning', 'warnings')}"
    return "may be merged"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _errors(reviewed: Reviewed) -> str:
    return "\n".join(f"```text\n{error}\n```" for error in reviewed.planned.errors)


def _before(reviewed: Reviewed) -> str:
    """What a page without anything to compare with has to say of itself."""
    if reviewed.before_not_known:
        return f"**What is deployed is not known**, so nothing is compared with it: {reviewed.before_not_known}"
    return "" if reviewed.before else "Nothing is deployed yet."


def _changes(reviewed: Reviewed) -> str:
    changed = {verb: len(reviewed.planned.changes.get(op, ())) for op, verb in VERBS.items()}
    told = [f"{verb} {count}" for verb, count in changed.items() if count]
    return f"Resources: {', '.join(told) or 'no change'}."


def _cost(reviewed: Reviewed) -> str:
    """What it costs, before and after; nothing for a stack that costs nothing."""
    after, why_not = _priced(reviewed.after)
    if why_not:
        return f"**Cost not known**\n\n```text\n{why_not}\n```"
    if after is None:
        return ""
    before = _priced(reviewed.before)[0] if reviewed.before else None
    budget = reviewed.after.budget
    rows = [
        ("floor", before and before.floor, after.floor),
        ("expected", before and before.expected, after.expected),
        ("worst case", before and before.worst, after.worst),
    ]
    table = ["| USD a month | before | after | change |", "|---|---:|---:|---:|"]
    for name, was, will in rows:
        change = f"{will - was:+,.0f}" if was is not None else ABSENT
        table.append(f"| {name} | {f'{was:,.0f}' if was is not None else ABSENT} | {will:,.0f} | {change} |")
    if budget:
        was = reviewed.before.budget.monthly_usd if reviewed.before and reviewed.before.budget else None
        told = f"{was:,.0f}" if was is not None else ABSENT
        taken = after.worst / budget.monthly_usd
        table.append(f"| budget | {told} | {budget.monthly_usd:,.0f} | the worst case takes {taken:.0%} |")
    prices = after.prices
    age = (reviewed.today - prices.read).days
    old = ", **old: read them anew**" if prices.are_old(reviewed.today) else ""
    table.append(f"\nList prices of {prices.read}, {_count(age, 'day', 'days')} old{old}; {prices.source}.")
    return "\n".join(table)


def _priced(stack: Stack | None) -> tuple[MonthlyCost | None, str]:
    """What a stack costs, and why that is not known."""
    try:
        return (monthly_cost(stack.in_force) if stack else None), ""
    except StackError as error:
        return None, str(error)


def _room(reviewed: Reviewed) -> str:
    """The pools: what they have, and what may be asked of them."""
    stack = reviewed.after.in_force
    if not stack.gpu_pools:
        return ""
    table = ["| pool | nodes | GPUs at most | asked for at worst | headroom |", "|---|---:|---:|---:|---:|"]
    for name, pool in stack.gpu_pools.items():
        asked = sum(service.max_replicas for service in stack.services.values() if service.pool == name)
        before = reviewed.before.gpu_pools.get(name) if reviewed.before else None
        was = f"{before.nodes.min} to {before.nodes.max} → " if before and before.nodes != pool.nodes else ""
        nodes = f"{was}{pool.nodes.min} to {pool.nodes.max}"
        table.append(f"| {name} | {nodes} | {pool.max_gpus} | {asked} | {pool.max_gpus - asked} |")
    return "\n".join(table)


FACTS: Mapping[str, Callable[[Service], str]] = {
    "version": lambda service: str(service.version),
    "canary": lambda service: (
        f"{service.canary.version} {'as a shadow' if service.canary.mirror else f'at {service.canary.weight} %'}"
        if service.canary
        else ABSENT
    ),
    "SLO": lambda service: _objectives(service.slo),
    "replicas": lambda service: f"{service.scaling.replicas.min} to {service.scaling.replicas.max}",
    "carries at most": lambda service: (
        f"{service.capacity.requests_per_second * service.scaling.replicas.max:,.0f}/s"
        if service.capacity
        else "not measured"
    ),
    "usual load": lambda service: (
        f"{usual:,.0f}/s" if (usual := service.traffic.usual_requests_per_second) is not None else "not said"
    ),
}
"""What is told of each service, by column."""


def _objectives(slo: Slo | None) -> str:
    if slo is None:
        return "**none**"
    return (
        f"{slo.availability_percent:g} %, {slo.latency.percent:g} % in {slo.latency.threshold_ms:g} ms, "
        f"{slo.window_days} d"
    )


def _services(reviewed: Reviewed) -> str:
    """Every service that is changed, and how; one that is new or goes is said to."""
    before: Mapping[str, Service] = reviewed.before.services if reviewed.before else {}
    after = reviewed.after.services
    rows = [
        f"| {name} | {' | '.join(_told(before.get(name), after.get(name)))} |"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]
    unchanged = sum(before.get(name) == service for name, service in after.items())
    if not rows:
        return f"Services: {_count(unchanged, 'service', 'services')}, none changed."
    table = [f"| service | {' | '.join(FACTS)} |", f"|---|{'---|' * len(FACTS)}", *rows]
    note = f"\n\n{_count(unchanged, 'other service', 'other services')} unchanged." if unchanged else ""
    return "\n".join(table) + note


def _told(before: Service | None, after: Service | None) -> Iterator[str]:
    for fact in FACTS.values():
        was, will = (fact(service) if service else None for service in (before, after))
        if was in {will, None}:
            yield str(will)
        elif will is None:
            yield f"~~{was}~~"
        else:
            yield f"{was} → **{will}**"


def _policies(reviewed: Reviewed) -> str:
    """Every violation, whole: it is why people read this."""
    of_policy: dict[tuple[str, bool], list[str]] = {}
    for violation in reviewed.planned.violations:
        of_policy.setdefault((violation.policy, violation.mandatory), []).append(violation.message)
    return "\n".join(
        f"<details{' open' if mandatory else ''}><summary><b>{policy}</b> {'refuses' if mandatory else 'warns'}: "
        f"{_count(len(messages), 'problem', 'problems')}</summary>\n\n```text\n{_told_once(messages)}\n```\n</details>"
        for (policy, mandatory), messages in of_policy.items()
    )


def _told_once(messages: Sequence[str]) -> str:
    """The messages of one policy. Pulumi begins each with what the policy says of itself."""
    return "\n\n".join([messages[0], *(message.partition("\n")[2] for message in messages[1:])])


def _exceptions(reviewed: Reviewed) -> str:
    told = [f"- {note}" for note in reviewed.exceptions]
    return "\n".join(["Exceptions from policies:", "", *told]) if told else ""


def _folded(reviewed: Reviewed) -> str:
    """What few readers need: each resource, and what each part costs."""
    lines = [
        f"- {verb} `{urn.split('::', 2)[2]}`"
        for op, verb in VERBS.items()
        for urn in reviewed.planned.changes.get(op, ())
    ]
    cost, _ = _priced(reviewed.after)
    costs = (
        [f"- {item.of}: {item.floor:,.0f} / {item.expected:,.0f} / {item.worst:,.0f}" for item in cost.items]
        if cost
        else []
    )
    sections = {"Resources": lines, "Cost of each part: floor / expected / worst, USD a month": costs}
    return "\n".join(
        f"<details><summary>{title}</summary>\n\n" + "\n".join(told) + "\n\n</details>"
        for title, told in sections.items()
        if told
    )
