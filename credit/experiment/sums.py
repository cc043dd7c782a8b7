"""Running sums of a quantity: all that is kept of the decisions of an arm."""

from __future__ import annotations

import math
from typing import Self

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Sums(msgspec.Struct, frozen=True):
    """How many values there were, their sum and the sum of their squares.

    Adding two gives the sums over both samples.
    """

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def after(self, values: ArrayLike) -> Sums:
        """Sums with more values, added one by one: however a sample is cut, its sums have the same bits."""
        more = np.asarray(values, dtype=np.float64)
        if more.size == 0:
            return self
        return Sums(
            self.n + more.size,
            float(np.cumsum(np.append(self.total, more))[-1]),
            float(np.cumsum(np.append(self.squares, more * more))[-1]),
        )

    @classmethod
    def of_share(cls, n_counted: int, n: int) -> Self:
        """Sums of a share, such as that of approvals: a one for each that counts, else a zero."""
        return cls(n, float(n_counted), float(n_counted))

    @property
    def mean(self) -> float:
        """Mean; NaN of no values."""
        return self.total / self.n if self.n else math.nan
