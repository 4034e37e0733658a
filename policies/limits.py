"""What each stack may do at most: limits.yaml, typed. A mistake in it stops every update, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, Strict, ValidationError
from stacks.schema import Spec

FILE = Path(__file__).with_name("limits.yaml")

Names = Annotated[tuple[str, ...], Strict(strict=False)]


class Enforcement(StrEnum):
    """What a violation does."""

    ADVISORY = "advisory"
    """It is said, and nothing is stopped."""
    MANDATORY = "mandatory"
    """Nothing is changed."""


class PoolLimits(Spec):
    """How large a GPU pool may be."""

    max_nodes: int = Field(ge=1)


class CanaryLimits(Spec):
    """How fast a version may get requests, and what has to be known of it first."""

    first_step_percent: int = Field(ge=1, le=100)
    max_step_percent: int = Field(ge=1, le=100)
    healthy_minutes: int = Field(ge=1, le=60 * 24)
    least_requests: int = Field(ge=1)
    least_budget_left_percent: float = Field(ge=0, le=100)
    newest_sample_seconds: int = Field(ge=1)


class BatchingLimits(Spec):
    """How long requests may wait, and how many."""

    max_delay_percent: float = Field(gt=0, le=100)
    max_queue_size: int = Field(ge=1)


class Limits(Spec):
    """What one stack may do at most, and whom to ask for more."""

    owner: str
    enforcement: Annotated[Enforcement, Strict(strict=False)]
    monthly_usd: float = Field(gt=0)
    gpu_pools: PoolLimits
    canary: CanaryLimits
    batching: BatchingLimits
    registries: Names
    """How the names of allowed images begin: a registry, or one of its folders."""
    tags: Names
    protected: Names
    """Types of resources, as Pulumi writes them."""


class Exemption(Spec):
    """One violation that is allowed for a while."""

    stack: str
    policy: str
    path: str
    """As the violation names it."""
    reason: str = Field(min_length=10)
    granted_by: str
    until: date
    """The last day on which it holds."""

    def covers(self, policy: str, path: str, today: date) -> bool:
        """Whether a violation is allowed today."""
        return (self.policy, self.path) == (policy, path) and today <= self.until


class LimitsError(Exception):
    """limits.yaml says something that it may not: where, and what would do."""


class _File(Spec):
    every: Limits
    stacks: Mapping[str, Mapping[str, Any]]
    exceptions: Annotated[tuple[Exemption, ...], Strict(strict=False)]


@dataclass(frozen=True)
class AllLimits:
    """The limits of every stack."""

    every: Limits
    stacks: Mapping[str, Limits]
    exemptions: Sequence[Exemption]

    def of(self, stack: str) -> tuple[Limits, tuple[Exemption, ...]]:
        """What a stack may do, and what it may do otherwise for a while, exemptions that are over included."""
        own = tuple(each for each in self.exemptions if each.stack == stack)
        return self.stacks.get(stack, self.every), own


def read_limits(file: Path = FILE) -> AllLimits:
    """What limits.yaml says. Raises LimitsError."""
    try:
        read: dict[str, Any] = yaml.safe_load(file.read_text())
        whole = _File.model_validate(read, by_alias=True, by_name=False)
        stacks = {
            stack: Limits.model_validate({**read["every"], **own}, by_alias=True, by_name=False)
            for stack, own in whole.stacks.items()
        }
    except ValidationError as refused:
        said = "\n".join(f"  {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.errors())
        raise LimitsError(f"policies/{file.name} can't be read, so nothing may change:\n{said}") from None
    return AllLimits(whole.every, stacks, whole.exceptions)
