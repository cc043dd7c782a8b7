"""Reject inference: what a model might have learned from applicants who were never financed.

A lender knows the outcome of accepted applicants only, and a model that learns from them alone is
asked about all. Three methods guess at the rest; ``none`` leaves the accepts as they are:

============  ========================================================================  ==============
method        what it adds                                                              it needs
============  ========================================================================  ==============
parcelling    each reject once; in every band of PD, bads are drawn at the rate of the  PDs of accepts
              accepts there times a factor                                              and of rejects
fuzzy         each reject twice, as a bad that weighs its PD times a factor and as a    PDs of rejects
              good that weighs the rest
reweighting   no rows: accepts weigh more, the less likely they were to be accepted     acceptance of
                                                                                        the accepts
============  ========================================================================  ==============

**No method makes knowledge out of nothing.** The data cannot say how much worse rejects are than
accepts who look alike; the factor is an assumption, and 1 ("no worse") is one, too. Hence the way
through this package:

1. Split the accepts into rows to learn from, to calibrate on and to measure on
   (:func:`split_accepts`, or by time, each part through :meth:`TrainingSet.observed`).
2. :func:`compare_reject_inference` fits with and without the inferred rows over a grid of factors,
   calibrates and measures on accepts alone, and :func:`reject_table` shows all of it beside the
   accepts-only model. A conclusion that holds over the whole band is worth something; one that hangs
   on the factor needs evidence from outside, such as rejects who were financed as a test or who took
   a loan elsewhere.
3. Only then :func:`infer_rejects` makes the :class:`TrainingSet` of the chosen factor; its
   ``vectors``, ``labels`` and ``weights`` go to the ``fit`` of any model family.

Inferred labels never enter calibration, selection or metrics:
:meth:`TrainingSet.require_observed` refuses them there. AUC on accepts does not show whether an
inference was right: it is there to show what it costs on the applicants whose outcome is known.

References
----------
Hand, D. J., Henley, W. E. (1993). Can reject inference ever work? IMA Journal of Mathematics Applied
in Business and Industry 5, 45-55. doi:10.1093/imaman/5.1.45

Crook, J., Banasik, J. (2004). Does reject inference really improve the performance of application
scoring models? Journal of Banking and Finance 28, 857-874. doi:10.1016/j.jbankfin.2003.10.010
"""

from credit.reject_inference.acceptance import acceptance_probabilities
from credit.reject_inference.compare import compare_reject_inference
from credit.reject_inference.comparison import Band, RejectComparison, RejectFigures
from credit.reject_inference.crossfit import FitRows, HasMargins, cross_fitted_margins
from credit.reject_inference.infer import Method, infer_rejects
from credit.reject_inference.split import split_accepts
from credit.reject_inference.table import reject_table
from credit.reject_inference.training_set import TrainingSet

__all__ = [
    "Band",
    "FitRows",
    "HasMargins",
    "Method",
    "RejectComparison",
    "RejectFigures",
    "TrainingSet",
    "acceptance_probabilities",
    "compare_reject_inference",
    "cross_fitted_margins",
    "infer_rejects",
    "reject_table",
    "split_accepts",
]
