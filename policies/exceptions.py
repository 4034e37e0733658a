"""Exceptions that end: those that hold are named in every report, and one that is over holds no more."""

from collections.abc import Iterator, Sequence
from datetime import date

from policies.limits import Exemption


def notes(exemptions: Sequence[Exemption], today: date) -> Iterator[str]:
    """A sentence for each exception of a stack."""
    for each in exemptions:
        about = f"{each.policy} for {each.path}, granted by {each.granted_by}: {each.reason}"
        days = (each.until - today).days
        if days < 0:
            yield f"ended on {each.until} and holds no more: {about}. Take it out of policies/limits.yaml."
        else:
            yield f"until {each.until} ({days} days): {about}"
