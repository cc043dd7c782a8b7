"""Directions are suggested, never set; notes stand beside what they are about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, load_contract
from credit.contract.inference import Draft, draft_contract, to_yaml

N = 3_000


@pytest.fixture(scope="module")
def draft() -> Draft:
    """Risk that falls with income, rises with debt, is lowest in the middle of a term, and else chance."""
    random = np.random.default_rng(11)
    income, debt, term, noise = random.random((4, N))
    risk = 0.1 + 0.25 * (1 - income) + 0.25 * debt + 0.8 * (term - 0.5) ** 2
    table = pd.DataFrame(
        {
            "Income": (income * 5000).round(),
            "debt": debt.round(3),
            "term": (term * 60).round(),
            "noise": noise.round(3),
            "age": random.integers(18, 80, N),
            "home": random.choice(["own", "rent"], N),
            "status": np.where(random.random(N) < risk, "bad", "good"),
        }
    )
    return draft_contract(table, target="status", product="made_up")


def test_only_clearly_monotone_relations_suggest_a_direction(draft: Draft) -> None:
    said = {name: text.partition(":")[0] for name, text in draft.directions.items()}

    assert said == {"income": "PD looks decreasing", "debt": "PD looks increasing"}


def test_a_suggestion_is_no_constraint(draft: Draft) -> None:
    assert set(Contract.model_validate(draft.document).directions) == {0}
    assert any("2 of 5 relations look clear" in note.text for note in draft.notes)


def test_the_file_loads_as_the_contract(draft: Draft, tmp_path: Path) -> None:
    path = tmp_path / "made_up.yaml"
    path.write_text(to_yaml(draft), encoding="utf-8")

    assert load_contract(path) == Contract.model_validate(draft.document)


def test_notes_stand_above_what_they_are_about(draft: Draft) -> None:
    lines = to_yaml(draft).splitlines()

    above_age = lines[lines.index("  - name: age") - 2]
    above_debt = lines[next(i for i, line in enumerate(lines) if "{name: debt," in line) - 2]
    assert above_age.startswith("  # ask: sounds like a characteristic that lending law protects")
    assert above_debt.startswith("  # PD looks increasing: ")
    assert lines[lines.index("policy:") + 1].startswith("  # warn: a bad loan is taken to cost 10")
    assert lines[2].startswith("# ask: descriptions, meanings of codes and reason sentences")


def test_every_note_is_in_the_file_and_no_line_is_too_long(draft: Draft) -> None:
    written = to_yaml(draft)
    comments = " ".join(
        line.strip().lstrip("#").strip() for line in written.splitlines() if "#" in line
    )

    for note in draft.notes:
        assert f"{note.severity}: {note.text}" in comments
    assert max(map(len, written.splitlines())) <= 116


def test_notes_are_ordered_by_how_much_they_change(draft: Draft) -> None:
    severities = [note.severity for note in draft.notes]

    assert severities == sorted(severities, key=["warn", "ask", "check"].index)
    assert {"warn", "ask", "check"} == {*severities}


def test_a_column_name_cannot_leave_its_comment() -> None:
    table = pd.DataFrame(
        {"a\nproduct: other": [1.5, 2.5, 3.5, 3.5] * 10, "x": np.arange(40) % 7, "y": [0, 1] * 20}
    )
    table["copy\nof: it"] = table["a\nproduct: other"]

    draft = draft_contract(table, target="y", product="made_up")

    assert "repeats a product: other in every row" in to_yaml(draft)
    assert "\nproduct: other" not in to_yaml(draft)
