"""The feature transform: the contract's operations, compiled once.

Rows are transformed by plain Python floats and tables by numpy, each a few comparisons, additions,
multiplications and divisions. IEEE 754 rounds these the same way everywhere, so both give the same
bits; an operation that does not (an exponential, a logarithm) has no place here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from credit.contract.model import Contract, Feature
from credit.errors import DataError

Matrix = npt.NDArray[np.float64]
RowFunction = Callable[[Sequence[float], Sequence[float]], float]


class FeatureTransform:
    """Fitted transform from input columns to features.

    Parameters
    ----------
    contract
        Names the operations.
    caps
        Fitted upper bounds of the features that the contract bounds by a quantile.
    """

    def __init__(self, contract: Contract, caps: Mapping[str, float]) -> None:
        wanted = {f.name for f in contract.features if f.cap_quantile is not None}
        if caps.keys() != wanted:
            raise DataError(
                f"fitted caps are for {sorted(caps)}, the contract wants {sorted(wanted)}"
            )
        self.caps = dict(caps)
        self.names = contract.feature_names
        self._contract = contract
        self._position = contract.input_positions
        self._sentinels = [frozenset(map(float, c.sentinels)) for c in contract.inputs]
        self._functions = [self._row_function(f) for f in contract.features]

    @classmethod
    def fit(cls, contract: Contract, raw: Matrix) -> FeatureTransform:
        """Learn the caps from training rows, shape (n_rows, n_inputs).

        Raises
        ------
        DataError
            When a feature with a cap is missing in every row.
        """
        quantiles = {
            f.name: f.cap_quantile for f in contract.features if f.cap_quantile is not None
        }
        uncapped = cls(contract, dict.fromkeys(quantiles, math.inf))
        features = uncapped.matrix(raw)
        caps = {}
        for name, quantile in quantiles.items():
            values = features[:, uncapped.names.index(name)]
            if np.isnan(values).all():
                raise DataError(f"feature {name} is missing in every training row")
            # "higher" returns a value that occurs, never an interpolation that rounds.
            caps[name] = float(np.nanquantile(values, quantile, method="higher"))
        return cls(contract, caps)

    def row(self, values: Sequence[float]) -> tuple[float, ...]:
        """Feature vector of one application, NaN for missing."""
        clean = [
            math.nan if v in codes else v for v, codes in zip(values, self._sentinels, strict=True)
        ]
        return tuple([function(values, clean) for function in self._functions])

    def matrix(self, raw: Matrix) -> Matrix:
        """Feature vectors of many applications, C-ordered, shape (n_rows, n_features)."""
        clean = raw.copy()
        for j, codes in enumerate(self._sentinels):
            if codes:
                clean[np.isin(raw[:, j], list(codes)), j] = np.nan
        # A row overflows to infinity in silence, so a table does too.
        with np.errstate(over="ignore", invalid="ignore"):
            columns = [self._column(feature, raw, clean) for feature in self._contract.features]
        return np.ascontiguousarray(np.column_stack(columns))

    def _row_function(self, feature: Feature) -> RowFunction:
        """Compile one feature to a function of (raw values, values without sentinels)."""
        at = [self._position[name] for name in feature.columns]
        function = _row_operation(feature, at, [self._sentinels[i] for i in at])
        if feature.only is not None and feature.op != "product":
            function = _row_only(function, self._position[feature.only.column], feature.only.above)
        elif feature.only is not None:
            k, above = self._position[feature.only.column], feature.only.above
            i, product = at[0], function
            function = lambda v, c: product(v, c) if c[k] > above else c[i]  # noqa: E731
        cap = self.caps.get(feature.name)
        return function if cap is None else _row_cap(function, cap)

    def _column(self, feature: Feature, raw: Matrix, clean: Matrix) -> Matrix:
        at = [self._position[name] for name in feature.columns]
        values = self._column_operation(feature, at, raw, clean)
        if feature.only is not None:
            holds = clean[:, self._position[feature.only.column]] > feature.only.above
            otherwise = clean[:, at[0]] if feature.op == "product" else np.nan
            values = np.where(holds, values, otherwise)
        cap = self.caps.get(feature.name)
        return values if cap is None else np.where(values > cap, cap, values)

    def _column_operation(
        self, feature: Feature, at: list[int], raw: Matrix, clean: Matrix
    ) -> Matrix:
        first = clean[:, at[0]]
        if feature.op == "cap":
            at_most = float(feature.at or 0)
            return np.where(first > at_most, at_most, first)
        if feature.op == "ratio":
            denominator = clean[:, at[1]] + feature.plus
            quotient: Matrix = first / np.where(denominator == 0, np.nan, denominator)
            return quotient
        if feature.op == "product":
            return first * clean[:, at[1]]
        if feature.op == "sum":
            total = first.copy()
            for i in at[1:]:
                total = total + clean[:, i]
            return total
        if feature.op == "coded":
            coded = [np.isin(raw[:, i], list(self._sentinels[i])) for i in at]
            return np.asarray(np.logical_or.reduce(coded), dtype=np.float64)
        return first


def _row_operation(feature: Feature, at: list[int], codes: list[frozenset[float]]) -> RowFunction:
    i = at[0]
    if feature.op == "cap":
        return _row_cap(lambda v, c: c[i], float(feature.at or 0))
    if feature.op == "ratio":
        j, plus = at[1], feature.plus
        return lambda v, c: c[i] / (c[j] + plus) if c[j] + plus != 0 else math.nan
    if feature.op == "product":
        j = at[1]
        return lambda v, c: c[i] * c[j]
    if feature.op == "sum":
        return lambda v, c: _sum([c[k] for k in at])
    if feature.op == "coded":
        pairs = list(zip(at, codes, strict=True))
        return lambda v, c: 1.0 if any(v[k] in code for k, code in pairs) else 0.0
    return lambda v, c: c[i]


def _sum(values: list[float]) -> float:
    """Add from left to right: Python's own sum() compensates from 3.12 on, which changes bits."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _row_cap(function: RowFunction, cap: float) -> RowFunction:
    def capped(v: Sequence[float], c: Sequence[float]) -> float:
        value = function(v, c)
        return cap if value > cap else value

    return capped


def _row_only(function: RowFunction, k: int, above: float) -> RowFunction:
    return lambda v, c: function(v, c) if c[k] > above else math.nan
