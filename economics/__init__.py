"""What is to be had where, and what it costs: facts with a source and a date, and the arithmetic on them."""

from economics.offerings import Offerings, load
from economics.placement import misplaced, models_too_large

__all__ = ["Offerings", "load", "misplaced", "models_too_large"]
