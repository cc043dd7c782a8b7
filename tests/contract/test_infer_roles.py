"""What a draft makes of columns: references, what is set aside, what is protected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from credit.contract import Contract, check_frame
from credit.contract.inference import Draft, draft_contract
from credit.contract.inference.relation import category_auc, number_auc

N = 400


@pytest.fixture
def table() -> pd.DataFrame:
    """Two usable columns and an outcome that neither knows."""
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "amount": random.integers(1, 60, N) * 100,
            "rate": random.random(N).round(2),
            "y": (random.random(N) < 0.2).astype(int),
        }
    )


def draft(table: pd.DataFrame) -> Draft:
    return draft_contract(table, target="y", product="made_up")


def roles(draft: Draft) -> dict[str, str]:
    return {
        source: column["role"]
        for column in draft.document["columns"]
        for source in column.get("source_names", [column["name"]])
    }


def said(draft: Draft, field: str) -> list[str]:
    return [str(note).replace(f"{field}: ", "") for note in draft.notes if note.field == field]


def test_usable_columns_become_features_in_the_order_of_the_file(table: pd.DataFrame) -> None:
    contract = Contract.model_validate(draft(table).document)

    assert contract.feature_names == ("amount", "rate")
    assert {feature.risk for feature in contract.features} == {"any"}


def test_a_file_without_references_gets_the_columns_that_applications_have(
    table: pd.DataFrame,
) -> None:
    found = draft(table)
    contract = Contract.model_validate(found.document)

    assert [c.name for c in contract.columns[:3]] == ["application_id", "applicant_id", "defaulted"]
    assert check_frame(table, contract, target=True).good["application_id"].tolist()[:2] == [
        "1",
        "2",
    ]
    assert (
        "check: no column names the person; rows of one person may be learned from and judged on"
        in said(found, "the file")
    )


@pytest.mark.parametrize("name", ["id", "LoanID", "Unnamed: 0", "application_id", "position"])
def test_a_number_of_its_own_in_every_row_is_the_reference(table: pd.DataFrame, name: str) -> None:
    """`position` is no name of a reference, but counts the rows as a saved index does."""
    table.insert(0, name, range(17, 17 + N))

    contract = Contract.model_validate(draft(table).document)

    (column,) = [c for c in contract.columns if c.role == "id"]
    assert column.name == "application_id"
    good = check_frame(table, contract, target=True).good
    assert good["application_id"].tolist()[:2] == ["17", "18"]


def test_amounts_that_happen_to_differ_are_no_reference(table: pd.DataFrame) -> None:
    table["income"] = np.random.default_rng(5).permutation(N) * 13

    assert roles(draft(table))["income"] == "feature"


def test_the_reference_of_a_person_is_told_from_that_of_an_application(
    table: pd.DataFrame,
) -> None:
    table["cust_id"] = [f"C{i:05}" for i in range(N)]
    alone = draft(table)
    table["loan_id"] = range(N)
    beside = draft(table)

    assert roles(alone)["cust_id"] == "id"
    assert said(alone, "cust_id")[0].endswith("if a person may apply twice, make it applicant_id")
    assert roles(beside)["loan_id"] == "id"
    assert roles(beside)["cust_id"] == "applicant_id"


def test_a_repeated_reference_of_a_person_keeps_its_rows_together(table: pd.DataFrame) -> None:
    table["customer_id"] = [f"C{i // 2:05}" for i in range(N)]

    found = draft(table)
    good = check_frame(table, Contract.model_validate(found.document), target=True).good

    assert roles(found)["customer_id"] == "applicant_id"
    assert good["applicant_id"].tolist()[:3] == ["C00000", "C00000", "C00001"]


def test_further_references_are_set_aside(table: pd.DataFrame) -> None:
    table["loan_id"] = range(N)
    table["contract_nr"] = [f"V-{i}" for i in range(1000, 1000 + N)]
    table["branch_id"] = np.arange(N) % 90 + 100
    table["officer_uuid"] = [f"u{i % 100}" for i in range(N)]

    found = draft(table)

    assert said(found, "contract_nr") == [
        "warn: has a value of its own in every row, as references do; set aside"
    ]
    assert [roles(found)[n] for n in ("branch_id", "officer_uuid")] == ["ignored", "ignored"]


def test_columns_that_say_nothing_are_set_aside_with_the_reason(table: pd.DataFrame) -> None:
    table["always"] = 7
    table["never"] = None
    table["amount again"] = table["amount"]
    table["note"] = [f"note {i}" for i in range(N)]

    found = draft(table)

    assert said(found, "always") == ["warn: has the same value in every row; set aside"]
    assert said(found, "never") == ["warn: holds no value; set aside"]
    assert said(found, "amount again") == ["warn: repeats amount in every row; set aside"]
    assert said(found, "note") == ["warn: is text with 400 different values; set aside"]
    assert {roles(found)[n] for n in ("always", "never", "amount again", "note")} == {"ignored"}
    assert check_frame(table, Contract.model_validate(found.document), target=True).n_bad_rows == 0


PROTECTED = (
    "sex Gender marital_status personal_status_sex foreign_worker native-country AGE person_age Alter"
    " Geschlecht Familienstand Staatsangehörigkeit religion race is_disabled years_since_birth"
)


@pytest.mark.parametrize("name", PROTECTED.split())
def test_what_sounds_protected_is_no_feature_and_asked_about(
    table: pd.DataFrame, name: str
) -> None:
    table[name] = np.random.default_rng(6).integers(18, 60, N)

    found = draft(table)

    assert roles(found)[name] == "protected"
    assert said(found, name)[0].startswith(
        "ask: sounds like a characteristic that lending law protects"
    )


@pytest.mark.parametrize(
    "name", ["account_age", "vehicle_age_months", "average", "agency", "sextile"]
)
def test_the_age_of_a_thing_and_words_that_contain_one_are_features(
    table: pd.DataFrame, name: str
) -> None:
    table[name] = np.random.default_rng(6).integers(18, 75, N)

    found = draft(table)

    assert roles(found)[name] == "feature"
    asked = ["ask: speaks of an age; make it protected if it is a person's"]
    assert said(found, name) == (asked if "age" in name.split("_") else [])


def test_a_protected_column_may_be_text_numbers_or_a_date_and_stays_readable(
    table: pd.DataFrame,
) -> None:
    table["sex"] = np.where(np.arange(N) % 2, "f", "m")
    table["marriage"] = np.arange(N) % 3 + 1
    table["birth_date"] = "1980-02-29"
    table.loc[5, "birth_date"] = "1990-01-01"
    table["nationality"] = [f"state {i}" for i in range(N)]

    found = draft(table)
    contract = Contract.model_validate(found.document)

    types = {c.name: c.type for c in contract.columns if c.role == "protected"}
    assert types == {
        "sex": "category",
        "marriage": "category",
        "birth_date": "date",
        "nationality": "text",
    }
    assert check_frame(table, contract, target=True).n_bad_rows == 0


def test_a_protected_column_without_a_value_is_set_aside(table: pd.DataFrame) -> None:
    table["race"] = None

    found = draft(table)

    assert said(found, "race") == ["warn: sounds protected, and holds no value; set aside"]
    assert roles(found)["race"] == "ignored"


def test_a_copy_of_a_protected_column_is_set_aside_under_any_name(table: pd.DataFrame) -> None:
    table.insert(0, "x7", np.random.default_rng(6).integers(18, 75, N))
    table["age"] = table["x7"]

    found = draft(table)

    assert roles(found)["age"] == "protected"
    assert said(found, "x7") == ["warn: repeats age in every row; set aside"]


def test_impossible_ages_are_counted(table: pd.DataFrame) -> None:
    table["age"] = [0, 144, *[40, 50] * (N // 2 - 1)]

    found = draft(table)

    assert "check: 2 rows outside 18 to 120; narrow minimum and maximum to refuse them" in said(
        found, "age"
    )


def test_places_are_features_and_asked_about(table: pd.DataFrame) -> None:
    table["city"] = np.array(["Ulm", "Bonn"])[np.arange(N) % 2]

    found = draft(table)

    assert roles(found)["city"] == "feature"
    assert said(found, "city") == [
        "ask: may say where people live, which can stand in for protected groups; decide whether to use it"
    ]


def test_dates_are_set_aside_but_for_the_date_of_the_application(table: pd.DataFrame) -> None:
    table["issue_date"] = pd.date_range("2020-01-01", periods=N).astype(str)
    table["last_payment"] = pd.date_range("2021-01-01", periods=N)
    table["decision_date"] = table["last_payment"].where(np.arange(N) > 3)  # missing in some rows

    found = draft(table)

    assert roles(found)["issue_date"] == "time"
    assert roles(found)["last_payment"] == roles(found)["decision_date"] == "ignored"
    assert said(found, "last_payment")[0].startswith(
        "ask: is a date; set aside, since only a feature with op"
    )
    assert check_frame(table, Contract.model_validate(found.document), target=True).n_bad_rows == 0


def test_a_second_date_of_the_application_is_set_aside(table: pd.DataFrame) -> None:
    table["issue_date"] = pd.date_range("2020-01-01", periods=N).astype(str)
    table["application_date"] = pd.date_range("2019-01-01", periods=N).astype(str)

    found = draft(table)

    assert Contract.model_validate(found.document)
    assert sorted(roles(found)[n] for n in ("issue_date", "application_date")) == [
        "ignored",
        "time",
    ]


@pytest.mark.parametrize("kind", ["number", "negative", "category", "missing"])
def test_a_column_that_gives_the_outcome_away_is_set_aside(table: pd.DataFrame, kind: str) -> None:
    noise = np.random.default_rng(7).random(N)
    leak = table["y"] + 0.9 * noise
    table["recovered"] = {
        "number": leak,
        "negative": -leak,
        "category": table["y"].map({0: "closed", 1: "collection"}),
        "missing": noise.round(2) + np.where(table["y"] == 1, 0.0, np.nan),
    }[kind]

    found = draft(table)

    assert roles(found)["recovered"] == "ignored"
    assert said(found, "recovered")[0].startswith("warn: tells the outcome almost alone (AUC ")


def test_a_strong_but_honest_column_stays(table: pd.DataFrame) -> None:
    table["score"] = table["y"] + np.random.default_rng(7).normal(size=N)
    assert 0.7 < roc_auc_score(table["y"], table["score"]) < 0.9

    assert roles(draft(table))["score"] == "feature"


def test_a_category_of_many_rare_codes_is_no_leak(table: pd.DataFrame) -> None:
    """Rated by its own rows, such a column would seem to know more than it does."""
    codes = np.random.default_rng(8).integers(0, 50, N).astype(float)
    labels = table["y"].to_numpy(dtype=float)
    own_rate = pd.Series(labels).groupby(codes).transform("mean")

    assert roc_auc_score(labels, own_rate) > 0.7
    assert abs(category_auc(codes, labels) - 0.5) < 0.1


def test_the_auc_of_a_number_is_that_of_another_library(table: pd.DataFrame) -> None:
    labels = table["y"].to_numpy(dtype=float)
    values = labels + np.random.default_rng(9).normal(size=N).round(1)
    values[::7] = np.nan
    there = ~np.isnan(values)

    assert number_auc(values, labels) == pytest.approx(roc_auc_score(labels[there], values[there]))
    assert number_auc(-values, labels) == pytest.approx(number_auc(values, labels))


def test_with_few_bads_nothing_is_called_a_leak() -> None:
    table = pd.DataFrame({"x": np.arange(30) / 2, "y": (np.arange(30) > 14).astype(int)})

    assert roles(draft(table))["x"] == "feature"


def test_repeated_rows_are_counted(table: pd.DataFrame) -> None:
    table["rate"] = np.arange(N) / 8
    table = pd.concat([table, table.head(3).assign(y=1)])

    expected = "check: 3 rows with the values of an earlier row, which stay on one side of a split"
    assert expected in said(draft(table), "the file")
