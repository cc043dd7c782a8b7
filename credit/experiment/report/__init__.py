"""Which model is better, for a credit officer: the verdict first, then what it rests on.

:class:`ShadowFindings` and :class:`RolloutFindings` are what was measured; :func:`shadow_verdict` and
:func:`rollout_verdict` say it in a sentence; :func:`render_shadow` and :func:`render_rollout` write a page.
"""

from credit.experiment.report.findings import RolloutFindings, ShadowFindings
from credit.experiment.report.render import render_rollout, render_shadow
from credit.experiment.report.verdict import Verdict, rollout_verdict, shadow_verdict

__all__ = [
    "RolloutFindings",
    "ShadowFindings",
    "Verdict",
    "render_rollout",
    "render_shadow",
    "rollout_verdict",
    "shadow_verdict",
]
