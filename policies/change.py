"""What policies judge: a stack as it is asked for, beside what is deployed and what is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from observability.evidence import Health
from stacks.schema import Service, Stack

from policies.limits import Limits


class NotKnownError(Exception):
    """Something that a policy has to know can't be found out: why, as a clause."""


@dataclass(frozen=True)
class Asked:
    """What an update is to bring about."""

    stack: Stack
    versions: Mapping[str, str]
    """A digest of the files of each version that its services name, by `model/version`."""


@dataclass(frozen=True)
class Change:
    """One update of a stack, before it happens."""

    asked: Asked
    limits: Limits
    today: date
    read_deployed: Callable[[], Asked | None]
    """What was asked for the last time; None if nothing was. Raises NotKnownError."""
    read_health: Callable[[Stack, str, int], Health]
    """What a deployed stack's Prometheus knows of a service and one of its versions. Raises NotKnownError."""

    @property
    def stack(self) -> Stack:
        """The stack as it is to be."""
        return self.asked.stack

    @property
    def deployed(self) -> Stack | None:
        """The stack as it is deployed; None before its first update. Raises NotKnownError."""
        return self._asked_before.stack if self._asked_before else None

    @cached_property
    def _asked_before(self) -> Asked | None:
        return self.read_deployed()

    def deployed_service(self, name: str) -> Service | None:
        """A service as it is deployed. Raises NotKnownError."""
        return self.deployed.services.get(name) if self.deployed else None

    def has_other_files(self, version: str) -> bool:
        """Whether a version, as `model/version`, is deployed with files that are not its own now.

        Raises NotKnownError.
        """
        before = self._asked_before.versions.get(version) if self._asked_before else None
        return before not in (None, self.asked.versions[version])

    def health(self, name: str, version: int) -> Health:
        """How a service and one of its versions do. Raises NotKnownError.

        Asked of what is deployed: a change can't choose the Prometheus that it is judged by.
        """
        if self.deployed is None:
            raise NotKnownError("nothing is deployed yet")
        return self.read_health(self.deployed, name, version)

    @property
    def is_the_brake(self) -> bool:
        """Whether this is the emergency brake and nothing else: it has to work whatever policies say."""
        if self.stack.emergency is None:
            return False
        try:
            deployed = self.deployed
        except NotKnownError:
            return True
        return deployed is not None and _released(deployed) == _released(self.stack)


def _released(stack: Stack) -> Stack:
    return stack.model_copy(update={"emergency": None})
