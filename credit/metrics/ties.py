"""A sample sorted by risk once: what every curve over cut-offs is read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.metrics.sample import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class TieRuns:
    """Distinct risks with the goods and bads that share each of them.

    A cut-off cannot separate rows of equal risk, so any figure of a ranking follows from these
    counts alone.

    Attributes
    ----------
    values
        Distinct risks, shape ``(n_runs,)``, increasing.
    goods, bads
        Rows of either class at each of them, same shape.
    run
        Index into ``values`` of each row, shape ``(n_applicants,)``, in the order of the sample.
    """

    values: FloatArray
    goods: IntArray
    bads: IntArray
    run: IntArray


def tie_runs(bad: BoolArray, values: FloatArray) -> TieRuns:
    """Sort a checked sample and gather its ties."""
    distinct, run = np.unique(values, return_inverse=True)
    return TieRuns(
        values=distinct,
        goods=np.bincount(run[~bad], minlength=distinct.size),
        bads=np.bincount(run[bad], minlength=distinct.size),
        run=run,
    )
