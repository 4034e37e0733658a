"""Everything in AWS says whose it is: its provider puts the tags on all that it makes."""

import json
from collections.abc import Iterator

from stacks.schema import Problem

from policies.limits import Limits
from policies.policy import OfResource, Props, Resource, below


def problems(resource: Resource, limits: Limits) -> Iterator[Problem]:
    """A resource whose provider leaves out a tag, and one that takes a tag's value away."""
    if not resource.type.startswith("aws:"):
        return
    given = _default_tags(resource.provider)
    if missing := [tag for tag in limits.tags if not given.get(tag)]:
        yield _problem("the AWS provider: defaultTags.tags", f"has no {', '.join(missing)}", limits)
    own = below(resource.props, "tags")
    for tag in limits.tags:
        if own.get(tag) == "":
            yield _problem(f"{resource.path}: tags", f"sets {tag} to nothing", limits)


def _default_tags(provider: Props) -> Props:
    # Pulumi hands providers everything but text as JSON.
    settings: Props = json.loads(provider.get("defaultTags") or "{}")
    return below(settings, "tags")


def _problem(path: str, found: str, limits: Limits) -> Problem:
    return Problem(
        path=path,
        found=found,
        limit=f"each of: {', '.join(limits.tags)}",
        reason="what has no owner is found on the bill, and nobody dares to delete it",
        way_out="give the provider the stack's tags as its default tags, as components/eks/platform.py does",
    )


POLICY = OfResource("tags", "Everything in AWS says which stack it is of, and who pays for it.", problems)
