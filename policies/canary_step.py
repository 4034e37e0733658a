"""A version gets more requests step by step, each with evidence from Prometheus that the last one went well.

What gets requests keeps its files: other weights under the same number would be a step to all its callers at once.

Going back needs no evidence: a lower weight, no canary, and a version that is older than the one that serves.
"""

from collections.abc import Iterator

from observability.evidence import Health
from stacks.schema import Problem, Service

from policies.change import Change, NotKnownError
from policies.limits import CanaryLimits
from policies.policy import OfStack

STABLE = 100
"""Percent of the requests, that the stable version may get."""


def problems(change: Change) -> Iterator[Problem]:
    """Versions that would get too many requests too soon, or for which nothing speaks."""
    for name, service in change.stack.services.items():
        try:
            deployed = change.deployed_service(name)
        except NotKnownError as error:
            if service.canary and service.canary.weight:
                yield _not_known(f"services.{name}.canary.weight", f"what weight it has now: {error}")
            continue
        if raised := _raised(service, deployed):
            yield from _judged(change, name, *raised)
        if deployed:
            yield from _rewritten(change, deployed, service)


def _raised(service: Service, deployed: Service | None) -> tuple[str, int, int, int] | None:
    """What key gives which version more requests, from how many percent to how many; None if none gets more."""
    if deployed and service.version > deployed.version:
        return "version", service.version, _weight(deployed, service.version), STABLE
    if service.canary and service.canary.weight > (now := _weight(deployed, service.canary.version)):
        return "canary.weight", service.canary.version, now, service.canary.weight
    return None


def _weight(deployed: Service | None, version: int) -> int:
    """The share of the requests that a version gets now, in percent."""
    if deployed and deployed.version == version:
        return STABLE
    canary = deployed.canary if deployed else None
    return canary.weight if canary and canary.version == version else 0


def _rewritten(change: Change, deployed: Service, service: Service) -> Iterator[Problem]:
    for version in sorted(_answering(deployed) & _answering(service)):
        if change.has_other_files(version):
            yield Problem(
                path=f"model_repo/{version}",
                found="holds other files than the ones that serve",
                limit="files that stay as they are while their version gets requests",
                reason="all its callers would get the new ones at once, and the old ones are not there to go back to",
                way_out="put the old ones back, and the new ones into a folder with the next number",
            )


def _answering(service: Service) -> set[str]:
    """The versions that get requests, as `model/version`."""
    versions = {service.version, *([service.canary.version] if service.canary and service.canary.weight else [])}
    return {f"{service.model}/{version}" for version in versions}


def _judged(change: Change, name: str, key: str, version: int, now: int, then: int) -> Iterator[Problem]:
    limits, path = change.limits.canary, f"services.{name}.{key}"
    most = now + limits.max_step_percent if now else limits.first_step_percent
    if then > most:
        yield Problem(
            path=path,
            found=f"version {version} would get {then} % of the requests, and has {now} %",
            limit=f"{most} % now, by policies/limits.yaml",
            reason="a bad version costs its share: small steps are what makes that cheap",
            way_out=f"take it there step by step: python -m ops rollout {name} --to {version}",
        )
    try:
        health = change.health(name, version)
    except NotKnownError as error:
        yield _not_known(path, str(error))
        return
    if against := list(_against(health, limits, on_trial=now > 0)):
        yield Problem(
            path=path,
            found=f"version {version} would get {then} % of the requests after {now} %, and {'; '.join(against)}",
            limit=f"{limits.healthy_minutes} minutes within its objectives, by at least {limits.least_requests} "
            f"requests, and {limits.least_budget_left_percent:g} % of the error budget left"
            if now
            else f"{limits.least_budget_left_percent:g} % of the error budget left",
            reason="more requests for a version of which nothing good is known spend the budget of all callers",
            way_out="wait, or take it back: weight 0 is always allowed. What is measured: python -m ops doctor",
        )


def _against(health: Health, limits: CanaryLimits, *, on_trial: bool) -> Iterator[str]:
    """What speaks against more requests, as clauses; what is not known does."""
    newest = health.canary_age_seconds if on_trial else health.age_seconds
    if newest is None:
        yield f"Prometheus has no sample of {'it' if on_trial else 'the service'}"
        return
    if newest > limits.newest_sample_seconds:
        yield f"the newest sample is {newest:.0f} s old (limit {limits.newest_sample_seconds})"
    if not health.budget_left:
        yield "Prometheus does not say what is left of the error budget"
    for objective, left in health.budget_left.items():
        if left * 100 < limits.least_budget_left_percent:
            yield f"{left:.1%} of the {objective} budget is left"
    if on_trial:
        yield from _against_trial(health, limits)


def _against_trial(health: Health, limits: CanaryLimits) -> Iterator[str]:
    """What speaks against it of how it did with the requests that it has."""
    if not health.was_there:
        yield f"it was not there {limits.healthy_minutes} minutes ago"
    if health.requests < limits.least_requests:
        yield f"it had {health.requests:.0f} requests since"
    if not health.burn:
        yield "Prometheus does not say how it keeps its objectives"
    for objective, burn in health.burn.items():
        if burn > 1:
            yield f"it spends the {objective} budget {burn:.1f} times as fast as it may"


def _not_known(path: str, what: str) -> Problem:
    return Problem(
        path=path,
        found=f"can't be judged: {what}",
        limit="evidence from Prometheus",
        reason="what is not known is never taken for good",
        way_out="bring Prometheus back (python -m ops doctor), or set the weight to 0, which is always allowed",
    )


POLICY = OfStack("canary-step", "A version gets more requests step by step, each with evidence.", problems)
