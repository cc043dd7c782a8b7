"""Several models of one family as one: their margins are averaged.

Models that differ in nothing but the seed differ by chance; the average of a few has less of it. A bag
may also fill missing values first, for models that have learned from filled rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt
from credit.models.base import Matrix, Model

FILE = "bag.json"


class BagDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many members there are, and what stands for a missing value of each feature, if anything."""

    n_members: int
    fill: tuple[float | None, ...] | None


class BaggedModel:
    """The mean of its members' margins, added up in their order.

    Parameters
    ----------
    members
        Models of one family.
    fill
        Per feature: the value that takes the place of a missing one, NaN for none; or None to leave
        vectors as they are.
    """

    def __init__(self, members: Sequence[Model], fill: Sequence[float] | None = None) -> None:
        self.members = tuple(members)
        self.family = self.members[0].family
        self.fill = None if fill is None else tuple(fill)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        filled = self.filled(vector)
        total = 0.0
        for member in self.members:
            total = total + member.margin(filled)
        return total / len(self.members)

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, added up in the same order as for one."""
        filled = self.filled_matrix(vectors)
        total = np.zeros(len(vectors))
        for member in self.members:
            total = total + member.margins(filled)
        return total / len(self.members)

    def filled(self, vector: Sequence[float]) -> Sequence[float]:
        """Fill the missing values of one vector."""
        if self.fill is None:
            return vector
        return [f if math.isnan(v) else v for v, f in zip(vector, self.fill, strict=True)]

    def filled_matrix(self, vectors: Matrix) -> Matrix:
        """Fill the missing values of many."""
        if self.fill is None:
            return vectors
        return np.where(np.isnan(vectors), np.array(self.fill), vectors)

    def to_files(self) -> dict[str, bytes]:
        """Each member's files under its number, and what the bag adds."""
        fill = None
        if self.fill is not None:
            fill = tuple(None if math.isnan(f) else f for f in self.fill)
        files = {FILE: msgspec.json.encode(BagDocument(len(self.members), fill))}
        for i, member in enumerate(self.members):
            files |= {f"member-{i}.{name}": content for name, content in member.to_files().items()}
        return files

    @classmethod
    def from_files(
        cls, files: Mapping[str, bytes], load: Callable[[Mapping[str, bytes]], Model]
    ) -> Self:
        """Rebuild from the files of a bundle; ``load`` rebuilds one member.

        Raises
        ------
        BundleCorrupt
            When the files are no bag.
        """
        try:
            document = msgspec.json.decode(files[FILE], type=BagDocument)
        except msgspec.DecodeError as error:
            raise BundleCorrupt(f"{FILE} is not a bag of models: {error}") from error
        if document.n_members < 1:
            raise BundleCorrupt(f"{FILE}: expected at least one member, came {document.n_members}")
        members = []
        for i in range(document.n_members):
            start = f"member-{i}."
            own = {name[len(start) :]: v for name, v in files.items() if name.startswith(start)}
            members.append(load(own))
        fill = document.fill
        return cls(members, None if fill is None else [math.nan if f is None else f for f in fill])
