"""Write `offerings.json` anew from the records that moto carries: `make offerings`."""

import gzip
import json
import sys
from importlib.metadata import version
from importlib.resources import files
from typing import get_args

from stacks.schema import GPU_INSTANCES, SystemInstanceType

from economics.offerings import FILE

RECORDS = files("moto") / "ec2" / "resources" / "instance_type_offerings" / "availability-zone-id"


def main(date: str) -> None:
    """Write the file; `date` is the day of moto's release, as YYYY-MM-DD, which its package does not say."""
    known = {*GPU_INSTANCES, *get_args(SystemInstanceType)}
    regions: dict[str, dict[str, list[str]]] = {}
    for record in sorted(RECORDS.iterdir(), key=lambda record: record.name):
        zones: dict[str, list[str]] = {}
        for offer in json.loads(gzip.decompress(record.read_bytes())):
            types = zones.setdefault(offer["Location"], [])
            if offer["InstanceType"] in known:
                types.append(offer["InstanceType"])
        regions[record.name.removesuffix(".json.gz")] = {zone: sorted(zones[zone]) for zone in sorted(zones)}
    source = f"EC2 DescribeInstanceTypeOfferings by zone ID, as recorded in moto {version('moto')}"
    text = json.dumps({"source": source, "date": date, "regions": regions}, indent=1)
    FILE.write_text(f"{text}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
