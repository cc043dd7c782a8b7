"""Accepts apart: to learn from, to calibrate on, to measure on."""

from __future__ import annotations

from credit.data.split import group_folds, row_groups
from credit.models.base import Labels, Matrix
from credit.reject_inference.training_set import TrainingSet


def split_accepts(
    vectors: Matrix, labels: Labels, *, seed: int
) -> tuple[TrainingSet, TrainingSet, TrainingSet]:
    """Three fifths to learn from, one to calibrate on, one to measure on.

    Goods and bads are spread evenly, and identical rows stay on one side. Where applications have
    dates, or an applicant several of them, split by these instead.

    Raises
    ------
    DataError
        When one class is absent, or has fewer than five distinct rows.
    """
    fifth = group_folds(labels, row_groups(vectors), n_folds=5, seed=seed)
    parts = (fifth >= 2, fifth == 1, fifth == 0)  # noqa: PLR2004 - three of five
    learning, calibration, held_out = (
        TrainingSet.observed(vectors[part], labels[part]) for part in parts
    )
    return learning, calibration, held_out
