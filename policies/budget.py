"""A stack's worst month fits its budget, and its budget what its owner allows."""

from collections.abc import Iterator

from economics import monthly_cost
from stacks.schema import Problem, StackError

from policies.change import Change
from policies.policy import OfStack


def problems(change: Change) -> Iterator[Problem]:
    """What would overspend, or can't be priced."""
    stack, limits = change.stack, change.limits
    try:
        cost = monthly_cost(stack.in_force)
    except StackError as unpriced:
        yield from unpriced.problems
        return
    if cost is None:
        return
    if stack.budget is None:
        yield Problem(
            path="budget",
            found="is absent",
            limit="a monthlyUsd and an owner",
            reason=f"the stack may cost {cost.worst:,.0f} USD a month, and nobody has agreed to that",
            way_out=f"say a budget of at least that, and at most {limits.monthly_usd:,.0f} USD",
        )
        return
    budget = stack.budget.monthly_usd
    if cost.worst > budget:
        dearest = max(cost.items, key=lambda item: item.worst - item.floor)
        yield Problem(
            path="budget.monthlyUsd",
            found=f"the worst month costs {cost.worst:,.0f} USD (expected {cost.expected:,.0f}, "
            f"floor {cost.floor:,.0f})",
            limit=f"{budget:,.0f} USD, as the stack says",
            reason="the worst month is what autoscalers may do on a night when nobody looks",
            way_out=f"lower what grows most, '{dearest.of}' (up to {dearest.worst:,.0f} USD): nodes.max or its dearest "
            f"type; or ask {stack.budget.owner} for a larger budget",
        )
    if budget > limits.monthly_usd:
        yield Problem(
            path="budget.monthlyUsd",
            found=f"{budget:,.0f} USD",
            limit=f"{limits.monthly_usd:,.0f} USD, by policies/limits.yaml",
            reason="a budget that its spender sets alone is none",
            way_out=f"lower it, or ask {limits.owner} for a higher limit",
        )


POLICY = OfStack("budget", "A stack's worst month fits its budget, and its budget what its owner allows.", problems)
