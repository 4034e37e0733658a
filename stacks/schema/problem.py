"""What an error about a stack says: where, what, the limit, its reason, and the way out."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing a stack may not say."""

    path: str
    """As the YAML spells it and `pulumi config set --path` takes it; `plimsoll:stack` for the whole object."""
    found: str
    """What stands there and what is wrong with it, as a clause."""
    limit: str
    """What may stand there."""
    reason: str
    """Why the limit exists."""
    way_out: str
    """What to do about it."""

    def __str__(self) -> str:
        lines = (("limit", self.limit), ("reason", self.reason), ("fix", self.way_out))
        return "\n".join([f"  {self.path}: {self.found}", *(_line(label, text) for label, text in lines)])


class StackError(Exception):
    """A stack was refused: every problem that was found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        return "\n\n".join([f"The stack config has {count}; nothing was changed.", *map(str, self.problems)])


def _line(label: str, text: str) -> str:
    return textwrap.fill(
        text,
        width=110,
        initial_indent=f"    {label:<8}",
        subsequent_indent=" " * 12,
        break_long_words=False,
        break_on_hyphens=False,
    )
