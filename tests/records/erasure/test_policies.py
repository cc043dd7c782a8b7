"""Retention policies: what the packaged ones say, and what is refused."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError, SettingsInvalid
from credit.records.erasure import available_policies, load_policy
from credit.records.erasure.policies import add_months
from credit.settings import Settings
from tests.records.erasure.policies import policy


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.integers(0, 1200))
def test_months_are_counted_as_pandas_counts_them(day: date, months: int) -> None:
    assert add_months(day, months) == (pd.Timestamp(day) + pd.DateOffset(months=months)).date()


def test_months_can_be_counted_backwards() -> None:
    assert add_months(date(2024, 3, 31), -1) == date(2024, 2, 29)
    assert add_months(date(2024, 1, 31), -13) == date(2022, 12, 31)


@pytest.mark.parametrize("decision", ["approve", "review", "decline"])
def test_regulation_b_keeps_25_months_for_consumers_and_12_for_businesses(decision: str) -> None:
    us = load_policy("us")
    decided = date(2025, 3, 31)

    assert us.must_keep_until("consumer", decision, decided) == date(2027, 4, 30)
    assert us.must_keep_until("business", decision, decided) == date(2026, 3, 31)
    assert us.may_keep_until("consumer", decision, decided) is None
    assert "12 CFR 1002.12(b)" in us.rule_for("consumer", decision).floor.source


@pytest.mark.parametrize("name", ["de", "eu", "uk"])
def test_where_the_law_gives_no_number_there_is_none_but_a_source(name: str) -> None:
    found = load_policy(name)

    periods = [period for rule in found.rules for period in (rule.floor, rule.ceiling)]
    assert {period.months for period in periods} == {None}
    assert all("Article" in period.source for period in periods)
    assert {right.name for right in found.rights} == {"erasure", "restriction"}


def test_the_packaged_policies_are_named_as_their_files() -> None:
    assert available_policies() == ("de", "eu", "uk", "us")
    assert [load_policy(name).policy for name in available_policies()] == list(available_policies())


def test_the_default_policy_is_one_of_them() -> None:
    assert Settings().retention_policy in available_policies()


def test_a_notice_that_comes_later_begins_the_period_later() -> None:
    late = policy(1, notice_days=30)

    assert late.must_keep_until("consumer", "approve", date(2025, 1, 1)) == date(2025, 2, 28)


def test_an_unknown_decision_is_refused() -> None:
    with pytest.raises(DataError, match="expected a decision among approve, review, decline"):
        policy().rule_for("consumer", "perhaps")


def test_a_lenders_own_file_is_read(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(_plain()))

    assert load_policy(own).may_keep_until("consumer", "approve", date(2025, 1, 1)) == date(
        2026, 1, 1
    )


def _plain() -> dict[str, Any]:
    return policy(6, 12).model_dump(mode="json")


def _without_business(plain: dict[str, Any]) -> None:
    for rule in plain["rules"]:
        rule["products"] = ["consumer"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.update(extra=1), "extra: Extra inputs are not permitted"),
        (
            lambda p: p["rules"].append(p["rules"][0]),
            "consumer, approve: expected exactly one rule",
        ),
        (_without_business, "business, approve: expected exactly one rule, found 0"),
        (
            lambda p: p["rules"][0]["floor"].update(months=13),
            "the floor of 13 months lies above the ceiling of 12",
        ),
        (lambda p: p["rules"][0]["floor"].update(months=0), "greater than 0"),
        (lambda p: p["rules"][0]["floor"].pop("source"), "source: Field required"),
        (lambda p: p["rules"][0].update(decisions=["perhaps"]), "rules.0.decisions.0"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused(tmp_path: Path, change: Any, said: str) -> None:
    plain = copy.deepcopy(_plain())
    change(plain)
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(plain))

    with pytest.raises(SettingsInvalid, match="is not a valid retention policy") as refusal:
        load_policy(file)

    assert said in str(refusal.value)


def test_a_policy_that_is_not_there_or_not_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("rules: [")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingsInvalid, match="no retention policy 'mars'.*one of: de, eu, uk, us"):
        load_policy("mars")
    with pytest.raises(SettingsInvalid, match="is not valid YAML"):
        load_policy(tmp_path / "broken.yaml")
    with pytest.raises(SettingsInvalid, match="cannot be read as text"):
        load_policy(tmp_path / "binary.yaml")
