"""Merge two tables, with everything checked that a plain merge lets pass.

A merge goes wrong in silence: a key that is there twice multiplies loans, a missing key matches a
missing key, a number never matches its text, a row of next year explains a decision of today. Each
of these is refused here, and what found no partner is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from credit.data.keys import (
    checked_times,
    first_row,
    require_columns,
    require_keys,
    require_same_kind,
)
from credit.data.partners import NOBODY, Positions, all_partners, latest_partner
from credit.errors import DataError

How = Literal["left", "inner"]
Cardinality = Literal["one_to_one", "many_to_one", "one_to_many"]
Ties = Literal["refuse", "last"]


@dataclass(frozen=True, slots=True)
class Merged:
    """Result of :func:`merge_tables`.

    Attributes
    ----------
    table
        The columns of the left table, then those of the right one without its keys. Rows stand in the
        order of the left table; several partners of one row in the order of the right table. The
        index counts from 0.
    n_left_unmatched
        Rows of the left table that found no partner: kept with missing values by ``how="left"``
        (whole numbers become float64 then), left out by ``how="inner"``.
    n_right_unmatched
        Rows of the right table that no left row took. In an as-of merge that is ordinary: superseded
        and future rows are among them.
    """

    table: pd.DataFrame = field(repr=False)
    n_left_unmatched: int
    n_right_unmatched: int


def merge_tables(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    on: str | Sequence[str],
    how: How,
    cardinality: Cardinality,
    as_of: str | None = None,
    right_time: str | None = None,
    ties: Ties = "refuse",
) -> Merged:
    """Merge two tables by key, or by key and time.

    With `as_of`, each left row takes the latest right row of its key whose `right_time` lies at or
    before the left row's `as_of`, and never a later one.

    Parameters
    ----------
    on
        Key column(s), under the same name in both tables.
    how
        What happens to a left row without a partner: ``left`` keeps it, ``inner`` leaves it out.
    cardinality
        Which table may hold a key more than once; ``many_to_one`` says that the left one may. In an
        as-of merge the right table may always hold a key at several times, and a left row gets one
        partner at most, so that ``one_to_many`` makes no sense there.
    as_of, right_time
        Time columns of the left and of the right table, without a time zone; both or neither.
    ties
        As-of only, where a key is there twice at the same right time: ``refuse``, or take the ``last``
        of them in the right table's order.

    Raises
    ------
    DataError
        A column is not there, or there in both tables; a key or a time is missing; the kinds of a key
        differ; a key is there twice where the cardinality or `ties` forbids it; the arguments do not
        go together. Messages count rows and name the first, never a value.
    """
    keys = [on] if isinstance(on, str) else list(on)
    _check_arguments(keys, cardinality, as_of, right_time)
    require_columns(left, [*keys, *([as_of] if as_of else [])], "left")
    require_columns(right, [*keys, *([right_time] if right_time else [])], "right")
    _refuse_collisions(left, right, keys)
    require_keys(left, keys, "left")
    require_keys(right, keys, "right")
    require_same_kind(left, right, [(key, key) for key in keys])
    if cardinality != "many_to_one":
        _refuse_duplicates(left[keys], "left", f"cardinality {cardinality}")
    codes_left, codes_right = _key_codes(left, right, keys)
    if as_of is None or right_time is None:
        if cardinality != "one_to_many":
            _refuse_duplicates(right[keys], "right", f"cardinality {cardinality}")
        taken_left, taken_right = all_partners(codes_left, codes_right)
    else:
        if ties == "refuse":
            _refuse_duplicates(right[[*keys, right_time]], "right", "an as-of merge")
        taken_right = latest_partner(
            codes_left,
            checked_times(left, as_of, "left"),
            codes_right,
            checked_times(right, right_time, "right"),
        )
        taken_left = np.arange(len(left), dtype=np.int64)
    return _assemble(left, right.drop(columns=keys), taken_left, taken_right, how)


def _check_arguments(
    keys: list[str], cardinality: Cardinality, as_of: str | None, right_time: str | None
) -> None:
    if not keys:
        raise DataError("merge: expected at least one key column in `on`, came none")
    if (as_of is None) != (right_time is None):
        raise DataError("merge: `as_of` and `right_time` go together; give both or neither")
    if as_of is not None and cardinality == "one_to_many":
        raise DataError(
            "merge: an as-of merge gives a left row one partner at most; "
            "expected cardinality many_to_one or one_to_one, came one_to_many"
        )


def _refuse_collisions(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> None:
    both = [str(name) for name in left.columns if name in right.columns and name not in keys]
    if both:
        raise DataError(
            f"merge: both tables have the column(s) {', '.join(both)}; rename or drop one of each"
        )


def _refuse_duplicates(keys: pd.DataFrame, table: str, rule: str) -> None:
    again = keys.duplicated().to_numpy()
    if again.any():
        raise DataError(
            f"{table} table: {rule} allows each {' and '.join(keys.columns)} once, "
            f"{int(again.sum()):,} rows repeat an earlier one, {first_row(again)}"
        )


def _key_codes(
    left: pd.DataFrame, right: pd.DataFrame, keys: list[str]
) -> tuple[Positions, Positions]:
    """One number per distinct key of either table."""
    both = pd.concat([left[keys], right[keys]], ignore_index=True)
    codes = np.asarray(both.groupby(keys, sort=False, observed=True).ngroup(), dtype=np.int64)
    return codes[: len(left)], codes[len(left) :]


def _assemble(
    left: pd.DataFrame,
    right: pd.DataFrame,
    taken_left: Positions,
    taken_right: Positions,
    how: How,
) -> Merged:
    alone = taken_right == NOBODY
    n_right_unmatched = len(right) - len(np.unique(taken_right[~alone]))
    if how == "inner":
        taken_left, taken_right = taken_left[~alone], taken_right[~alone]
    partners = right.reset_index(drop=True)
    someone_alone = bool((taken_right == NOBODY).any())
    # NOBODY is no label, so reindex fills in missing values; take keeps whole numbers whole.
    partners = partners.reindex(taken_right) if someone_alone else partners.take(taken_right)
    table = pd.concat(
        [left.take(taken_left).reset_index(drop=True), partners.reset_index(drop=True)], axis=1
    )
    return Merged(table, int(alone.sum()), n_right_unmatched)
