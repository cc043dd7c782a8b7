"""Nominal features as numbers, for the families that know only numbers.

Each category becomes the log of its smoothed good:bad odds against the sample, the sign turned so
that a riskier category is higher. One feature stays one number: contributions need no adding up, and
a tree may part categories at any level of risk. A feature's special codes become missing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt
from credit.features.spec import FeatureSpec
from credit.models.base import Labels, Matrix, Weights

FILE = "model.encoding.json"

PRIOR_ROWS = 20.0
"""Rows of the sample's own mix that each category is joined by: a category seen once tells little."""


class Encoding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each place of the vector becomes.

    Attributes
    ----------
    levels
        Per feature: one number per category, or nothing for a number.
    codes
        Per feature: special codes, which become missing.
    """

    levels: tuple[tuple[float, ...], ...]
    codes: tuple[tuple[float, ...], ...]

    @classmethod
    def fit(
        cls, vectors: Matrix, labels: Labels, features: FeatureSpec, weights: Weights | None = None
    ) -> Self:
        """Learn the level of each category; one that no row holds is neutral, 0.

        References
        ----------
        Micci-Barreca, D. (2001). A preprocessing scheme for high-cardinality categorical attributes
        in classification and prediction problems. SIGKDD Explorations 3(1), 27-32.
        doi:10.1145/507533.507538
        """
        weight = np.ones(len(labels)) if weights is None else weights
        bad_rate = float(np.average(labels, weights=weight))
        prior = math.log(bad_rate / (1 - bad_rate))
        levels = []
        for j, categories in enumerate(features.categories):
            known = ~np.isnan(vectors[:, j]) if categories else np.zeros(len(labels), dtype=bool)
            place = vectors[known, j].astype(np.intp)
            n = np.bincount(place, weights=weight[known], minlength=len(categories))
            bads = np.bincount(
                place, weights=weight[known] * labels[known], minlength=len(categories)
            )
            rate = (bads + PRIOR_ROWS * bad_rate) / (n + PRIOR_ROWS)
            levels.append(tuple(math.log(r / (1 - r)) - prior for r in rate.tolist()))
        return cls(
            levels=tuple(
                level if c else () for level, c in zip(levels, features.categories, strict=True)
            ),
            codes=tuple(tuple(sorted(codes)) for codes in features.codes),
        )

    @property
    def is_plain(self) -> bool:
        """Whether vectors stay as they are."""
        return not any(self.levels) and not any(self.codes)

    def row(self, vector: Sequence[float]) -> Sequence[float]:
        """Encode one vector."""
        if self.is_plain:
            return vector
        encoded = list(vector)
        for j, (levels, codes) in enumerate(zip(self.levels, self.codes, strict=True)):
            if levels and not math.isnan(vector[j]):
                encoded[j] = levels[int(vector[j])]
            elif vector[j] in codes:
                encoded[j] = math.nan
        return encoded

    def matrix(self, vectors: Matrix) -> Matrix:
        """Encode many, with the bits of :meth:`row`."""
        if self.is_plain:
            return vectors
        encoded = vectors.copy()
        for j, (levels, codes) in enumerate(zip(self.levels, self.codes, strict=True)):
            if levels:
                known = ~np.isnan(vectors[:, j])
                encoded[known, j] = np.array(levels)[vectors[known, j].astype(np.intp)]
            if codes:
                encoded[np.isin(vectors[:, j], codes), j] = np.nan
        return encoded

    def to_files(self) -> dict[str, bytes]:
        """Content of the encoding's file in a bundle; none where vectors stay as they are."""
        return {} if self.is_plain else {FILE: msgspec.json.encode(self)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from the files of a bundle.

        Raises
        ------
        BundleCorrupt
            When the file is there and is no encoding.
        """
        if FILE not in files:
            return cls((), ())
        try:
            return msgspec.json.decode(files[FILE], type=cls)
        except msgspec.DecodeError as error:
            raise BundleCorrupt(f"{FILE} is not an encoding: {error}") from error
