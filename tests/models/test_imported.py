"""A joblib file is opened on request only, answers as it did where it came from, and is converted if it can be."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from credit.contract import Contract
from credit.errors import BundleCorrupt, BundleError, BundleIncompatible, DataError, SettingsInvalid
from credit.models.base import Labels, Matrix
from credit.models.imported import FILE, NOTE_FILE, ImportedModel, load_imported
from credit.models.importing import Imported, import_joblib
from credit.models.pickles import VARIABLE
from tests.models.samples import around, sample

NAMES = ("dependents", "utilization", "open_credit_lines", "income")
"""Columns of the estimators here, in an order that is not the contract's."""

FILL = dict.fromkeys(NAMES, 0.0)


@pytest.fixture(scope="module")
def learned() -> tuple[pd.DataFrame, Labels]:
    vectors, labels = sample(200, gaps=False)
    return pd.DataFrame(vectors, columns=list(NAMES)), labels


def save(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "model_data_v1.joblib"
    joblib.dump(content, path)
    return path


def bring(tmp_path: Path, contract: Contract, content: Any, **options: Any) -> Imported:
    path = save(tmp_path, content)
    given: dict[str, Any] = {"allow_pickle": True, "fill": FILL} | options
    return import_joblib(path, contract=contract, **given)


def as_vectors(contract: Contract, table: pd.DataFrame) -> Matrix:
    """Put the columns where the contract has them; the features that are not asked for are missing."""
    vectors = np.full((len(table), len(contract.features)), np.nan)
    for name in table.columns:
        vectors[:, contract.feature_names.index(name)] = table[name]
    return vectors


def log_odds(shares: Any) -> Matrix:
    return np.asarray(np.log(shares / (1 - shares)), dtype=np.float64)


KINDS = {
    "regression": (LogisticRegression(), "logistic"),
    "scaled": (make_pipeline(StandardScaler(), LogisticRegression()), "logistic"),
    "ranged": (make_pipeline(SimpleImputer(), MinMaxScaler(), LogisticRegression()), "logistic"),
    "forest": (RandomForestClassifier(n_estimators=7, max_depth=4, random_state=0), "imported"),
    "boosting": (GradientBoostingClassifier(n_estimators=9, random_state=0), "gradient_boosting"),
    "imputed": (
        make_pipeline(SimpleImputer(), GradientBoostingClassifier(n_estimators=9, random_state=0)),
        "gradient_boosting",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad_class", [1, 0])
def test_a_known_kind_is_converted_with_the_same_answers(
    tmp_path: Path,
    contract: Contract,
    learned: tuple[pd.DataFrame, Labels],
    kind: str,
    bad_class: int,
) -> None:
    estimator, family = KINDS[kind]
    estimator.fit(*learned)

    brought = bring(tmp_path, contract, estimator, bad_class=bad_class)

    assert brought.is_converted
    assert brought.model.family == family
    assert FILE not in brought.model.to_files()
    trees = [t for m in getattr(estimator, "estimators_", []) for t in np.ravel(m)]
    near = around([t for tree in trees for t in tree.tree_.threshold if t != -2] or [0.0])
    rng = np.random.default_rng(0)
    at_edges = pd.DataFrame(rng.choice(near, (300, 4)), columns=list(NAMES))
    for table in (learned[0], at_edges):
        expected = log_odds(estimator.predict_proba(table)[:, bad_class].clip(1e-9, 1 - 1e-9))
        found = brought.model.margins(as_vectors(contract, table))
        np.testing.assert_allclose(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("convert", [True, False])
def test_a_missing_value_is_what_was_said_to_stand_for_it(
    tmp_path: Path,
    contract: Contract,
    learned: tuple[pd.DataFrame, Labels],
    kind: str,
    convert: bool,
) -> None:
    table = learned[0].copy()
    filled = table.copy()
    table.iloc[:20, 0], filled.iloc[:20, 0] = np.nan, 0.75
    estimator = KINDS[kind][0].fit(*learned)

    model = bring(
        tmp_path, contract, estimator, fill=FILL | {"dependents": 0.75}, convert=convert
    ).model

    found = model.margins(as_vectors(contract, table))
    expected = log_odds(estimator.predict_proba(filled)[:, 1].clip(1e-9, 1 - 1e-9))
    np.testing.assert_allclose(found, expected, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(SimpleImputer(strategy="median"), LogisticRegression()),
        RandomForestClassifier(n_estimators=7, max_depth=4, random_state=0),
    ],
    ids=["imputer", "forest"],
)
@pytest.mark.parametrize("convert", [True, False])
def test_an_estimator_that_takes_missing_values_needs_no_fill(
    tmp_path: Path,
    contract: Contract,
    learned: tuple[pd.DataFrame, Labels],
    estimator: Any,
    convert: bool,
) -> None:
    table = learned[0].mask(np.random.default_rng(0).random(learned[0].shape) < 0.2)
    estimator.fit(*learned)

    model = bring(tmp_path, contract, estimator, fill=None, convert=convert).model

    expected = log_odds(estimator.predict_proba(table)[:, 1].clip(1e-9, 1 - 1e-9))
    np.testing.assert_allclose(
        model.margins(as_vectors(contract, table)), expected, atol=1e-9, rtol=1e-9
    )


@pytest.mark.parametrize("convert", [True, False])
def test_a_dict_with_a_scaler_of_some_columns_is_understood(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels], convert: bool
) -> None:
    """The scaler may know a column that the estimator does not use; a cut-off in the file is left alone."""
    table, labels = learned
    scaled = ["income", "dependents", "not_a_feature"]
    wide = table.assign(not_a_feature=np.arange(len(table), dtype=float))
    scaler = MinMaxScaler().fit(wide[scaled])
    wide[scaled] = scaler.transform(wide[scaled])
    estimator = LogisticRegression().fit(wide[list(NAMES)], labels)
    content = {
        "model": estimator,
        "features": pd.Index(NAMES),
        "scaler": scaler,
        "cols_to_scale": scaled,
        "threshold": 0.3,
    }

    brought = bring(tmp_path, contract, content, convert=convert)

    assert brought.is_converted is convert
    expected = log_odds(estimator.predict_proba(wide[list(NAMES)])[:, 1])
    np.testing.assert_allclose(
        brought.model.margins(as_vectors(contract, table)), expected, atol=1e-9
    )
    assert brought.found[:5] == (
        "model: LogisticRegression, used",
        "features: 4 names, used",
        "scaler: MinMaxScaler, used",
        "cols_to_scale: 3 names, used",
        "threshold: float, not used",
    )
    became = "converted to logistic" if convert else "kept as the joblib file"
    assert brought.found[5] == f"LogisticRegression: {became}"


@pytest.mark.parametrize(
    "estimator",
    [
        AdaBoostClassifier(n_estimators=3),
        CalibratedClassifierCV(LogisticRegression(), cv=2),
        GradientBoostingClassifier(n_estimators=3, loss="exponential"),
        GradientBoostingClassifier(n_estimators=3, init=LogisticRegression()),
        make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=3)),
        make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()),
    ],
    ids=["ada", "calibrated", "exponential", "started", "scaled_forest", "indicator"],
)
def test_another_kind_is_kept_as_it_came(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels], estimator: Any
) -> None:
    holed = learned[0].mask(np.random.default_rng(0).random(learned[0].shape) < 0.1, 0.0)
    if "add_indicator=True" in repr(estimator):
        holed = learned[0].mask(np.random.default_rng(0).random(learned[0].shape) < 0.1)
    estimator.fit(holed, learned[1])

    brought = bring(tmp_path, contract, estimator)

    assert not brought.is_converted
    # One of them computes in single precision, where a row alone differs from a batch in the last digits.
    expected = log_odds(estimator.predict_proba(learned[0])[:, 1].clip(1e-9, 1 - 1e-9))
    np.testing.assert_allclose(
        brought.model.margins(as_vectors(contract, learned[0])), expected, atol=1e-5
    )


