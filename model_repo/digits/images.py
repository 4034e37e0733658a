"""The real images: scikit-learn's 1797 handwritten digits, split once and for all versions alike.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
"""

# scikit-learn ships no types; what comes out of it is cast where it enters.
# pyright: reportUnknownMemberType=false

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

HELD_OUT_IMAGES = 450
SPLIT_SEED = 0


@dataclass(frozen=True)
class Digits:
    """Images and what they show."""

    pixels: NDArray[np.float32]
    """Ink from 0 to 16, row by row: shape [images, 64]."""
    labels: NDArray[np.int64]
    """The digit that each image shows: shape [images]."""


def training() -> Digits:
    """The 1347 images to learn from."""
    return _split()[0]


def held_out() -> Digits:
    """The 450 images that no version has seen, in the same mix of digits as the rest."""
    return _split()[1]


def _split() -> tuple[Digits, Digits]:
    pixels, labels = cast("tuple[NDArray[np.float64], NDArray[np.int64]]", load_digits(return_X_y=True))
    splits = StratifiedShuffleSplit(n_splits=1, test_size=HELD_OUT_IMAGES, random_state=SPLIT_SEED)
    seen, unseen = next(splits.split(pixels, labels))
    return _take(pixels, labels, seen), _take(pixels, labels, unseen)


def _take(pixels: NDArray[np.float64], labels: NDArray[np.int64], chosen: NDArray[np.intp]) -> Digits:
    return Digits(pixels[chosen].astype(np.float32), labels[chosen])
