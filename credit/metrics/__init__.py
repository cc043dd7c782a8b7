"""Numbers that judge a model, with their intervals: computed here, shown elsewhere.

Target 1 = bad; a *risk* or *prob* is higher for a worse applicant. Samples that cannot be judged
(one class only, NaN, lengths that differ) are refused with :class:`~credit.errors.DataError`. Below
:data:`MINIMUM_BADS` bads the numbers are computed, and :func:`enough_bads` tells a report not to
lean on them.
"""

from credit.metrics.calibration import (
    ReliabilityBin,
    brier_interval,
    brier_score,
    ece_interval,
    expected_calibration_error,
    log_loss,
    reliability_table,
)
from credit.metrics.cost import Costs, bayes_cutoff, expected_cost
from credit.metrics.discrimination import auc, auc_interval, gini, ks
from credit.metrics.interval import Interval
from credit.metrics.proportion import wilson_interval
from credit.metrics.sample import MINIMUM_BADS, FewBadsWarning, enough_bads
from credit.metrics.stability import population_stability_index, psi, quantile_edges, shares

__all__ = [
    "MINIMUM_BADS",
    "Costs",
    "FewBadsWarning",
    "Interval",
    "ReliabilityBin",
    "auc",
    "auc_interval",
    "bayes_cutoff",
    "brier_interval",
    "brier_score",
    "ece_interval",
    "enough_bads",
    "expected_calibration_error",
    "expected_cost",
    "gini",
    "ks",
    "log_loss",
    "population_stability_index",
    "psi",
    "quantile_edges",
    "reliability_table",
    "shares",
    "wilson_interval",
]
