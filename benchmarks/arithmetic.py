"""What is made of measured numbers. Machines are noisy, so everything is paired and the median is quoted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


def paired_ratio(measured: Sequence[float], baseline: Sequence[float]) -> float:
    """How many times its baseline something is: the median over rounds in which both were measured, one by one.

    Raises ValueError where the two don't have one value a round.
    """
    return median(ours / theirs for ours, theirs in zip(measured, baseline, strict=True))


@dataclass(frozen=True)
class Point:
    """What `size` things cost."""

    size: int
    seconds: float


def growth_exponent(small: Point, large: Point) -> float:
    """The power of the size with which cost grows between two points: 1 is in proportion, 2 is with the square.

    The slope of the line between them on paper with two logarithmic scales. Costs must be above zero: subtract what no
    size causes first, and measure longer where nothing is left.
    """
    return math.log(large.seconds / small.seconds) / math.log(large.size / small.size)