def test_a_forest_on_many_threads_is_asked_on_one(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> None:
    """Threads add shares in the order they finish, which would change bits."""
    forest = make_pipeline(
        StandardScaler(), RandomForestClassifier(n_estimators=5, n_jobs=2, random_state=0)
    ).fit(*learned)

    model = bring(tmp_path, contract, forest).model

    assert isinstance(model, ImportedModel)
    assert model._contents.estimator[-1].n_jobs == 1


def test_columns_may_have_other_names(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> None:
    other = learned[0].rename(columns={"income": "MonthlyIncome"})
    estimator = LogisticRegression().fit(other, learned[1])

    model = bring(tmp_path, contract, estimator, names={"MonthlyIncome": "income"}).model

    np.testing.assert_allclose(
        model.margins(as_vectors(contract, learned[0])), estimator.decision_function(other)
    )


def test_a_category_is_given_as_its_code(tmp_path: Path) -> None:
    """In memory it is a place among the contract's codes; the estimator learned the codes."""
    contract = _contract_with_a_category()
    table = pd.DataFrame(
        {"housing": ["own", "rent", "rent", "own"] * 30, "amount": [1.0, 2.0] * 60}
    )
    labels = (table["housing"] == "rent").astype(int)
    estimator = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["housing"]), remainder="passthrough"),
        LogisticRegression(),
    ).fit(table, labels)

    model = bring(tmp_path, contract, estimator, fill=None).model

    assert isinstance(model, ImportedModel)
    expected = log_odds(estimator.predict_proba(table[:2])[:, 1])
    np.testing.assert_allclose([model.margin([0.0, 1.0]), model.margin([1.0, 2.0])], expected)


