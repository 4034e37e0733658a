"""From a stack file's object to a checked `Stack`, or to every reason why not."""

from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import ValidationError

from stacks.schema.checks import contradictions
from stacks.schema.problem import Problem, StackError
from stacks.schema.refusal import field_problems
from stacks.schema.stack import Stack


def parse(config: object) -> Stack:
    """The `plimsoll:stack` object as a `Stack`; raises `StackError` with every problem, and nothing else."""
    try:
        stack = _read(config)
    except ValidationError as refused:
        raise StackError([*field_problems(refused), *_other_contradictions(config, refused)]) from None
    if problems := tuple(contradictions(stack)):
        raise StackError(problems)
    return stack


def _read(config: object) -> Stack:
    return Stack.model_validate(config, by_alias=True, by_name=False)


def _other_contradictions(config: object, refused: ValidationError) -> Iterator[Problem]:
    """The contradictions among what could be read: services that could not are set aside, and only services."""
    unread = {error["loc"][:2] for error in refused.errors()}
    if any(loc[:1] != ("services",) or len(loc) < 2 for loc in unread):
        return
    stack = cast("Mapping[str, Mapping[str, object]]", config)
    read = {name: service for name, service in stack["services"].items() if ("services", name) not in unread}
    try:
        yield from contradictions(_read({**stack, "services": read}))
    except ValidationError:
        return
