"""Model families behind one protocol: a feature vector in, the log-odds of bad out.

Adding a family takes one module with a class that satisfies :class:`credit.models.base.Model`, and
one line in
:mod:`credit.decision.families`.
"""

from credit.models.base import Model
from credit.models.calibration import Calibrator, Platt, choose_calibrator

__all__ = ["Calibrator", "Model", "Platt", "choose_calibrator"]
