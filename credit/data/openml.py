"""Public data sets of OpenML, by id."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pandas as pd

from credit.errors import DataError

REFERENCE = re.compile(r"openml:([1-9][0-9]{0,8})")


def read_openml(reference: str, *, cache: Path | None = None) -> pd.DataFrame:
    """Read a data set with its target; nominal columns become pandas categories.

    Parameters
    ----------
    reference
        ``openml:`` and the data id, such as ``openml:31`` for German credit.
    cache
        Folder below which the answers are kept, in ``openml``; a second call then needs no network.

    Raises
    ------
    DataError
        When OpenML cannot be reached, does not know the id, or names no target.
    """
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise DataError(f"{reference}: expected the number of a data set, such as openml:31")
    frame, targets = _fetched(reference, int(found[1]), cache)
    if not targets:
        raise DataError(
            f"{reference}: OpenML names no target column; download the file and name the target yourself"
        )
    if frame.empty:
        raise DataError(f"{reference}: holds no rows")
    return frame


def _fetched(reference: str, data_id: int, cache: Path | None) -> tuple[pd.DataFrame, list[str]]:
    from http.client import HTTPException

    from sklearn.datasets import fetch_openml

    try:
        with warnings.catch_warnings():
            # It warns of each retry and of a damaged cache, which it then heals.
            warnings.simplefilter("ignore")
            bunch = fetch_openml(
                data_id=data_id,
                data_home=None if cache is None else str(cache),
                cache=cache is not None,
                as_frame=True,
                parser="pandas",
                read_csv_kwargs={"float_precision": "round_trip"},
            )
    except (OSError, HTTPException) as error:
        raise DataError(
            f"{reference}: OpenML does not answer ({type(error).__name__}); check the network, or "
            "download the file and give its path"
        ) from error
    # KeyError: an answer of another shape; ValueError: unknown id, wrong checksum, sparse file.
    except (ValueError, KeyError) as error:
        raise DataError(f"{reference}: OpenML has no such table: {error}") from error
    frame: pd.DataFrame = bunch.frame
    return frame, list(bunch.target_names)
