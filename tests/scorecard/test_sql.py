"""The query scores a table of vectors as the card does, to the bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import CardFeature, CategoryBins, NumericBins, Scorecard, ScoreScale, to_sql

from .applicants import Mixed

SCALE = ScoreScale()


def table_of(card: Scorecard, rows: NDArray[np.float64]) -> pa.Table:
    """The vectors as a database would hold them: NULL for missing, codes of categories as text."""
    bins = {feature.name: feature.bins for feature in card.features}
    columns = {}
    for name, values in zip(card.feature_names, rows.T.tolist(), strict=True):
        of_feature = bins.get(name)
        if isinstance(of_feature, CategoryBins):
            codes = dict(enumerate(of_feature.categories))
            texts = [None if math.isnan(v) else codes.get(int(v), "zeppelin") for v in values]
            columns[name] = pa.array(texts, pa.string())
        else:
            numbers = [None if math.isnan(value) else value for value in values]
            columns[name] = pa.array(numbers, pa.float64())
    return pa.table(columns)


def answers(query: str, vectors: pa.Table, *columns: str) -> list[list[float]]:
    with duckdb.connect() as database:
        database.register("vectors", vectors)
        database.execute(
            "CREATE TABLE applicants AS SELECT row_number() OVER () AS n, * FROM vectors"
        )
        wanted = ", ".join(f'"{column}"' for column in columns)
        found = database.execute(f"SELECT {wanted} FROM ({query}) AS q ORDER BY n").fetchall()  # noqa: S608
    return [list(column) for column in zip(*found, strict=True)]


def odd_rows(card: Scorecard, mixed: Mixed) -> NDArray[np.float64]:
    """Thousands of rows, and one for every edge, the doubles beside it, and every code."""
    probes: list[NDArray[np.float64]] = []
    for feature in card.features:
        position = card.feature_names.index(feature.name)
        values: list[float] = [float(place) for place in range(-1, 7)]
        if isinstance(feature.bins, NumericBins):
            values += [code for _, codes in feature.bins.codes for code in codes]
            for edge in feature.bins.edges:
                values += [edge, math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf)]
            values += [math.inf, -math.inf, 0.0, -0.0]
        for value in values:
            row = mixed.vectors[len(probes)].copy()
            row[position] = value
            probes.append(row)
    return np.vstack([mixed.with_oddities(), mixed.vectors[1500:4500], probes])


def hexes(numbers: Sequence[float]) -> list[str]:
    return [float(number).hex() for number in numbers]


def test_margin_and_score_have_the_bits_of_the_card(mixed: Mixed, mixed_card: Scorecard) -> None:
    rows = odd_rows(mixed_card, mixed)
    expected = mixed_card.margins(rows).tolist()

    margin, score = answers(
        to_sql(mixed_card, SCALE, table="applicants"), table_of(mixed_card, rows), "margin", "score"
    )

    assert hexes(margin) == hexes(expected)
    assert hexes(score) == hexes([SCALE.score_from_log_odds(m) for m in expected])
    assert len(set(margin)) > 100


def test_a_rounded_card_scores_the_same_integers(mixed: Mixed, mixed_card: Scorecard) -> None:
    card = mixed_card.rounded(SCALE)
    rows = odd_rows(card, mixed)

    margin, score = answers(
        to_sql(card, SCALE, table="applicants"), table_of(card, rows), "margin", "score"
    )

    assert score == [card.whole_score(row) for row in rows.tolist()]
    assert all(type(points) is int for points in score)
    assert hexes(margin) == hexes(card.margins(rows).tolist())


def test_nan_in_a_column_is_missing(mixed: Mixed, mixed_card: Scorecard) -> None:
    """A database sorts NaN above every number; it must not be taken for the longest delay."""
    rows = mixed.with_oddities()[:200]
    vectors = table_of(mixed_card, rows)
    nan = pa.array(rows[:, 0], pa.float64(), from_pandas=False)
    assert nan.null_count == 0

    (margin,) = answers(
        to_sql(mixed_card, SCALE, table="applicants"), vectors.set_column(0, "delay", nan), "margin"
    )

    assert np.isnan(rows[:, 0]).any()
    assert hexes(margin) == hexes(mixed_card.margins(rows).tolist())


NAMES = Scorecard(
    feature_names=('a "quoted" b', "select", "not used"),
    features=(
        CardFeature("select", NumericBins((0.1,)), (1.0, -1.0, 0.0), (0.5, 0.5, 0.0), -0.8),
        CardFeature(
            'a "quoted" b',
            CategoryBins(("it's", '";--', "1"), (("it's", '";--'), ("1",))),
            (0.5, -0.5, 0.0, 0.3),
            (0.4, 0.4, 0.0, 0.2),
            -1e-300,
        ),
    ),
    intercept=-2.5,
)


def test_names_and_codes_are_quoted() -> None:
    values = {"select": [0.1, 0.2, None], 'a "quoted" b': ['";--', "it's", "2"]}
    query = to_sql(NAMES, SCALE, table="applicants", score="to pay", margin='"m"')

    (margin,) = answers(query.replace('"""m"""', '"m"'), pa.table(values), "m")

    vectors = [[1.0, 0.1, 0.0], [0.0, 0.2, 0.0], [9.0, math.nan, 0.0]]
    assert hexes(margin) == hexes([NAMES.margin(vector) for vector in vectors])
    assert '"""m"""' in query
    assert '"to pay"' in query
    assert "not used" not in query


@pytest.mark.parametrize("kind", ["INTEGER", "DECIMAL(10, 2)", "REAL"])
def test_columns_of_other_number_types_score_alike(kind: str) -> None:
    card = Scorecard(
        ("x",),
        (CardFeature("x", NumericBins((1.5, 7.0)), (1.0, 0.1, -1.0, 0.2), (0.25,) * 4, -0.7),),
        -2.0,
    )
    values = [1.0, 2.0, 7.0, 8.0, None]
    typed = f"(SELECT n, CAST(x AS {kind}) AS x FROM applicants)"  # noqa: S608 (made here)
    query = to_sql(card, SCALE, table="applicants").replace('"applicants"', typed)

    (margin,) = answers(query, pa.table({"x": values}), "margin")

    assert hexes(margin) == hexes([card.margin([math.nan if v is None else v]) for v in values])


def test_a_table_can_have_parts(tmp_path: Path) -> None:
    query = to_sql(NAMES, SCALE, table=("risk", "of today"))

    assert 'FROM "risk"."of today"\n' in query
    with duckdb.connect(tmp_path / "book.db") as database:
        database.execute("CREATE SCHEMA risk")
        database.execute('CREATE TABLE risk."of today" ("select" DOUBLE, "a ""quoted"" b" TEXT)')
        assert database.execute(query).fetchall() == []


def test_what_makes_no_query() -> None:
    names = "SQL: expected score and margin columns of two names that no feature has"
    for score, margin in (("x", "x"), ("select", "margin"), ("score", "not used")):
        with pytest.raises(DataError, match=names):
            to_sql(NAMES, SCALE, table="t", score=score, margin=margin)
    with pytest.raises(
        SettingsInvalid, match="SQL: expected the scale that the card was rounded to"
    ):
        to_sql(NAMES.rounded(SCALE), ScoreScale(pdo=40), table="t")
