"""A card on numbers, categories and codes together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.base import clone

from credit.errors import DataError
from credit.scorecard import CategoryBins, NumericBins, Scorecard
from credit.scorecard.fit import fit_scorecard
from credit.scorecard.transformer import WoeTransformer

from .applicants import Mixed


def test_bins_are_of_the_kind_of_their_feature(mixed_card: Scorecard) -> None:
    kinds = {feature.name: type(feature.bins) for feature in mixed_card.features}

    assert kinds == {"delay": NumericBins, "income": NumericBins, "housing": CategoryBins}


def test_codes_take_no_part_in_the_cuts(mixed: Mixed, mixed_card: Scorecard) -> None:
    """98 is far above every delay, and yet cuts are those without the coded rows."""
    bins = mixed_card.features[0].bins
    assert isinstance(bins, NumericBins)
    delay = mixed.vectors[:, 0]
    coded = np.isin(delay, [96.0, 98.0])
    blank = np.column_stack([np.where(coded, np.nan, delay), mixed.vectors[:, 1]])
    plain = WoeTransformer(("delay", "income"), (1, -1)).fit(blank, mixed.y)

    assert bins.edges == plain.bins_[0].edges  # type: ignore[union-attr]
    assert bins.codes == (("refused", (96.0, 98.0)), ("never lent", (-1.0,)))


def test_each_meaning_has_the_evidence_of_its_own_rows(mixed: Mixed, mixed_card: Scorecard) -> None:
    delay = mixed_card.features[0]
    held = np.isin(mixed.vectors[:, 0], [96.0, 98.0])
    bads, goods = mixed.y[held].sum(), (1 - mixed.y[held]).sum()

    woe = dict(zip(delay.bins.labels, delay.woe, strict=True))["refused"]

    expected = math.log((goods / (1 - mixed.y).sum()) / (bads / mixed.y.sum()))
    assert woe == pytest.approx(expected, abs=1e-12)


def test_an_unseen_category_is_neutral_and_counted(mixed: Mixed, mixed_card: Scorecard) -> None:
    fitted = mixed.transformer().fit(mixed.vectors, mixed.y)
    rows = mixed.vectors[:6].copy()
    rows[:, 2] = [0.0, 4.0, 4.0, 9.0, math.nan, 1.0]

    woe = fitted.transform(rows)

    assert woe[[1, 2, 3], 2].tolist() == [0.0, 0.0, 0.0]
    assert np.abs(woe[[0, 4, 5], 2]).min() > 0
    assert fitted.count_unseen(rows) == {"housing": 3}
    assert fitted.count_unseen(mixed.vectors) == {"housing": 0}
    bare = [mixed_card.contributions(row, [0.0, 0.0, 0.0]) for row in rows.tolist()]
    assert bare[1][2] == 0.0


def test_fitting_keeps_its_settings(mixed: Mixed) -> None:
    copy = clone(mixed.transformer()).fit(mixed.vectors, mixed.y)

    assert copy.bins_ == mixed.transformer().fit(mixed.vectors, mixed.y).bins_


def test_batches_score_as_their_rows(mixed: Mixed, mixed_card: Scorecard) -> None:
    rows = mixed.with_oddities()

    one_by_one = [mixed_card.margin(row) for row in rows.tolist()]

    assert [m.hex() for m in mixed_card.margins(rows).tolist()] == [m.hex() for m in one_by_one]


def test_every_category_has_its_risk(mixed: Mixed, mixed_card: Scorecard) -> None:
    """Tenants are riskier than owners in the book, and on the card."""
    owner, tenant = ([1.0, 2000.0, place] for place in (0.0, 1.0))

    assert mixed_card.margin(tenant) > mixed_card.margin(owner)


@pytest.mark.parametrize(
    ("directions", "codes"), [((1, -1, 1), None), ((1, -1, 0), ({}, {}, {0.0: "none"}))]
)
def test_a_category_has_no_direction_and_no_codes(
    mixed: Mixed, directions: tuple[int, ...], codes: object
) -> None:
    with pytest.raises(
        DataError, match="housing: a nominal feature has no order; expected direction 0"
    ):
        fit_scorecard(
            mixed.vectors,
            mixed.y,
            feature_names=mixed.names,
            directions=directions,
            categories=mixed.categories,
            codes=codes,  # type: ignore[arg-type]
        )


def test_a_category_is_named_in_an_error(mixed: Mixed) -> None:
    rows = mixed.vectors.copy()
    rows[0, 2] = 77.0

    with pytest.raises(DataError, match="housing: expected the place of one of 5 categories"):
        mixed.transformer().fit(rows, mixed.y)
