"""The page that `ops preview` writes: short enough for a comment under a pull request, all else folded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from economics import MonthlyCost, monthly_cost
from policies.all import POLICIES
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
    is_first: bool
    """Whether nothing of the stack is deployed."""
    before: Stack | None
    """What the last update was asked for; None where there was none, or it is not known."""
    after: Stack | None
    """What this one is asked for; None where it failed before that was known."""

    @property
    def refused(self) -> bool:
        """Whether the update would not happen."""
        return self.failed or any(violation.mandatory for violation in self.violations)


def render(stack: str, planned: Planned, exceptions: Sequence[str], today: date) -> str:
    """The page about a change of a stack, as GitHub's Markdown."""
    parts = [
        f"{marker(stack)}\n## Stack `{stack}`: {_verdict(planned)}",
        *(f"```text\n{error}\n```" for error in planned.errors),
        _policies(planned.violations),
        _exceptions(exceptions),
    ]
    if planned.after:
        parts += [
            _before(planned),
            _changes(planned),
            _cost(planned.before, planned.after, today),
            _services(planned.before, planned.after),
            _room(planned.before, planned.after),
            _folded("Resources", _resources(planned)),
            _folded("Cost of each part: floor / expected / worst, USD a month", _parts(planned.after)),
        ]
    return "\n\n".join(filter(None, parts)) + "\n"


def marker(stack: str) -> str:
    """What a comment about a stack begins with, so that the next one takes its place."""
    return f"<!-- plimsoll preview of {stack} -->"


def _verdict(planned: Planned) -> str:
    refusing = {each.policy for each in planned.violations if each.mandatory}
    if planned.errors:
        return "the preview failed"
    if refusing:
        return f"**refused** by {_count(len(refusing), 'policy', 'policies')}"
    if planned.violations:
        return f"may be merged, with {_count(len(planned.violations), 'warning', 'warnings')}"
    return f"may be merged, all {len(POLICIES)} policies pass"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _before(planned: Planned) -> str:
    """What a page without anything to compare with has to say of itself."""
    if planned.is_first:
        return "Nothing is deployed yet."
    return (
        "" if planned.before else "What is deployed was asked for in other words than today's: nothing to compare with."
    )


def _changes(planned: Planned) -> str:
    changed = {verb: len(planned.changes.get(op, ())) for op, verb in VERBS.items()}
    told = [f"{verb} {count}" for verb, count in changed.items() if count]
    return f"Resources: {', '.join(told) or 'no change'}."


def _cost(before: Stack | None, after: Stack, today: date) -> str:
    """What it costs, before and after; nothing for a stack that costs nothing."""
    will, why_not = _priced(after)
    if why_not:
        return f"**Cost not known**\n\n```text\n{why_not}\n```"
    if will is None:
        return ""
    was = _priced(before)[0] if before else None
    rows = [
        ("floor", was and was.floor, will.floor),
        ("expected", was and was.expected, will.expected),
        ("worst case", was and was.worst, will.worst),
    ]
    table = ["| USD a month | before | after | change |", "|---|---:|---:|---:|"]
    for name, old, new in rows:
        change = f"{new - old:+,.0f}" if old is not None else ""
        table.append(f"| {name} | {_usd(old)} | {_usd(new)} | {change} |")
    if budget := after.budget:
        old = before.budget.monthly_usd if before and before.budget else None
        taken = will.worst / budget.monthly_usd
        table.append(
            f"| budget | {_usd(old)} | {_usd(budget.monthly_usd)} | the worst case takes {taken * 100:.0f} % |"
        )
    prices = will.prices
    age = (today - prices.read).days
    stale = ", **old: read them anew**" if prices.are_old(today) else ""
    table.append(f"\nList prices of {prices.read}, {_count(age, 'day', 'days')} old{stale}; {prices.source}.")
    return "\n".join(table)


def _usd(amount: float | None) -> str:
    return f"{amount:,.0f}" if amount is not None else ""


def _priced(stack: Stack | None) -> tuple[MonthlyCost | None, str]:
    """What a stack costs, and why that is not known."""
    try:
        return (monthly_cost(stack.in_force) if stack else None), ""
    except StackError as error:
        return None, str(error)


def _room(before: Stack | None, after: Stack) -> str:
    """The pools: what they have, and what may be asked of them."""
    stack = after.in_force
    if not stack.gpu_pools:
        return ""
    table = ["| pool | nodes | GPUs at most | asked for at worst | headroom |", "|---|---:|---:|---:|---:|"]
    for name, pool in stack.gpu_pools.items():
        wanted = stack.gpus_wanted(name)
        old = before.in_force.gpu_pools.get(name) if before else None
        was = f"{old.nodes.min} to {old.nodes.max} → " if old and old.nodes != pool.nodes else ""
        nodes = f"{was}{pool.nodes.min} to {pool.nodes.max}"
        table.append(f"| {name} | {nodes} | {pool.max_gpus} | {wanted} | {pool.max_gpus - wanted} |")
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


def _services(before: Stack | None, after: Stack) -> str:
    """Every service that is changed, and how; one that is new or goes is said to."""
    old: Mapping[str, Service] = before.services if before else {}
    new = after.services
    rows = [
        f"| {name} | {' | '.join(_told(old.get(name), new.get(name)))} |"
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]
    unchanged = sum(old.get(name) == service for name, service in new.items())
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


def _policies(violations: Sequence[Violation]) -> str:
    """Every violation, whole: it is why people read this."""
    of_policy: dict[tuple[str, bool], list[str]] = {}
    for violation in violations:
        of_policy.setdefault((violation.policy, violation.mandatory), []).append(violation.message)
    return "\n".join(
        f"<details{' open' if mandatory else ''}><summary><b>{policy}</b> {'refuses' if mandatory else 'warns'}: "
        f"{_count(len(messages), 'problem', 'problems')}</summary>\n\n```text\n{_told_once(messages)}\n```\n</details>"
        for (policy, mandatory), messages in of_policy.items()
    )


def _told_once(messages: Sequence[str]) -> str:
    """The messages of one policy. Pulumi begins each with what the policy says of itself."""
    return "\n\n".join([messages[0], *(message.partition("\n")[2] for message in messages[1:])])


def _exceptions(notes: Sequence[str]) -> str:
    return "\n".join(["Exceptions from policies:", "", *(f"- {note}" for note in notes)]) if notes else ""


def _resources(planned: Planned) -> Sequence[str]:
    return [f"{verb} {_short(urn)}" for op, verb in VERBS.items() for urn in planned.changes.get(op, ())]


def _short(urn: str) -> str:
    """A resource's type and name, without the types of what it is a part of."""
    types, name = urn.split("::", 3)[2:]
    return f"`{types.rpartition('$')[2]}` {name}"


def _parts(stack: Stack) -> Sequence[str]:
    cost, _ = _priced(stack)
    return (
        [f"{item.of}: {item.floor:,.0f} / {item.expected:,.0f} / {item.worst:,.0f}" for item in cost.items]
        if cost
        else []
    )


def _folded(title: str, told: Sequence[str]) -> str:
    """What few readers need."""
    lines = "\n".join(f"- {line}" for line in told)
    return f"<details><summary>{title}</summary>\n\n{lines}\n\n</details>" if told else ""
