"""Read what instances cost anew from AWS' Price List: `make prices REGION=us-east-1`, with AWS credentials at hand.

The other prices, of EKS, VPC, EBS and KMS, are written by hand, from AWS' price pages: they change rarely, and the
Price List names them in too many ways to be sure of one.
"""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
import sys
from datetime import UTC, datetime
from typing import Any, get_args

import boto3
from stacks.schema import GPU_INSTANCES, SystemInstanceType

from economics.prices import FILE

ASKED_IN = "us-east-1"  # one of the few regions that answer for all
SOURCE = "EC2 on demand: AWS Price List; EKS, VPC, EBS, KMS: AWS price pages"
ON_DEMAND_LINUX = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "tenancy": "Shared",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}


def instance_hour(pricing: Any, region: str, instance_type: str) -> float | None:
    """US dollars an hour of a type in a region, on demand with Linux; None where it is not offered.

    Raises LookupError where AWS names more than one price.
    """
    wanted = {**ON_DEMAND_LINUX, "regionCode": region, "instanceType": instance_type}
    found = pricing.get_products(
        ServiceCode="AmazonEC2",
        Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
    )["PriceList"]
    prices = {
        float(dimension["pricePerUnit"]["USD"])
        for product in map(json.loads, found)
        for term in product["terms"]["OnDemand"].values()
        for dimension in term["priceDimensions"].values()
    }
    if len(prices) > 1:
        raise LookupError(f"{instance_type} in {region} has the prices {sorted(prices)}: which one is meant?")
    return prices.pop() if prices else None


def main(region: str) -> None:
    """Write the instances' prices of a region that the file has, with today's date."""
    facts = json.loads(FILE.read_text())
    if region not in facts:
        sys.exit(f"{FILE.name} has no '{region}': add it with its prices of EKS, VPC, EBS and KMS, then run this again")
    pricing = boto3.client("pricing", region_name=ASKED_IN)
    found = {name: instance_hour(pricing, region, name) for name in (*GPU_INSTANCES, *get_args(SystemInstanceType))}
    prices = {name: price for name, price in sorted(found.items()) if price is not None}
    facts[region] |= {"source": SOURCE, "date": f"{datetime.now(UTC):%Y-%m-%d}", "instanceHour": prices}
    FILE.write_text(f"{json.dumps(facts, indent=1)}\n")
    print(f"{len(prices)} of {len(found)} types have a price in {region}")


if __name__ == "__main__":
    main(*sys.argv[1:])
