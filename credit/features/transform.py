"""The feature transform: the contract's operations, compiled once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from credit.contract.feature import Feature
from credit.contract.model import Contract
from credit.errors import DataError
from credit.features.operations import Compiled, Matrix, capped, compile_feature, gated


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
        self._sentinels = [frozenset(map(float, c.sentinels)) for c in contract.inputs]
        self._features = [self._compile(f) for f in contract.features]
        self._functions = [compiled.row for compiled in self._features]

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
        clean = self._without_sentinels(values)
        return tuple([function(values, clean) for function in self._functions])

    def feature(self, name: str, values: Sequence[float]) -> float:
        """One feature of one application."""
        function = self._functions[self.names.index(name)]
        return function(values, self._without_sentinels(values))

    def matrix(self, raw: Matrix) -> Matrix:
        """Feature vectors of many applications, C-ordered, shape (n_rows, n_features)."""
        clean = raw.copy()
        for j, codes in enumerate(self._sentinels):
            if codes:
                clean[np.isin(raw[:, j], list(codes)), j] = np.nan
        # A row overflows to infinity in silence, so a table does too.
        with np.errstate(over="ignore", invalid="ignore"):
            columns = [compiled.column(raw, clean) for compiled in self._features]
        return np.ascontiguousarray(np.column_stack(columns))

    def _without_sentinels(self, values: Sequence[float]) -> list[float]:
        return [
            math.nan if v in codes else v for v, codes in zip(values, self._sentinels, strict=True)
        ]

    def _compile(self, feature: Feature) -> Compiled:
        position = self._contract.input_positions
        at = [position[name] for name in feature.columns]
        columns = [self._contract.inputs[i] for i in at]
        compiled = compile_feature(feature, columns, at)
        if feature.only is not None:
            otherwise = at[0] if feature.op == "product" else None
            gate = position[feature.only.column]
            compiled = gated(compiled, gate, feature.only.above, otherwise)
        cap = self.caps.get(feature.name)
        return compiled if cap is None else capped(compiled, cap)
