"""What can't be had back is not deleted by an update, whoever wrote it."""

from collections.abc import Iterator

from stacks.schema import Problem

from policies.limits import Limits
from policies.policy import OfResource, Resource


def problems(resource: Resource, limits: Limits) -> Iterator[Problem]:
    """A resource of a protected kind that an update could delete."""
    if resource.type in limits.protected and not resource.protected:
        yield Problem(
            path=resource.path,
            found="can be deleted by an update",
            limit="protect=True, on every " + " and ".join(each.rpartition(":")[2] for each in limits.protected),
            reason="its data, its address or the workloads on it don't come back with the next update",
            way_out="make it with pulumi.ResourceOptions(protect=True); who means to delete it takes that out first, "
            "in a change of its own",
        )


POLICY = OfResource("deletion-protection", "What can't be had back is not deleted by an update.", problems)
