"""How Pulumi's engine runs the policies, and what a violation says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Policy as EnginePolicy
from pulumi_policy.proxy import UnknownValueError
from stacks.schema import STACK_TYPE, Problem, parse

from policies import exceptions
from policies.change import Asked, Change
from policies.deployed import health_reader, start_reading
from policies.limits import AllLimits, Enforcement
from policies.policy import OfPlan, OfResource, OfStack, Policy, Resource

PAGES = "docs/policies"
NOTICES = "exceptions"
ROOT = "pulumi:pulumi:Stack"
"""The type of the resource that Pulumi itself makes, before all others."""

ResourceValidation = Callable[[ResourceValidationArgs, ReportViolation], None]

LEVELS = {
    Enforcement.ADVISORY: EnforcementLevel.ADVISORY,
    Enforcement.MANDATORY: EnforcementLevel.MANDATORY,
}


class Judge:
    """Judges one update of one stack, under that stack's limits."""

    policies: list[EnginePolicy]
    """As Pulumi takes them, after one that tells which exceptions there are."""

    def __init__(self, policies: Iterable[Policy], limits: AllLimits, today: date) -> None:
        self._all_limits = limits
        self._today = today
        self._change: Change | None = None
        self._plan: dict[str, Resource] = {}
        self._said: set[tuple[str, str]] = set()
        begin = _of_type(ROOT, self._begin)
        notices = ResourceValidationPolicy(
            NOTICES, "Exceptions from policies, which end.", begin, EnforcementLevel.ADVISORY
        )
        self.policies = [notices, *map(self._for_engine, policies)]

    def _begin(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        """Learn which stack it is, and with it how strict to be: Pulumi says so with the first resource, not before."""
        self._stack = args.urn.split(":")[2]
        self._limits, self._exemptions = self._all_limits.of(self._stack)
        self._read_deployed = start_reading(self._stack)
        for policy in self.policies[1:]:
            policy.enforcement_level = LEVELS[self._limits.enforcement]
        for note in exceptions.notes(self._exemptions, self._today):
            report(note, None)

    def _for_engine(self, policy: Policy) -> EnginePolicy:
        name, description, level = policy.name, policy.description, EnforcementLevel.MANDATORY
        match policy:
            case OfStack(problems=problems):

                def of_stack(args: ResourceValidationArgs, report: ReportViolation) -> None:
                    change = self._change_to(args.props)
                    if not change.is_the_brake:
                        self._report(name, problems(change), report)

                return ResourceValidationPolicy(name, description, _of_type(STACK_TYPE, of_stack), level)
            case OfResource(problems=problems):

                def of_resource(args: ResourceValidationArgs, report: ReportViolation) -> None:
                    self._plan[args.urn] = resource = _resource(args)
                    try:
                        self._report(name, problems(resource, self._limits), report)
                    except UnknownValueError as unknown:
                        unknown.message = f"{resource.path}: {unknown.message}"
                        raise

                return ResourceValidationPolicy(name, description, of_resource, level)
            case OfPlan(problems=problems):

                def of_plan(args: StackValidationArgs, report: ReportViolation) -> None:  # noqa: ARG001
                    # Not what Pulumi hands over here: those are outputs, and before there is a cluster they are empty.
                    if self._change and not self._change.is_the_brake:
                        self._report(name, problems(self._change, [*self._plan.values()]), report)

                return StackValidationPolicy(name, description, of_plan, level)

    def _change_to(self, props: Mapping[str, Any]) -> Change:
        if self._change is None:
            asked = Asked(parse(_plain(props["asked"])), _plain(props["versions"]))
            read_health = health_reader(self._stack, self._limits.canary.healthy_minutes)
            self._change = Change(asked, self._limits, self._today, self._read_deployed, read_health)
        return self._change

    def _report(self, policy: str, problems: Iterator[Problem], report: ReportViolation) -> None:
        for problem in problems:
            said = (policy, str(problem))  # of what many resources share, once
            if said in self._said or any(each.covers(policy, problem.path, self._today) for each in self._exemptions):
                continue
            self._said.add(said)
            report(f"{problem}\n    page    {PAGES}/{policy}.md", None)


def _of_type(resource_type: str, judge: ResourceValidation) -> ResourceValidation:
    """What judges resources of one type, and no other."""

    def judge_if(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type == resource_type:
            judge(args, report)

    return judge_if


def _resource(args: ResourceValidationArgs) -> Resource:
    provider: Mapping[str, Any] = args.provider.props if args.provider else {}
    return Resource(
        type=args.resource_type, name=args.name, props=args.props, provider=provider, protected=args.opts.protect
    )


def _plain(value: object) -> Any:
    """A value as JSON has it. Raises UnknownValueError."""
    match value:
        case str():
            return value
        case float() if value.is_integer():
            return int(value)  # on its way here every number has become one with a fraction
        case Mapping():
            return {key: _plain(inner) for key, inner in cast("Mapping[str, object]", value).items()}
        case Iterable():
            return [_plain(inner) for inner in cast("Iterable[object]", value)]
        case _:
            return value
