"""What a policy is: a name, a sentence, and a function from what is judged to what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stacks.schema import Problem

from policies.change import Change
from policies.limits import Limits

Props = Mapping[str, Any]
"""Properties of a resource, or of a part of one. Reading what only the update can know raises UnknownValueError."""


def below(props: Props, *keys: str) -> Props:
    """What stands below some keys, one in the other; empty where nothing does."""
    for key in keys:
        props = props.get(key) or {}
    return props


def each(props: Props, key: str) -> Sequence[Any]:
    """The elements of a list; none where there is no list."""
    return props.get(key) or ()


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as it is about to be."""

    type: str
    """As Pulumi writes it, such as `aws:s3/bucket:Bucket`."""
    name: str
    props: Props
    """Its inputs."""
    provider: Props = field(default_factory=dict[str, Any])
    """The inputs of what makes it."""
    protected: bool = False

    @property
    def kind(self) -> str:
        """The last part of its type: of a Kubernetes object its kind."""
        return self.type.rpartition(":")[2]

    @property
    def is_kubernetes_object(self) -> bool:
        """Whether it is applied to a cluster as it stands here."""
        return self.type.startswith("kubernetes:") and "kind" in self.props

    @property
    def path(self) -> str:
        """What a problem names it by."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class OfStack:
    """Judges what a stack asks for, before the first resource is touched. The emergency brake is exempt."""

    name: str
    description: str
    problems: Callable[[Change], Iterator[Problem]]


@dataclass(frozen=True)
class OfResource:
    """Judges each resource by itself, before it is touched."""

    name: str
    description: str
    problems: Callable[[Resource, Limits], Iterator[Problem]]


@dataclass(frozen=True)
class OfPlan:
    """Judges all resources that an update would leave together, when each of them is known."""

    name: str
    description: str
    problems: Callable[[Change, Sequence[Resource]], Iterator[Problem]]


Policy = OfStack | OfResource | OfPlan
