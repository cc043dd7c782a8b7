"""Parcelling: rejects become goods and bads by the bad rate of the accepts who score alike."""

from __future__ import annotations

import numpy as np

from credit.metrics.sample import FloatArray, IntArray
from credit.models.base import Labels

MINIMUM_ACCEPTS = 50
"""Accepts that a band needs for a bad rate of its own: its standard error is then at most 0.07."""


def parcelled_labels(
    pd_of_accepts: FloatArray,
    accept_labels: Labels,
    pd_of_rejects: FloatArray,
    *,
    factor: float,
    seed: int,
    n_bands: int,
) -> Labels:
    r"""Draw an outcome for each reject.

    In a band whose accepts have bad rate :math:`r`, of :math:`n` rejects
    :math:`\lfloor \min(f r, 1) n + u \rfloor` are drawn as bads, with factor :math:`f` and :math:`u` uniform
    on [0, 1): on average no rounding is left over.

    The draw of a reject does not depend on the factor. With one seed, whoever is bad at a factor is
    bad at every higher one, so that a grid of factors shows the factor and not the luck of the draw.

    Returns
    -------
    1 = bad, shape ``(n_rejects,)``.

    References
    ----------
    Siddiqi, N. (2017). Intelligent Credit Scoring, 2nd edition, section "Parceling". Wiley.
    doi:10.1002/9781119282396
    """
    edges = band_edges(pd_of_accepts, pd_of_rejects, n_bands)
    band_of_accept = np.searchsorted(edges, pd_of_accepts, side="right")
    band_of_reject = np.searchsorted(edges, pd_of_rejects, side="right")
    generator = np.random.default_rng(seed)
    luck = generator.random(len(pd_of_rejects))
    labels = np.zeros(len(pd_of_rejects), dtype=np.int8)
    for band in range(len(edges) + 1):
        rounding = generator.random()
        bad_rate = float(accept_labels[band_of_accept == band].mean())
        members = np.flatnonzero(band_of_reject == band)
        n_bads = int(min(factor * bad_rate, 1.0) * len(members) + rounding)
        labels[members[np.argsort(luck[members], kind="stable")[:n_bads]]] = 1
    return labels


def band_edges(pd_of_accepts: FloatArray, pd_of_rejects: FloatArray, n_bands: int) -> FloatArray:
    """PDs that part the bands, each the lowest of the band above it.

    The bands hold equal numbers of applicants, accepts and rejects together, and are pooled from the
    riskiest down until each has :data:`MINIMUM_ACCEPTS` accepts. Where accepts are few, the rate of a
    wide band stands for its riskiest rejects, too: one more reason for a factor above 1.
    """
    everyone = np.concatenate([pd_of_accepts, pd_of_rejects])
    edges = np.unique(np.quantile(everyone, np.arange(1, n_bands) / n_bands))
    n_accepts: IntArray = np.bincount(
        np.searchsorted(edges, pd_of_accepts, side="right"), minlength=len(edges) + 1
    )
    kept: list[float] = []
    pooled = 0
    for edge, above in zip(edges[::-1].tolist(), n_accepts[:0:-1].tolist(), strict=True):
        pooled += above
        if pooled >= MINIMUM_ACCEPTS:
            kept.append(edge)
            pooled = 0
    if kept and pooled + int(n_accepts[0]) < MINIMUM_ACCEPTS:
        kept.pop()
    return np.array(kept[::-1], dtype=np.float64)