def _contract_with_a_category() -> Contract:
    from credit.contract import load_contract

    plain = load_contract("give_me_some_credit").model_dump(mode="json")
    plain["columns"] = [
        {"name": "defaulted", "role": "target", "type": "integer", "description": "1 = bad."},
        {"name": "application_id", "role": "id", "type": "text", "description": "Reference."},
        {
            "name": "housing",
            "role": "feature",
            "type": "category",
            "description": "How the applicant lives.",
            "categories": {"own": "owns", "rent": "rents"},
        },
        {"name": "amount", "role": "feature", "description": "Amount.", "minimum": 0, "maximum": 9},
    ]
    plain["policy_options"] = []
    plain["features"] = [
        {"name": "housing", "op": "category", "columns": ["housing"], "reason": "HOME"},
        {"name": "amount", "op": "value", "columns": ["amount"], "reason": "HOME"},
    ]
    plain["reasons"] = [{"code": "HOME", "text": "How the applicant lives."}]
    plain["policy"]["rules"] = []
    return Contract.model_validate(plain)


class TestRefusedAtImport:
    """Nothing is opened, or nothing kept."""

    def test_without_the_request(self, tmp_path: Path, contract: Contract) -> None:
        """The content would fail to open: it never comes to that."""
        path = tmp_path / "model.joblib"
        path.write_bytes(b"not a pickle")

        with pytest.raises(SettingsInvalid, match="a joblib file is a program.*allow_pickle"):
            import_joblib(path, contract=contract, allow_pickle=False)

    def test_another_file_than_was_vouched_for(
        self, tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
    ) -> None:
        estimator = LogisticRegression().fit(*learned)
        found = hashlib.sha256(save(tmp_path, estimator).read_bytes()).hexdigest()

        assert bring(tmp_path, contract, estimator, expected_sha256=found.upper()).sha256 == found
        with pytest.raises(BundleIncompatible, match=f"hashes to {found[:12]}, expected 0000"):
            bring(tmp_path, contract, estimator, expected_sha256="0" * 64)

    def test_what_is_not_there_or_cannot_be_opened(
        self, tmp_path: Path, contract: Contract
    ) -> None:
        with pytest.raises(DataError, match="cannot be read: No such file"):
            import_joblib(tmp_path / "none", contract=contract, allow_pickle=True)
        broken = tmp_path / "broken"
        broken.write_bytes(b"not a pickle")
        with pytest.raises(DataError, match="the joblib file cannot be opened"):
            import_joblib(broken, contract=contract, allow_pickle=True)

    def test_what_another_version_of_scikit_learn_saved(
        self,
        tmp_path: Path,
        contract: Contract,
        learned: tuple[pd.DataFrame, Labels],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sklearn.base.__version__", "1.2.3")
        path = save(tmp_path, LogisticRegression().fit(*learned))
        monkeypatch.undo()

        with pytest.raises(BundleIncompatible, match="saved under scikit-learn 1.2.3, here is 1."):
            import_joblib(path, contract=contract, allow_pickle=True, fill=FILL)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ({"threshold": 0.5}, "one classifier with predict_proba in the file, came 0 among thr"),
            ([1, 2], "came 0 among the file"),
            (
                {"a": LogisticRegression(), "b": LogisticRegression()},
                "came 2 among a, b; save the fitted classifier",
            ),
            (
                {"m": LogisticRegression(), "s": StandardScaler(), "t": StandardScaler()},
                "at most one scaler beside the classifier, came s, t",
            ),
        ],
    )
    def test_what_holds_no_single_classifier(
        self, tmp_path: Path, contract: Contract, content: Any, message: str
    ) -> None:
        with pytest.raises(DataError, match=message):
            bring(tmp_path, contract, content)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"bad_class": 2}, "two classes with 2 for bad, came 2 classes"),
            ({"names": {"income": "wage"}}, "the contract has no feature wage; name its features"),
            ({"fill": {**FILL, "wage": 1.0}}, "the contract has no feature wage"),
            (
                {"fill": {"dependents": 0.0}},
                "takes no missing value of utilization, income|takes no missing value of income",
            ),
        ],
    )
    def test_what_does_not_fit_the_contract(
        self,
        tmp_path: Path,
        contract: Contract,
        learned: tuple[pd.DataFrame, Labels],
        options: dict[str, Any],
        message: str,
    ) -> None:
        with pytest.raises(DataError, match=message):
            bring(tmp_path, contract, LogisticRegression().fit(*learned), **options)

    def test_columns_without_names_unless_they_are_as_many_as_the_features(
        self, tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
    ) -> None:
        table, labels = learned
        few = LogisticRegression().fit(table.to_numpy(), labels)
        with pytest.raises(DataError, match="takes 4 columns without names, the contract has 19"):
            bring(tmp_path, contract, few)

        n = len(contract.features)
        wide = np.random.default_rng(0).normal(size=(len(labels), n))
        as_many = LogisticRegression().fit(wide, labels)
        fill = dict.fromkeys(contract.feature_names, 0.0)
        model = bring(tmp_path, contract, as_many, fill=fill).model
        np.testing.assert_allclose(model.margins(wide), as_many.decision_function(wide))


