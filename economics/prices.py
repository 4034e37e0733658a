"""What AWS asks for what a stack is made of, by region: facts with a source and a date."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from economics.hourly import Volume

FILE = Path(__file__).parent / "prices.json"

OLD_DAYS = 90
"""Prices that were read longer ago are said to be old wherever they are shown."""

# What a gp3 volume has without being asked for more. Source: AWS, Amazon EBS pricing.
INCLUDED_IOPS = 3000
INCLUDED_THROUGHPUT_MIB = 125


@dataclass(frozen=True, kw_only=True)
class Prices:
    """List prices in one region, on demand, in US dollars and without tax."""

    region: str
    source: str
    read: date
    cluster_hour: float
    """Of an EKS control plane, while its Kubernetes version is in standard support."""
    nat_gateway_hour: float
    endpoint_hour: float
    """Of an interface endpoint, in each zone."""
    public_address_hour: float
    volume_gib_month: float
    volume_iops_month: float
    """For each above those included."""
    volume_mib_month: float
    """For each MiB a second above those included."""
    key_month: float
    instance_hour: Mapping[str, float]

    def volume_month(self, volume: Volume) -> float:
        """What a volume costs a month."""
        return (
            volume.gib * self.volume_gib_month
            + max(0, volume.iops - INCLUDED_IOPS) * self.volume_iops_month
            + max(0, volume.throughput_mib - INCLUDED_THROUGHPUT_MIB) * self.volume_mib_month
        )

    def are_old(self, today: date) -> bool:
        """Whether they were read so long ago that it has to be said."""
        return (today - self.read).days > OLD_DAYS


def prices_in(region: str) -> Prices | None:
    """The prices of a region; None where none are known."""
    return _known().get(region)


def priced_regions() -> list[str]:
    """The regions whose prices are known, in order."""
    return sorted(_known())


@cache
def _known() -> Mapping[str, Prices]:
    return {
        region: Prices(
            region=region,
            source=facts["source"],
            read=date.fromisoformat(facts["date"]),
            cluster_hour=facts["clusterHour"],
            nat_gateway_hour=facts["natGatewayHour"],
            endpoint_hour=facts["endpointHour"],
            public_address_hour=facts["publicAddressHour"],
            volume_gib_month=facts["volumeGibMonth"],
            volume_iops_month=facts["volumeIopsMonth"],
            volume_mib_month=facts["volumeMibMonth"],
            key_month=facts["keyMonth"],
            instance_hour=facts["instanceHour"],
        )
        for region, facts in json.loads(FILE.read_text()).items()
    }
