"""What a model is told about each place of the feature vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from credit.contract.model import Contract


@dataclass(frozen=True)
class FeatureSpec:
    """Names, directions and kinds of the features, in the order of the vector.

    Attributes
    ----------
    names
        One per feature.
    directions
        Sign of PD along each feature: 1 rises, -1 falls, 0 free.
    categories
        Codes of a nominal feature, whose values are places among them; empty for a number.
    codes
        Values of a number that are codes, and what each means; empty where there are none.
    """

    names: tuple[str, ...]
    directions: tuple[int, ...]
    categories: tuple[tuple[str, ...], ...]
    codes: tuple[Mapping[float, str], ...]

    def __len__(self) -> int:
        """Return the length of the vector."""
        return len(self.names)

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Read the contract."""
        by_name = contract.by_name
        return cls(
            names=contract.feature_names,
            directions=contract.directions,
            categories=tuple(
                by_name[f.columns[0]].category_codes if f.op == "category" else ()
                for f in contract.features
            ),
            codes=tuple(
                {float(k): v for k, v in by_name[f.columns[0]].sentinels.items()}
                if f.keep_codes
                else {}
                for f in contract.features
            ),
        )

    @classmethod
    def numbers(cls, names: Sequence[str], directions: Sequence[int] | None = None) -> Self:
        """Plain numbers, free unless directions are given."""
        n = len(names)
        return cls(tuple(names), tuple(directions or [0] * n), ((),) * n, ({},) * n)
