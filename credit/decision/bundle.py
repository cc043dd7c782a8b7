"""The bundle: everything a decision needs, immutable, named by the hash of its content."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from credit.contract.application import Application
from credit.contract.model import Contract
from credit.contract.row import RowValidator
from credit.decision.fallback import fallback_name
from credit.decision.members import make_explainer
from credit.decision.policy import PolicyRules
from credit.errors import ApplicationInvalid, Failure
from credit.explain import Explainer
from credit.features import FeatureTransform
from credit.models import Calibrator, Model
from credit.scorecard import ScoreScale

FORMAT = 1


class Manifest(msgspec.Struct, frozen=True):
    """Where a bundle comes from. No clock: the same training gives the same hash.

    Attributes
    ----------
    data
        SHA-256 of the training rows and labels.
    metrics
        Figures on rows that neither the model nor the calibrator saw, with their intervals.
    """

    format: int
    family: str
    product: str
    contract: str
    data: str
    seed: int
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]


class GoldenRow(msgspec.Struct, frozen=True):
    """One application with every number that was computed for it when the bundle was made.

    The rows are made up: each column is drawn by itself, so no row is a person.
    """

    application: dict[str, Any]
    vector: tuple[float | None, ...]
    margin: float
    probability_of_default: float
    decision: str
    base: float
    contributions: tuple[float, ...]


class Golden(msgspec.Struct, frozen=True):
    """Golden rows, the fingerprint they were computed under, and what explained them.

    A bundle is explained by that engine for good: its reasons, and the replay of its records, do not
    change when the product learns a faster one. Bundles from before it was written down were explained
    by shap where they are made of trees.
    """

    fingerprint: str
    rows: tuple[GoldenRow, ...]
    engine: str = "shap/"


class Bundle:
    """A loaded bundle. Make one with :func:`credit.decision.load_bundle`, which checks it.

    ``fallbacks`` are bundles of their own, by the sources that they do without. In the folder ``cache`` the
    explainer may keep what takes long to build.
    """

    def __init__(
        self,
        *,
        hash_: str,
        contract: Contract,
        transform: FeatureTransform,
        model: Model,
        calibrator: Calibrator,
        scale: ScoreScale,
        background: npt.NDArray[np.float64],
        golden: Golden,
        manifest: Manifest,
        fallbacks: Mapping[str, Bundle] | None = None,
        cache: Path | None = None,
    ) -> None:
        self.hash = hash_
        self.contract = contract
        self.transform = transform
        self.model = model
        self.calibrator = calibrator
        self.scale = scale
        self.background = background
        self.golden = golden
        self.manifest = manifest
        self.fallbacks = dict(fallbacks or {})
        self._cache = cache

    def answering(self, application: Application) -> Bundle:
        """Return the bundle that may answer: this one, or the fallback without what is withheld.

        Raises
        ------
        ApplicationInvalid
            When nothing can be scored without the sources that were withheld.
        """
        if not application.withheld:
            return self
        fallback = self.fallbacks.get(fallback_name(application.withheld))
        if fallback is None:
            sources = ", ".join(application.withheld)
            message = f"this product cannot be scored without consent to {sources}"
            raise ApplicationInvalid([Failure("consents", "missing", message)])
        return fallback

    @functools.cached_property
    def explainer(self) -> Explainer:
        """Build the explainer on first use; only a process that explains pays for it."""
        return make_explainer(
            self.manifest.family,
            self.model,
            self.background,
            engine=self.golden.engine,
            cache=self._cache,
        )

    @functools.cached_property
    def rules(self) -> PolicyRules:
        """The policy rules of this bundle's contract."""
        return PolicyRules(self.contract, self.transform)

    @functools.cached_property
    def validator(self) -> RowValidator:
        """The validator of this bundle's contract."""
        return RowValidator(self.contract)


def same(expected: Sequence[float], found: Sequence[float], *, exactly: bool) -> bool:
    """Compare numbers to the bit, or within 1e-12 across fingerprints; NaN equals NaN."""
    a, b = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    if a.shape != b.shape:
        return False
    if exactly:
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True))


def golden_application(bundle: Bundle, row: GoldenRow) -> Application:
    """Validate a golden row again, as a client's would be."""
    return bundle.validator.application(row.application)
