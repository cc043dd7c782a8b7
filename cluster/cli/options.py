"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

DATA_HELP = (
    "CSV or Parquet, also s3:// and gs://; openml:ID; a database URL with #table; give_me_some_credit; or the "
    "name of a product with made-up data, such as mock."
)

ContractOption = Annotated[
    str,
    typer.Option("--contract", "-c", help="Packaged product or path of a YAML file."),
]


class NodeName(StrEnum):
    """Nodes between gateway and answer."""

    TRANSFORM = "transform"
    MODEL = "model"
    EXPLAINER = "explainer"


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
    LOGISTIC = "logistic"
    RANDOM_FOREST = "random_forest"
    GRADIENT_BOOSTING = "gradient_boosting"
    XGBOOST = "xgboost"
    EBM = "ebm"
