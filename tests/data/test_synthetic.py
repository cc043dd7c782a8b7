"""Synthetic applications of each product, and the mock table of earlier systems."""

from __future__ import annotations

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit.data.book import MOCK_FILE, PRODUCTS, mock_credit_data, synthetic
from credit.errors import DataError


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("n_rows", [1, 257])
def test_there_are_as_many_rows_as_asked_for_and_the_same_seed_gives_the_same(
    product: str, n_rows: int
) -> None:
    frame = synthetic(product, n_rows, 4)

    assert len(frame) == n_rows
    assert frame["application_id"].is_unique
    pd.testing.assert_frame_equal(synthetic(product, n_rows, 4), frame, check_exact=True)
    assert not synthetic(product, n_rows, 5).equals(frame)


def test_applications_cover_all_months() -> None:
    dates = synthetic("consumer_instalment", 600, 1)["application_date"]

    assert dates.is_monotonic_increasing
    assert dates.str.slice(0, 7).nunique() == 24


def test_what_is_withheld_is_not_there() -> None:
    frame = synthetic("thin_file", 2_000, 2)

    withheld = ~frame["consents"].str.contains("payment_patterns")
    columns = ["utility_on_time_share", "rent_payments_late", "overdrawn_days"]
    assert withheld.mean() == pytest.approx(0.03, abs=4 * (0.03 * 0.97 / 2_000) ** 0.5)
    assert frame.loc[withheld, columns].isna().all(axis=None)
    assert frame.loc[~withheld, "overdrawn_days"].notna().all()


def test_thin_files_are_loans_of_500_to_5000() -> None:
    amounts = synthetic("thin_file", 2_000, 2)["amount"]

    assert (amounts.min(), amounts.max()) == (500, 5_000)


@pytest.fixture(scope="module")
def mock() -> pd.DataFrame:
    return mock_credit_data(6_000, 9)


def test_the_mock_table_is_flat_and_complete(mock: pd.DataFrame) -> None:
    assert MOCK_FILE == "mock_credit_data.csv"
    assert not mock.isna().any(axis=None)
    assert set(mock["target_variable"]) == {0, 1}
    assert mock["target_variable"].mean() == pytest.approx(0.08, abs=0.02)
    assert mock["age"].between(20, 90).all()
    assert ((mock["delinquent_months"] == 0) == (mock["total_dpd"] == 0)).all()


def test_a_sensible_model_learns_from_the_mock_table(mock: pd.DataFrame) -> None:
    inputs = mock.drop(columns=["application_id", "applicant_id", "age", "target_variable"])
    X, y = pd.get_dummies(inputs, dtype=float), mock["target_variable"]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    model.fit(X[:4_000], y[:4_000])

    auc = roc_auc_score(y[4_000:], model.predict_proba(X[4_000:])[:, 1])

    assert 0.75 <= auc <= 0.85


def test_age_has_no_part_in_the_mock_outcome_beyond_the_other_columns(mock: pd.DataFrame) -> None:
    """Among the employed, who share what students and pensioners do not, old and young default alike."""
    employed = mock[mock["employment_status"] == "Salaried"]
    older = employed["age"] >= employed["age"].median()
    rates = employed.groupby(older)["target_variable"].agg(["mean", "size"])

    error = (rates["mean"] * (1 - rates["mean"]) / rates["size"]).sum() ** 0.5
    assert abs(rates["mean"].diff().iloc[-1]) < 4 * error


def test_an_unknown_product_and_an_empty_table_are_refused() -> None:
    with pytest.raises(
        DataError, match="no synthetic data for product 'german': expected one of cons"
    ):
        synthetic("german", 10, 1)
    with pytest.raises(DataError, match="expected at least one row, came n_rows=0"):
        synthetic("mock", 0, 1)
    with pytest.raises(DataError, match="expected at least one row, came n_rows=-1"):
        mock_credit_data(-1, 1)
