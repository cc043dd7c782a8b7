"""What a process must know to score parts of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from credit.decision import Rollout, load_bundle
from credit.decision.batch import BatchScorer

if TYPE_CHECKING:
    from credit.records import Location

Form = Literal["lines", "table"]
"""Answers as JSON lines, or as columns."""


@dataclass(frozen=True)
class Recording:
    """Where decisions are recorded.

    Attributes
    ----------
    name
        Of the job. With the number of a row it is the key under which the row is recorded once.
    """

    location: Location
    key_path: Path
    name: str
    tenant: str = "default"


@dataclass(frozen=True)
class ScoringJob:
    """How to score and in which form to answer.

    Attributes
    ----------
    bundles_path
        Folder of bundles by hash.
    cache_path
        Where explainers keep what takes long to build; None for nowhere.
    recording
        None for a trial: nothing is recorded, so no answer has a decision id.
    """

    rollout: Rollout
    bundles_path: Path
    cache_path: Path | None
    form: Form
    shap_values: bool
    recording: Recording | None

    def load(self) -> BatchScorer:
        """Load the bundles and build their explainers.

        Raises
        ------
        BundleError
            When one cannot be trusted or used.
        """
        hashes = [arm.bundle for arm in self.rollout.arms]
        bundles = {h: load_bundle(self.bundles_path / h, self.cache_path) for h in hashes}
        for bundle in bundles.values():
            for each in (bundle, *bundle.fallbacks.values()):
                _ = each.explainer
        return BatchScorer(self.rollout, bundles)
