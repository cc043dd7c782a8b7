"""The decision: a pure function of (bundle, application).

``scorer.score`` is that function; the service calls its stages in its nodes, everyone else calls it
whole. ``bundle`` is what it needs, ``policy`` the step from PD to decision, ``assignment`` which
arm an applicant is in.
"""

from credit.decision.assignment import Arm, Rollout, arm_for
from credit.decision.bundle import Bundle
from credit.decision.bundle_files import load_bundle, save_bundle
from credit.decision.score import Score
from credit.decision.scorer import compose, score

__all__ = [
    "Arm",
    "Bundle",
    "Rollout",
    "Score",
    "arm_for",
    "compose",
    "load_bundle",
    "save_bundle",
    "score",
]
