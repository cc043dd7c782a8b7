r"""The game of one leaf: the Shapley values of each set of its path's features that a row satisfies.

A leaf of value :math:`v` on a path over :math:`k` distinct features is a game whose worth is a product,
:math:`v \prod_i (o_i \text{ if } i \in S \text{ else } r_i)`, with :math:`o_i = 1` when the row
satisfies feature :math:`i`'s conditions and :math:`r_i` the reference's part. Hence

.. math:: \phi_j = v\,(o_j - r_j) \int_0^1 \prod_{i \ne j} \bigl(o_i t + r_i (1 - t)\bigr)\, dt

which follows from the Shapley value as an integral along the diagonal of the multilinear extension
(Owen 1972, Multilinear extensions of games, https://doi.org/10.1287/mnsc.18.5.64).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from credit.forest.compiled import compiled
from credit.forest.forest import Floats

MAXIMUM_FEATURES = 16
"""Distinct features on one path: a leaf has two to this power sets of them."""


def shares() -> Floats:
    r"""Beta integrals :math:`\int_0^1 t^a (1-t)^b dt = a!\,b! / (a+b+1)!`, indexed ``[a, b]``."""
    n = MAXIMUM_FEATURES + 1
    f = [float(math.factorial(i)) for i in range(2 * n + 2)]
    return np.array([[f[a] * f[b] / f[a + b + 1] for b in range(n)] for a in range(n)])


def gauss_legendre(n: int) -> tuple[Floats, Floats]:
    """Points and weights of the quadrature on [0, 1] that is exact to degree 2 n - 1."""
    points, weights = np.polynomial.legendre.leggauss(n)  # type: ignore[no-untyped-call]
    return (points + 1) / 2, weights / 2


@compiled
def against_background(value: float, k: int, counts: Any, integrals: Any, out: Any) -> None:
    """Fill ``out[own, j]``, averaged over a background (interventional values).

    Parameters
    ----------
    counts
        Per set of satisfied features, as bits: share of background rows that satisfy just these.
    out
        Shape (2**k, k), indexed by the set that the row satisfies.

    Notes
    -----
    A background row counts only when each feature is satisfied by it or by the row. Then features that
    only the row satisfies give a ``t`` each, those that only the background row satisfies a ``1 - t``.
    """
    full = (1 << k) - 1
    for own in range(full + 1):
        out[own, :k] = 0.0
        lacking = full & ~own
        n_lacking = _count(lacking)
        # All supersets of what the row lacks.
        rest = own
        while True:
            theirs = lacking | rest
            share = counts[theirs]
            if share != 0.0:
                n_own = k - _count(theirs)
                for j in range(k):
                    if not (theirs >> j) & 1:
                        out[own, j] += value * share * integrals[n_own - 1, n_lacking]
                    elif not (own >> j) & 1:
                        out[own, j] -= value * share * integrals[n_own, n_lacking - 1]
            if rest == 0:
                break
            rest = (rest - 1) & own


@compiled
def by_cover(value: float, k: int, cover: Any, nodes: Any, weights: Any, out: Any) -> None:
    """Fill ``out[own, j]`` with the path's shares of training rows as reference (path-dependent values).

    Parameters
    ----------
    cover
        Per feature: product of the shares of rows along the path.
    nodes, weights
        Of :func:`gauss_legendre`, exact to degree k - 1.
    """
    for own in range(1 << k):
        out[own, :k] = 0.0
        for n in range(len(nodes)):
            t = nodes[n]
            for j in range(k):
                product = weights[n]
                for i in range(k):
                    if i != j:
                        product *= ((own >> i) & 1) * t + cover[i] * (1.0 - t)
                out[own, j] += value * (((own >> j) & 1) - cover[j]) * product


@compiled
def _count(bits: int) -> int:
    n = 0
    while bits:
        bits &= bits - 1
        n += 1
    return n
