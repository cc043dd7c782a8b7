"""Join trained parts into a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from credit.contract.model import Contract
from credit.decision.bundle import FORMAT, Bundle, Golden, Manifest
from credit.decision.bundle_files import bundle_to_files, content_hash
from credit.decision.fingerprint import versions
from credit.decision.golden import compute_golden, golden_applications
from credit.errors import DataError
from credit.features import FeatureTransform
from credit.models import Calibrator, Model
from credit.scorecard import ScoreScale

BACKGROUND_ROWS = 100
"""Reasons change little beyond it, and shap, which explains what is too deep for tables, holds no more."""

BACKGROUND_FROM = 0.5
"""The background starts at half the cut-off: approved, but not by far."""


def assemble_bundle(
    *,
    contract: Contract,
    transform: FeatureTransform,
    model: Model,
    calibrator: Calibrator,
    raw: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int8],
    seed: int,
    parameters: Mapping[str, Any],
    metrics: Mapping[str, Any],
    fallbacks: Mapping[str, Bundle] | None = None,
) -> Bundle:
    """Choose the background, make golden rows, and name the whole by its hash.

    Parameters
    ----------
    raw, labels
        The training rows in the contract's input order and their outcomes.
    metrics
        Figures on rows that nothing here has learned from.
    fallbacks
        Finished bundles for applicants who withhold a source, by name.
    """
    vectors = transform.matrix(raw)
    probabilities = calibrator.probabilities(model.margins(vectors))
    background = choose_background(vectors, probabilities, contract.policy.cutoff, seed=seed)
    manifest = Manifest(
        format=FORMAT,
        family=model.family,
        product=contract.product,
        contract=contract.digest(),
        data=data_hash(raw, labels),
        seed=seed,
        parameters=dict(parameters),
        metrics=dict(metrics),
        versions=versions(),
    )
    bundle = Bundle(
        hash_="",
        contract=contract,
        transform=transform,
        model=model,
        calibrator=calibrator,
        scale=ScoreScale(),
        background=background,
        golden=Golden(fingerprint="", rows=(), engine=""),
        manifest=msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest),
        fallbacks=fallbacks,
    )
    bundle.golden = compute_golden(bundle, golden_applications(contract, raw, seed=seed))
    bundle.hash = content_hash(bundle_to_files(bundle))
    return bundle


def data_hash(raw: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> str:
    """SHA-256 of training rows and their outcomes: names the data that a bundle has learned from."""
    return hashlib.sha256(raw.tobytes() + labels.tobytes()).hexdigest()


def choose_background(
    vectors: npt.NDArray[np.float64],
    probabilities: npt.NDArray[np.float64],
    cutoff: float,
    *,
    seed: int,
) -> npt.NDArray[np.float64]:
    """Sample approved applicants near the cut-off: whom a declined applicant is compared with.

    Raises
    ------
    DataError
        When the model approves nobody near the cut-off.
    """
    near = np.flatnonzero((probabilities >= BACKGROUND_FROM * cutoff) & (probabilities < cutoff))
    if len(near) == 0:
        raise DataError(
            f"no training row has a PD between {BACKGROUND_FROM * cutoff:.3f} and {cutoff:.3f}: there is no "
            "background to explain against; check the costs in the contract's policy"
        )
    chosen = np.random.default_rng(seed).permutation(near)[:BACKGROUND_ROWS]
    return np.ascontiguousarray(vectors[np.sort(chosen)])
