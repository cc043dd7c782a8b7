"""Why a score is what it is: exact Shapley values, then reason codes in words.

:class:`credit.explain.base.Explainer` is the protocol; :mod:`credit.decision.families` says which explainer
goes with which family; :func:`reason_codes` turns contributions into what an applicant is told.
"""

from credit.explain.base import Explainer, Explanation
from credit.explain.reasons import MAXIMUM_REASONS, ReasonCode, reason_codes

__all__ = ["MAXIMUM_REASONS", "Explainer", "Explanation", "ReasonCode", "reason_codes"]
