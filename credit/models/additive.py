"""Additive models: an intercept and a sum of terms, each of one feature or of a pair."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt
from credit.models.base import Matrix
from credit.models.terms import Term

FILE = "model.additive.json"


class AdditiveDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file of a bundle holds."""

    version: Literal[1]
    family: str
    n_features: int
    intercept: float
    terms: tuple[Term, ...]


class AdditiveModel:
    """``margin = intercept + sum of terms``, added in the order of ``terms``.

    Raises
    ------
    BundleCorrupt
        When a term reads outside the vector, or the intercept is no number.
    """

    def __init__(
        self, family: str, *, n_features: int, intercept: float, terms: Sequence[Term]
    ) -> None:
        if not math.isfinite(intercept):
            raise BundleCorrupt("the intercept must be a finite number")
        if not all(0 <= place < n_features for term in terms for place in term.places):
            raise BundleCorrupt(f"a term reads a feature outside the {n_features} there are")
        self.family = family
        self.n_features = n_features
        self.intercept = intercept
        self.terms = tuple(terms)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        total = self.intercept
        for term in self.terms:
            total += term.of(vector)
        return total

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, with the bits of :meth:`margin`."""
        total = np.full(len(vectors), self.intercept)
        for term in self.terms:
            total += term.of_all(vectors)
        return total

    def to_files(self) -> dict[str, bytes]:
        """Return the terms as JSON."""
        document = AdditiveDocument(1, self.family, self.n_features, self.intercept, self.terms)
        return {FILE: msgspec.json.encode(document)}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from JSON.

        Raises
        ------
        BundleCorrupt
            When it is not an additive model.
        """
        if FILE not in files:
            raise BundleCorrupt(f"{FILE} is missing; fetch the bundle again from the registry")
        try:
            found = msgspec.json.decode(files[FILE], type=AdditiveDocument)
            return cls(
                found.family,
                n_features=found.n_features,
                intercept=found.intercept,
                terms=found.terms,
            )
        except (msgspec.DecodeError, UnicodeDecodeError, BundleCorrupt) as error:
            raise BundleCorrupt(f"{FILE} is not an additive model: {error}") from error
