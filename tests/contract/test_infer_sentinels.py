"""Numbers that are codes are told from numbers by standing apart and repeating."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, check_frame
from credit.contract.inference import draft_contract
from credit.contract.inference.profile import profile_column
from credit.contract.inference.sentinels import find_sentinels


def found(*values: Any) -> list[int]:
    series = pd.Series(np.concatenate([np.atleast_1d(np.asarray(v, dtype=float)) for v in values]))
    return [sentinel.value for sentinel in find_sentinels(profile_column("x", series))]


COUNTS = np.arange(14).repeat(20)
SCORES = np.linspace(300, 850, 400).round()


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ((COUNTS, [96] * 5, [98] * 264), [96, 98]),
        ((COUNTS, [-1] * 30), [-1]),
        ((COUNTS, [-1] * 30, [99] * 4), [-1, 99]),
        ((SCORES, [-999] * 9), [-999]),
        ((SCORES, [9999] * 9), [9999]),
        ((-np.arange(17_000), [365_243] * 50), [365_243]),  # days before a date, and no date
        ((COUNTS / 7, [1000] * 4), [1000]),  # no familiar code, but more than ten spans away
    ],
)
def test_repeated_numbers_far_from_the_rest_are_codes(values: Any, codes: list[int]) -> None:
    assert found(*values) == codes


@pytest.mark.parametrize(
    "values",
    [
        (COUNTS,),
        (np.arange(101).repeat(3),),  # percent: 99 is one of them
        (COUNTS, [96], [98]),  # once each: slips or rare truths
        (COUNTS, [20] * 5),  # far, but no code that people use
        ([0, 1] * 50,),
        ([0, 1, 2] * 50, [99] * 2),
        (COUNTS - 5,),  # amounts below and above zero
        (COUNTS, [-1] * 9, [-2] * 9),  # too close: asked about, not decided
        (COUNTS, [98.5] * 9),
        (np.exp(np.arange(200) / 20),),  # a long tail
    ],
)
def test_numbers_that_belong_to_the_rest_are_not(values: Any) -> None:
    assert found(*values) == []


def test_a_code_leaves_the_range_and_is_said_with_its_evidence() -> None:
    late = np.concatenate([COUNTS, [96] * 5, [98] * 15])
    table = pd.DataFrame({"late": late, "y": np.arange(300) % 2})

    draft = draft_contract(table, target="y", product="made_up")

    (column,) = [c for c in draft.document["columns"] if c["name"] == "late"]
    assert column["maximum"] == 20
    assert list(column["sentinels"]) == [96, 98]
    assert [str(n) for n in draft.notes if n.field == "late"] == [
        "ask: late: 96 (5 rows) and 98 (15 rows): 83 away from the other values, which span 13; "
        "taken as codes, not as numbers"
    ]
    assert check_frame(table, Contract.model_validate(draft.document), target=True).n_bad_rows == 0


def test_the_only_negative_number_is_said_to_be_that() -> None:
    table = pd.DataFrame({"late": np.append(COUNTS, [-1] * 20), "y": np.arange(300) % 2})

    draft = draft_contract(table, target="y", product="made_up")

    assert (
        "ask: late: -1 (20 rows): the only number below 0; taken as codes, not as numbers"
        in map(str, draft.notes)
    )


def test_small_negative_numbers_beside_counts_are_asked_about() -> None:
    status = np.concatenate([COUNTS, [-1] * 10, [-2] * 10])
    table = pd.DataFrame({"months_late": status, "y": np.arange(300) % 2})

    draft = draft_contract(table, target="y", product="made_up")

    assert [note.text for note in draft.notes if note.field == "months_late"] == [
        "-2, -1 beside counts may be codes; if so, list them under sentinels"
    ]