@pytest.fixture
def kept(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> dict[str, bytes]:
    estimator = LogisticRegression().fit(*learned)
    return bring(tmp_path, contract, estimator, convert=False).model.to_files()


def _note(files: dict[str, bytes], **changes: Any) -> dict[str, bytes]:
    note = msgspec.json.decode(files[NOTE_FILE])
    return files | {NOTE_FILE: msgspec.json.encode(note | changes)}


class TestRefusedAtLoad:
    """A bundle's joblib file is opened after three checks, and this order: hash, versions, permission."""

    def test_it_loads_where_pickles_are_allowed(
        self, kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, "1")

        assert load_imported(kept).to_files() == kept

    @pytest.mark.parametrize("value", [None, "0", "false"])
    def test_it_does_not_where_they_are_not(
        self, kept: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, value: str | None
    ) -> None:
        monkeypatch.delenv(VARIABLE, raising=False)
        if value is not None:
            monkeypatch.setenv(VARIABLE, value)

        with pytest.raises(SettingsInvalid, match=f"set {VARIABLE}=1 if you trust where it comes"):
            load_imported(kept)

    @pytest.mark.parametrize(
        ("change", "kind", "message"),
        [
            (
                lambda f: f | {FILE: f[FILE] + b" "},
                BundleIncompatible,
                "hashes to .*; it was not opened: fetch",
            ),
            (
                lambda f: _note(f, versions={"numpy": "0.1", "scikit-learn": "0.2"}),
                BundleIncompatible,
                r"wrapped under numpy 0.1 \(here 1.*\), scikit-learn 0.2 .*; it was not opened",
            ),
            (lambda f: {FILE: f[FILE]}, BundleCorrupt, f"needs {FILE} and {NOTE_FILE}: no"),
            (lambda f: f | {NOTE_FILE: b"{"}, BundleCorrupt, f"{NOTE_FILE} is not a note"),
            (lambda f: _note(f, version=2), BundleCorrupt, f"{NOTE_FILE} is not a note"),
            (lambda f: _note(f, names=["a"]), BundleCorrupt, "do not fit together"),
            (lambda f: _note(f, places=[0, 1, 2, 99]), BundleCorrupt, "do not fit together"),
        ],
    )
    def test_it_is_not_opened_when_anything_differs(
        self,
        kept: dict[str, bytes],
        monkeypatch: pytest.MonkeyPatch,
        change: Any,
        kind: type[BundleError],
        message: str,
    ) -> None:
        monkeypatch.setenv(VARIABLE, "1")
        monkeypatch.setattr(
            "credit.models.imported.open_joblib", lambda raw: pytest.fail("it was opened")
        )

        with pytest.raises(kind, match=message):
            load_imported(change(kept))


def test_a_row_that_the_estimator_refuses_is_refused_without_its_values(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> None:
    model = bring(tmp_path, contract, LogisticRegression().fit(*learned), convert=False).model
    vector = [0.0] * len(contract.features)
    vector[contract.feature_names.index("income")] = math.inf

    with pytest.raises(DataError, match="the imported LogisticRegression refuses this row"):
        model.margin(vector)


def test_certain_shares_give_finite_margins(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> None:
    """A forest grown to the end is certain; ln((1 - 1e-9) / 1e-9) is 20.72."""
    forest = RandomForestClassifier(n_estimators=1, bootstrap=False, random_state=0).fit(*learned)

    margins = bring(tmp_path, contract, forest).model.margins(as_vectors(contract, learned[0]))

    assert {round(m, 2) for m in margins.tolist()} == {20.72, -20.72}


def test_a_converted_forest_comes_back_from_its_file(
    tmp_path: Path, contract: Contract, learned: tuple[pd.DataFrame, Labels]
) -> None:
    """No permission is needed for tables."""
    forest = RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0).fit(*learned)
    model = bring(tmp_path, contract, forest).model
    files = model.to_files()

    assert load_imported(files).to_files() == files
    damaged = {name: content[:-9] for name, content in files.items()}
    with pytest.raises(BundleCorrupt, match=r"model\.votes\.json is not an ensemble of trees"):
        load_imported(damaged)
