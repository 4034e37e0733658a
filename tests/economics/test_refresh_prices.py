"""What AWS' Price List answers, as its documentation shows it; AWS itself is not asked."""

# boto3 carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from economics.refresh_prices import instance_hour


def a_product(*prices: str) -> str:
    dimensions = {f"rate-{number}": {"pricePerUnit": {"USD": price}} for number, price in enumerate(prices)}
    return json.dumps({"product": {}, "terms": {"OnDemand": {"term": {"priceDimensions": dimensions}}}})


def asked(*products: str) -> Any:
    """What is made of an answer that has these products."""
    pricing: Any = boto3.client(
        "pricing",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - of nobody
    )
    with Stubber(pricing) as stub:
        stub.add_response("get_products", {"PriceList": list(products)}, {"ServiceCode": "AmazonEC2", "Filters": ANY})
        return instance_hour(pricing, "us-east-1", "g6.2xlarge")


def test_the_price_of_a_type_is_what_aws_says() -> None:
    assert asked(a_product("0.9776000000")) == 0.9776


def test_a_type_that_a_region_has_not_has_no_price() -> None:
    assert asked() is None


def test_two_prices_are_an_error_and_not_a_guess() -> None:
    with pytest.raises(LookupError, match=r"g6.2xlarge in us-east-1 has the prices \[0.9776, 1.2\]"):
        asked(a_product("0.9776"), a_product("1.2"))
