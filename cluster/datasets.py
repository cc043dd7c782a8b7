"""Data by the name that a person types."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from credit.data import give_me_some_credit
from credit.errors import SettingsInvalid
from credit.settings import Settings

PACKAGED = "give_me_some_credit"
"""Given as a name, it stands for the packaged data set."""

SYNTHETIC_ROWS = 5_000
SYNTHETIC_SEED = 42


def read_data(reference: str, settings: Settings) -> pd.DataFrame:
    """Read a data set: packaged, made up for a product, or from a file, a database or an object store.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    from credit.data.book import PRODUCTS, synthetic
    from credit.data.sources import read_source

    if reference == PACKAGED:
        return give_me_some_credit()
    if reference in PRODUCTS:
        return synthetic(reference, SYNTHETIC_ROWS, SYNTHETIC_SEED)
    return read_source(reference, cache=settings.home / "cache")


def product_name(reference: str) -> str:
    """Name of a product after its file: letters, digits and underscores, beginning with a letter."""
    stem = Path(reference.partition("#")[0].partition("?")[0]).name.partition(".")[0]
    name = re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_")[:LONGEST_NAME]
    return name if name[:1].isalpha() else f"product_{name}"[:LONGEST_NAME]


LONGEST_NAME = 64


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write CSV or Parquet, by the file's name.

    Raises
    ------
    SettingsInvalid
        When it is neither.
    """
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        raise SettingsInvalid(f"{path}: expected a name that ends in .parquet or .csv")
