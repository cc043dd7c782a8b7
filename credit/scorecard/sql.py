"""A scorecard as one SQL query that scores a table of feature vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from credit.errors import DataError, SettingsInvalid
from credit.scorecard.bins import NumericBins
from credit.scorecard.card import Scorecard
from credit.scorecard.categories import CategoryBins
from credit.scorecard.feature import CardFeature
from credit.scorecard.scale import ScoreScale


def to_sql(
    card: Scorecard,
    scale: ScoreScale,
    *,
    table: str | Sequence[str],
    score: str = "score",
    margin: str = "margin",
) -> str:
    """Write the query that adds a score and the log-odds of bad to every row of a table.

    The table has one column per feature of the card, of the feature's name: numbers as in the
    feature vector, dates as their day number, categories as the text of their code. NULL, and NaN
    where a database has it, is missing; a category that the card does not know is neutral.

    The query is standard SQL and runs on DuckDB and PostgreSQL. It adds the same doubles in the same
    order as :meth:`Scorecard.margin <credit.scorecard.card.Scorecard.margin>`, each written with the
    digits that restore its bits (17 at most), and IEEE 754 rounds additions everywhere alike: margin and score
    have the bits of ``card.margin`` and ``scale.score_from_log_odds``. A rounded card adds integers;
    its score is that of :meth:`~credit.scorecard.card.Scorecard.whole_score`.

    Parameters
    ----------
    card
        The card.
    scale
        The scale of the score; for a rounded card, its own.
    table
        Name of the table, or its parts: ``("schema", "table")``. All names are quoted.
    score, margin
        Names of the two new columns.

    Raises
    ------
    DataError
        A new column has the name of a feature, or both have the same.
    SettingsInvalid
        A rounded card is asked for another scale than its own.
    """
    if len({score, margin}) < 2 or {score, margin} & set(card.feature_names):  # noqa: PLR2004
        raise DataError("SQL: expected score and margin columns of two names that no feature has")
    if card.whole is not None and card.whole.scale != scale:
        raise SettingsInvalid("SQL: expected the scale that the card was rounded to; pass that one")

    offset, factor = _double(scale.offset), _double(scale.factor)
    if card.whole is None:
        inner, outer = margin, score
        first = _double(card.intercept)
        worth = [[_double(term) for term in feature.terms] for feature in card.features]
        last = f"{offset} - {factor} * {_name(inner)}"
    else:
        inner, outer = score, margin
        first = str(card.whole.base)
        worth = [[str(points) for points in bins] for bins in card.whole.bins]
        last = f"({offset} - {_name(inner)}) / {factor}"
    cases = [
        f"    + {case}"
        for feature, of_bins in zip(card.features, worth, strict=True)
        for case in [_case(feature, of_bins)]
    ]
    source = _name(table) if isinstance(table, str) else ".".join(map(_name, table))
    return "\n".join(
        [
            "SELECT *,",
            f"  {last} AS {_name(outer)}",
            "FROM (",
            "  SELECT *,",
            f"    {first}",
            *cases,
            f"    AS {_name(inner)}",
            f"  FROM {source}",
            ") AS scored",
            "",
        ]
    )


def _case(feature: CardFeature, worth: Sequence[str]) -> str:
    name = _name(feature.name)
    if isinstance(feature.bins, CategoryBins):
        branches, otherwise = _of_categories(name, feature.bins), feature.bins.unseen
    else:
        branches, otherwise = _of_numbers(name, feature.bins), len(feature.bins.edges)
    lines = [f"      WHEN {condition} THEN {worth[place]}" for condition, place in branches]
    return "\n".join(["CASE", *lines, f"      ELSE {worth[otherwise]} END"])


def _of_numbers(name: str, bins: NumericBins) -> Iterator[tuple[str, int]]:
    # A database sorts NaN above all numbers, where it would be taken for the largest value.
    yield f"{name} IS NULL OR {name} = CAST('NaN' AS DOUBLE PRECISION)", bins.missing
    for place, (_, values) in enumerate(bins.codes, start=len(bins.edges) + 1):
        yield f"{name} IN ({', '.join(map(_double, values))})", place
    for place, edge in enumerate(bins.edges):
        yield f"{name} <= {_double(edge)}", place


def _of_categories(name: str, bins: CategoryBins) -> Iterator[tuple[str, int]]:
    yield f"{name} IS NULL", bins.missing
    for place, group in enumerate(bins.groups):
        yield f"{name} IN ({', '.join(map(_text, group))})", place


def _double(number: float) -> str:
    """Write a double to the bit: without an exponent a database may take it for a decimal number."""
    digits = repr(number)
    return f"CAST({digits if 'e' in digits else digits + 'e0'} AS DOUBLE PRECISION)"


def _text(code: str) -> str:
    return "'" + code.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
