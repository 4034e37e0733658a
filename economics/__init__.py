"""What is to be had where, and what it costs: facts with a source and a date, and the arithmetic on them."""

from economics.cost import (
    Cost,
    MonthlyCost,
    expected_replicas,
    monthly_cost,
    usd_per_million_tokens,
    usd_per_thousand_inferences,
)
from economics.hourly import GPU_VOLUME, INTERFACE_ENDPOINTS, SYSTEM_VOLUME, Volume
from economics.offerings import Offerings, load
from economics.placement import misplaced, models_too_large
from economics.prices import Prices, prices_in

__all__ = [
    "GPU_VOLUME",
    "INTERFACE_ENDPOINTS",
    "SYSTEM_VOLUME",
    "Cost",
    "MonthlyCost",
    "Offerings",
    "Prices",
    "Volume",
    "expected_replicas",
    "load",
    "misplaced",
    "models_too_large",
    "monthly_cost",
    "prices_in",
    "usd_per_million_tokens",
    "usd_per_thousand_inferences",
]
