"""Which instance types AWS offers in which Availability Zone; `make offerings` reads them anew."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "offerings.json"

ZONES_WITHOUT_EKS = frozenset({"use1-az3", "usw1-az2", "cac1-az3"})
"""Where EKS has no control plane. Source: AWS, EKS user guide, "VPC and subnet requirements", read 2026-11-25."""


@dataclass(frozen=True)
class Offerings:
    """What AWS offered on a day, of the types that a stack may name."""

    source: str
    date: str
    regions: Mapping[str, Mapping[str, frozenset[str]]]
    """Region, then zone ID, then the instance types to be had there."""

    def zones(self, region: str) -> list[str]:
        """The IDs of a region's zones that EKS works in, in order."""
        return sorted(self.regions[region].keys() - ZONES_WITHOUT_EKS)

    def zones_with(self, region: str, instance_type: str) -> list[str]:
        """Those of them that have the type."""
        return [zone for zone in self.zones(region) if instance_type in self.regions[region][zone]]

    def regions_with(self, instance_type: str) -> list[str]:
        """The regions that have the type in some zone, in order."""
        return sorted(region for region in self.regions if self.zones_with(region, instance_type))

    def zones_of_pool(self, zones: Iterable[str], region: str, instance_types: Iterable[str]) -> list[str]:
        """Those of `zones` in which at least one of the types is to be had, in their order."""
        wanted = frozenset(instance_types)
        return [zone for zone in zones if wanted & self.regions[region][zone]]


@cache
def load() -> Offerings:
    """The file's facts."""
    facts = json.loads(FILE.read_text())
    return Offerings(
        source=facts["source"],
        date=facts["date"],
        regions={
            region: {zone: frozenset(types) for zone, types in zones.items()}
            for region, zones in facts["regions"].items()
        },
    )
