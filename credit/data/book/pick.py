"""A given number of rows out of a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.errors import DataError


def checked_size(n_rows: int) -> int:
    """Return the size, or refuse a table without rows.

    Raises
    ------
    DataError
        When it is not above 0.
    """
    if n_rows < 1:
        raise DataError(f"synthetic data: expected at least one row, came n_rows={n_rows}")
    return n_rows


def spread_rows(table: pd.DataFrame, n_rows: int) -> pd.DataFrame:
    """Take `n_rows` rows spread evenly over a table, so that they cover its whole time; index from 0.

    The table has at least so many rows.
    """
    places = np.linspace(0, len(table) - 1, n_rows).round().astype(np.int64)
    return table.iloc[places].reset_index(drop=True)
