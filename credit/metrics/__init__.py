"""Numbers that judge a model, with their intervals: computed here, shown elsewhere.

Target 1 = bad; a *risk* or *prob* is higher for a worse applicant. Samples that cannot be judged
(one class only, NaN, lengths that differ) are refused with :class:`~credit.errors.DataError`. Below
:data:`MINIMUM_BADS` bads the numbers are computed, and :func:`enough_bads` tells a report not to
lean on them.
"""

from credit.metrics.bootstrap import bootstrap_auc, ks_interval
from credit.metrics.calibration import (
    ReliabilityBin,
    brier_interval,
    brier_score,
    ece_interval,
    expected_calibration_error,
    log_loss,
    log_loss_interval,
    reliability_table,
)
from credit.metrics.characteristic import CharacteristicStability, characteristic_stability
from credit.metrics.classification import (
    Classification,
    ClassificationReport,
    ReportRow,
    classification_report,
    classify,
)
from credit.metrics.cost import Costs, bayes_cutoff, expected_cost, expected_cost_interval
from credit.metrics.cutoffs import CostCurve, EmpiricalCutoff, cost_curve, empirical_cutoff
from credit.metrics.decisions import Decisions, count_decisions
from credit.metrics.decomposition import (
    BrierDecomposition,
    BrierParts,
    brier_decomposition,
    brier_parts,
)
from credit.metrics.delong import AucDifference, delong_test
from credit.metrics.discrimination import auc, auc_interval, gini, gini_interval, ks
from credit.metrics.fairness import (
    MINIMUM_GROUP,
    GroupGap,
    GroupRate,
    demographic_parity_gap,
    equal_opportunity_gap,
)
from credit.metrics.hand import h_measure, h_measure_interval
from credit.metrics.interval import Interval
from credit.metrics.lending import LoanTerms, ProfitCurve, profit, profit_curve
from credit.metrics.lift import LiftBand, lift_at, lift_at_interval, lift_table
from credit.metrics.partial import partial_auc, partial_auc_interval
from credit.metrics.precision_recall import pr_auc, pr_auc_interval
from credit.metrics.proportion import newcombe_interval, wilson_interval
from credit.metrics.recalibration import CalibrationLine, calibration_line, observed_expected
from credit.metrics.resampled import ResampledTest, corrected_resampled_t, fold_interval
from credit.metrics.sample import MINIMUM_BADS, FewBadsWarning, enough_bads
from credit.metrics.stability import population_stability_index, psi, quantile_edges, shares
from credit.metrics.vintage import VintageTable, vintage_table

__all__ = [
    "MINIMUM_BADS",
    "MINIMUM_GROUP",
    "AucDifference",
    "BrierDecomposition",
    "BrierParts",
    "CalibrationLine",
    "CharacteristicStability",
    "Classification",
    "ClassificationReport",
    "CostCurve",
    "Costs",
    "Decisions",
    "EmpiricalCutoff",
    "FewBadsWarning",
    "GroupGap",
    "GroupRate",
    "Interval",
    "LiftBand",
    "LoanTerms",
    "ProfitCurve",
    "ReliabilityBin",
    "ReportRow",
    "ResampledTest",
    "VintageTable",
    "auc",
    "auc_interval",
    "bayes_cutoff",
    "bootstrap_auc",
    "brier_decomposition",
    "brier_interval",
    "brier_parts",
    "brier_score",
    "calibration_line",
    "characteristic_stability",
    "classification_report",
    "classify",
    "corrected_resampled_t",
    "cost_curve",
    "count_decisions",
    "delong_test",
    "demographic_parity_gap",
    "ece_interval",
    "empirical_cutoff",
    "enough_bads",
    "equal_opportunity_gap",
    "expected_calibration_error",
    "expected_cost",
    "expected_cost_interval",
    "fold_interval",
    "gini",
    "gini_interval",
    "h_measure",
    "h_measure_interval",
    "ks",
    "ks_interval",
    "lift_at",
    "lift_at_interval",
    "lift_table",
    "log_loss",
    "log_loss_interval",
    "newcombe_interval",
    "observed_expected",
    "partial_auc",
    "partial_auc_interval",
    "population_stability_index",
    "pr_auc",
    "pr_auc_interval",
    "profit",
    "profit_curve",
    "psi",
    "quantile_edges",
    "reliability_table",
    "shares",
    "vintage_table",
    "wilson_interval",
]
