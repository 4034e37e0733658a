"""A service whose error budget is spent changes only backwards, or by what is marked as its fix."""

from collections.abc import Iterator

from stacks.schema import Problem, Service, Stack

from policies.change import Change, NotKnownError
from policies.policy import OfStack


def problems(change: Change) -> Iterator[Problem]:
    """Changes of services that have nothing left to spend."""
    try:
        deployed = change.deployed
    except NotKnownError as error:
        if any(not service.is_fix(change.today) for service in change.stack.services.values()):
            yield _refused("services", f"can't be judged: what is deployed is not known: {error}")
        return
    if deployed is None or deployed.monitoring is None:
        return  # nothing is served yet, or nobody has counted: policy slo speaks of that
    around = _changed_around(deployed, change.stack)
    for name, service in change.stack.services.items():
        before = deployed.services.get(name)
        if before is None or before.slo is None or service.is_fix(change.today):
            continue
        changes = around if goes_back(before, service) else ["it", *around]
        if not changes:
            continue
        try:
            left = change.health(name, service.version).budget_left
        except NotKnownError as error:
            yield _refused(f"services.{name}", f"can't be judged: {error}")
            continue
        for objective, share in left.items():
            if share <= 0:
                found = f"{' and '.join(changes)} would change, and its {objective} budget is overspent by {-share:.1%}"
                yield _refused(f"services.{name}", found)


def _changed_around(before: Stack, after: Stack) -> list[str]:
    """What services share and is not as it was."""
    shared = {"images": (before.images, after.images), "gateway": (before.gateway, after.gateway)}
    return [key for key, (old, new) in shared.items() if old != new]


def goes_back(before: Service, after: Service) -> bool:
    """Whether a service stays as it is, or differs only in that a version on trial gets less or an older one serves."""
    lower = after.version <= before.version
    if after.canary and before.canary and after.canary.version == before.canary.version:
        lower &= after.canary.weight <= before.canary.weight
    elif after.canary:
        lower &= after.canary.weight == 0 and not after.canary.mirror and before.canary is not None
    return lower and _without_versions(before) == _without_versions(after)


def _without_versions(service: Service) -> Service:
    return service.model_copy(update={"version": 1, "canary": None, "fix": None})


def _refused(path: str, found: str) -> Problem:
    return Problem(
        path=path,
        found=found,
        limit="budget left, a step back, or a change that is marked as the fix",
        reason="callers have had all the failures that they were promised at most: now only what ends them may change",
        way_out="go back (canary.weight: 0, or the version before), or mark it: fix: {reason: what it mends, by: who, "
        "until: a day}",
    )


POLICY = OfStack("error-budget", "A service whose error budget is spent changes only backwards, or by a fix.", problems)
