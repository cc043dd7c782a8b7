"""The tree families other than LightGBM, served from one table of trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt
from credit.forest import forest_of_table
from credit.models.base import Matrix
from credit.models.encoding import Encoding
from credit.models.trees import TreeTable

FILE = "model.trees.json"


class TreeDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file of a bundle holds."""

    version: Literal[1]
    family: str
    table: TreeTable


class TreeModel:
    """Trees over encoded vectors; ``family`` says what grew them."""

    def __init__(self, family: str, table: TreeTable, encoding: Encoding) -> None:
        self.family = family
        self.table = table
        self.encoding = encoding
        self.forest = forest_of_table(table)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector."""
        return self.forest.margin(np.array(self.encoding.row(vector), dtype=np.float64))

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, with the bits of :meth:`margin`."""
        return self.forest.margins(self.encoding.matrix(vectors))

    def to_files(self) -> dict[str, bytes]:
        """Return the trees as JSON, and the encoding where there are categories."""
        document = TreeDocument(version=1, family=self.family, table=self.table)
        return {FILE: msgspec.json.encode(document), **self.encoding.to_files()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from JSON.

        Raises
        ------
        BundleCorrupt
            When it is not an ensemble of trees.
        """
        if FILE not in files:
            raise BundleCorrupt(f"{FILE} is missing; fetch the bundle again from the registry")
        try:
            document = msgspec.json.decode(files[FILE], type=TreeDocument)
        except (msgspec.DecodeError, UnicodeDecodeError, BundleCorrupt) as error:
            raise BundleCorrupt(f"{FILE} is not an ensemble of trees: {error}") from error
        return cls(document.family, document.table, Encoding.from_files(files))
