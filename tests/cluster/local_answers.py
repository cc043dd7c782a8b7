"""What a service must tell, made in this process by the one decision function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from credit.decision import Bundle, Rollout, arm_for, load_bundle, score
from credit.decision.score import Answer
from credit.decision.scorer import answer


class LocalAnswers:
    """Answers of a rollout, without decision ids; each bundle of a home is loaded once."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "bundles"
        self._bundles: dict[str, Bundle] = {}

    def __call__(self, row: dict[str, Any], rollout: Rollout) -> Answer:
        application = self._bundle(rollout.champion.bundle).validator.application(row)
        arm, _ = arm_for(rollout, application.applicant_id)
        bundle = self._bundle(arm.bundle).answering(application)
        return answer(
            bundle,
            application,
            score(bundle, bundle.explainer, application),
            arm=arm.name,
            generation=rollout.generation,
            decision_id=None,
            with_shap_values=True,
        )

    def _bundle(self, digest: str) -> Bundle:
        if digest not in self._bundles:
            self._bundles[digest] = load_bundle(self._folder / digest)
        return self._bundles[digest]


def without_id(answer: Answer) -> Answer:
    """Leave out what no two decisions share."""
    return msgspec.structs.replace(answer, decision_id=None)
