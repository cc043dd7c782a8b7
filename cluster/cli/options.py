"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

PACKAGED_DATA = "give_me_some_credit"
"""Given as a file name, it stands for the packaged data set."""

ContractOption = Annotated[
    str,
    typer.Option("--contract", "-c", help="Packaged product or path of a YAML file."),
]


class Placement(StrEnum):
    """Where the nodes live."""

    GRAPH = "graph"
    FUSED = "fused"


class DetectorName(StrEnum):
    """Drift detectors; `tabular_drift` is alibi-detect's, under the Business Source License."""

    TABULAR_DRIFT = "tabular_drift"
    PSI = "psi"


class Family(StrEnum):
    """Model families with a search space."""

    LIGHTGBM = "lightgbm"
    SCORECARD = "scorecard"


DEFAULT_TRIALS = {"lightgbm": 12, "scorecard": 6}
