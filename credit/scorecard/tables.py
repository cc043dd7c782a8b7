"""A points table for people and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from credit.scorecard.points import PointsRow

if TYPE_CHECKING:
    import pandas as pd


def points_frame(rows: Sequence[PointsRow]) -> pd.DataFrame:
    """Return the table as a frame, one column per field."""
    # Only people read frames; a process that scores does not load pandas for them.
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(PointsRow._fields))


def points_csv(rows: Sequence[PointsRow]) -> str:
    """Return the table as CSV with a header; numbers have the digits that restore their bits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PointsRow._fields)
    writer.writerows(rows)
    return text.getvalue()


def points_markdown(rows: Sequence[PointsRow]) -> str:
    """Return the table as Markdown, shares as per cent, whole points without a fraction."""
    lines = ["| feature | bin | share | WOE | points |", "|---|---|---:|---:|---:|"]
    for row in rows:
        points = f"{row.points:.0f}" if row.points.is_integer() else f"{row.points:.2f}"
        cells = (row.feature, row.bin, f"{row.share:.1%}", f"{row.woe:.3f}", points)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
