"""The points table for people and spreadsheets."""

from __future__ import annotations

import csv
import io

from credit.scorecard import (
    CardFeature,
    CategoryBins,
    NumericBins,
    PointsRow,
    Scorecard,
    ScoreScale,
    points_csv,
    points_frame,
    points_markdown,
)

CARD = Scorecard(
    feature_names=("delay", "housing"),
    features=(
        CardFeature(
            "delay",
            NumericBins((2.0,), (("refused", (98.0,)),)),
            (1.0, -1.0, 0.25, 0.0),
            (0.5, 0.3, 0.2, 0.0),
            -1.0,
        ),
        CardFeature(
            "housing",
            CategoryBins(("a|b", "c"), (("a|b",),)),
            (0.5, 0.0, -0.125),
            (0.875, 0.0, 0.125),
            -1.0,
        ),
    ),
    intercept=-2.0,
)
ROWS = CARD.rounded(ScoreScale()).points_table(ScoreScale())


def test_every_bin_has_a_line_whatever_its_kind() -> None:
    assert [(row.feature, row.bin, row.points) for row in ROWS] == [
        ("base points", "all", 545.0),
        ("delay", "(-inf, 2]", 29.0),
        ("delay", "(2, inf)", -29.0),
        ("delay", "refused", 7.0),
        ("delay", "missing", 0.0),
        ("housing", "a|b", 14.0),
        ("housing", "unseen", 0.0),
        ("housing", "missing", -4.0),
    ]


def test_csv_restores_every_bit() -> None:
    rows = CARD.points_table(ScoreScale())

    header, *lines = csv.reader(io.StringIO(points_csv(rows)))

    assert header == ["feature", "bin", "share", "woe", "points"]
    assert [(*line[:2], *map(float, line[2:])) for line in lines] == list(rows)


def test_markdown_by_hand() -> None:
    table = points_markdown(ROWS).splitlines()

    assert table[0] == "| feature | bin | share | WOE | points |"
    assert table[2] == "| base points | all | 100.0% | 0.000 | 545 |"
    assert table[7] == r"| housing | a\|b | 87.5% | 0.500 | 14 |"
    assert len(table) == 2 + len(ROWS)


def test_markdown_shows_fractions_where_there_are_any() -> None:
    """A WOE of 1 at a coefficient of -1 is worth 28.8539 points; a neutral bin is 0, not -0."""
    table = points_markdown(CARD.points_table(ScoreScale())).splitlines()

    assert table[3].endswith("| 28.85 |")
    assert table[6].endswith("| 0 |")


def test_frame_holds_the_same_rows() -> None:
    frame = points_frame(ROWS)

    assert [PointsRow(*row) for row in frame.itertuples(index=False)] == list(ROWS)
    assert list(frame.columns) == list(PointsRow._fields)
