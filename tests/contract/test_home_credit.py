"""The published layout of Home Credit's application table, on made-up rows.

Columns and levels are written out here as the competition publishes them, so that the contract is held
against something outside it. No row comes from the file.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from credit.contract import Contract, check_frame, load_contract
from credit.features import FeatureTransform
from tests.conftest import Winner
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spec import Candidate
from tune.winner import make_winner

NO_EMPLOYMENT = 365_243
N_ROWS = 500

LEVELS = {
    "NAME_CONTRACT_TYPE": "Cash loans|Revolving loans",
    "CODE_GENDER": "F|M|XNA",
    "FLAG_OWN_CAR": "Y|N",
    "FLAG_OWN_REALTY": "Y|N",
    "NAME_TYPE_SUITE": "Unaccompanied|Family|Spouse, partner|Children|Other_A|Other_B|Group of people",
    "NAME_INCOME_TYPE": "Working|Commercial associate|Pensioner|State servant|Unemployed|Student|"
    "Businessman|Maternity leave",
    "NAME_EDUCATION_TYPE": "Secondary / secondary special|Higher education|Incomplete higher|"
    "Lower secondary|Academic degree",
    "NAME_FAMILY_STATUS": "Married|Single / not married|Civil marriage|Separated|Widow|Unknown",
    "NAME_HOUSING_TYPE": "House / apartment|With parents|Municipal apartment|Rented apartment|"
    "Office apartment|Co-op apartment",
    "OCCUPATION_TYPE": "Laborers|Sales staff|Core staff|Managers|Drivers|High skill tech staff|Accountants|"
    "Medicine staff|Security staff|Cooking staff|Cleaning staff|Private service staff|"
    "Low-skill Laborers|Waiters/barmen staff|Secretaries|Realty agents|HR staff|IT staff",
    "WEEKDAY_APPR_PROCESS_START": "MONDAY|TUESDAY|WEDNESDAY|THURSDAY|FRIDAY|SATURDAY|SUNDAY",
    "ORGANIZATION_TYPE": "Advertising|Agriculture|Bank|Business Entity Type 1|Business Entity Type 2|"
    "Business Entity Type 3|Cleaning|Construction|Culture|Electricity|Emergency|Government|Hotel|"
    "Housing|Industry: type 1|Industry: type 2|Industry: type 3|Industry: type 4|Industry: type 5|"
    "Industry: type 6|Industry: type 7|Industry: type 8|Industry: type 9|Industry: type 10|"
    "Industry: type 11|Industry: type 12|Industry: type 13|Insurance|Kindergarten|Legal Services|"
    "Medicine|Military|Mobile|Other|Police|Postal|Realtor|Religion|Restaurant|School|Security|"
    "Security Ministries|Self-employed|Services|Telecom|Trade: type 1|Trade: type 2|Trade: type 3|"
    "Trade: type 4|Trade: type 5|Trade: type 6|Trade: type 7|Transport: type 1|Transport: type 2|"
    "Transport: type 3|Transport: type 4|University|XNA",
    "FONDKAPREMONT_MODE": "reg oper account|reg oper spec account|not specified|org spec account",
    "HOUSETYPE_MODE": "block of flats|specific housing|terraced house",
    "WALLSMATERIAL_MODE": "Panel|Stone, brick|Block|Wooden|Mixed|Monolithic|Others",
    "EMERGENCYSTATE_MODE": "No|Yes",
}
BUILDING = [
    *("APARTMENTS", "BASEMENTAREA", "YEARS_BEGINEXPLUATATION", "YEARS_BUILD", "COMMONAREA"),
    *("ELEVATORS", "ENTRANCES", "FLOORSMAX", "FLOORSMIN", "LANDAREA", "LIVINGAPARTMENTS"),
    *("LIVINGAREA", "NONLIVINGAPARTMENTS", "NONLIVINGAREA"),
]
FLAGS = [
    *(f"FLAG_{n}" for n in ("MOBIL", "EMP_PHONE", "WORK_PHONE", "CONT_MOBILE", "PHONE", "EMAIL")),
    *(f"REG_{place}_NOT_{use}_{place}" for place in ("REGION", "CITY") for use in ("LIVE", "WORK")),
    *(f"LIVE_{place}_NOT_WORK_{place}" for place in ("REGION", "CITY")),
    *(f"FLAG_DOCUMENT_{i}" for i in range(2, 22)),
]
INQUIRIES = [f"AMT_REQ_CREDIT_BUREAU_{p}" for p in ("HOUR", "DAY", "WEEK", "MON", "QRT", "YEAR")]
CIRCLE = [f"{kind}_{days}_CNT_SOCIAL_CIRCLE" for days in (30, 60) for kind in ("OBS", "DEF")]
COMBINED = {
    "debt_to_income_ratio",
    "employment_years",
    "income_per_person",
    "age_years",
    "credit_utilization",
}


def application_table(n_rows: int, *, seed: int) -> pd.DataFrame:
    """Draw a table with the published columns; bads follow the external scores and the social circle."""
    rng = np.random.default_rng(seed)
    frame: dict[str, npt.NDArray[Any]] = {"SK_ID_CURR": np.arange(100_002, 100_002 + n_rows)}
    frame |= {name: rng.choice(levels.split("|"), n_rows) for name, levels in LEVELS.items()}
    frame |= {name: rng.integers(0, 2, n_rows) for name in FLAGS}
    measures = [f"{name}_{kind}" for kind in ("AVG", "MODE", "MEDI") for name in BUILDING]
    frame |= {name: rng.random(n_rows).round(4) for name in [*measures, "TOTALAREA_MODE"]}
    frame |= {f"EXT_SOURCE_{i}": rng.random(n_rows) for i in (1, 2, 3)}
    frame |= {name: rng.poisson(0.4, n_rows) for name in [*INQUIRIES, *CIRCLE, "CNT_CHILDREN"]}
    frame |= {
        "AMT_INCOME_TOTAL": rng.lognormal(11.9, 0.4, n_rows).round(),
        "AMT_CREDIT": rng.lognormal(13.1, 0.6, n_rows).round(),
        "AMT_ANNUITY": rng.lognormal(10.1, 0.5, n_rows).round(1),
        "AMT_GOODS_PRICE": rng.lognormal(13.0, 0.6, n_rows).round(),
        "REGION_POPULATION_RELATIVE": rng.uniform(0.0003, 0.0725, n_rows),
        "DAYS_BIRTH": -rng.integers(7_500, 25_200, n_rows),
        "DAYS_EMPLOYED": -rng.integers(0, 15_000, n_rows),
        "DAYS_REGISTRATION": -rng.integers(0, 20_000, n_rows).astype(float),
        "DAYS_ID_PUBLISH": -rng.integers(0, 6_000, n_rows),
        "DAYS_LAST_PHONE_CHANGE": -rng.integers(0, 4_000, n_rows).astype(float),
        "OWN_CAR_AGE": rng.integers(0, 65, n_rows).astype(float),
        "CNT_FAM_MEMBERS": 1.0 + rng.poisson(1.2, n_rows),
        "REGION_RATING_CLIENT": rng.integers(1, 4, n_rows),
        "REGION_RATING_CLIENT_W_CITY": rng.integers(1, 4, n_rows),
        "HOUR_APPR_PROCESS_START": rng.integers(0, 24, n_rows),
    }
    table = pd.DataFrame(frame)
    table.loc[rng.random(n_rows) < 0.18, "DAYS_EMPLOYED"] = NO_EMPLOYMENT
    log_odds = 1.0 - 5 * table["EXT_SOURCE_2"] - 4 * table["EXT_SOURCE_3"] + table[CIRCLE[1]]
    table["TARGET"] = (rng.random(n_rows) < 1 / (1 + np.exp(-log_odds))).astype(int)
    gaps = {"EXT_SOURCE_1": 0.5, "EXT_SOURCE_3": 0.2, "EXT_SOURCE_2": 0.02, "OWN_CAR_AGE": 0.6}
    gaps |= {"OCCUPATION_TYPE": 0.3, "AMT_GOODS_PRICE": 0.02, "NAME_TYPE_SUITE": 0.02}
    gaps |= dict.fromkeys([*measures, "TOTALAREA_MODE", "WALLSMATERIAL_MODE"], 0.5)
    for name, share in gaps.items():
        table.loc[rng.random(n_rows) < share, name] = None
    for together in (INQUIRIES, CIRCLE):
        table.loc[rng.random(n_rows) < 0.1, together] = None
    return table[sorted(table, key=lambda name: rng.random())]  # columns may come in any order


@pytest.fixture(scope="module")
def home_credit() -> Contract:
    return load_contract("home_credit")


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return application_table(N_ROWS, seed=1)


@pytest.fixture(scope="module")
def drawn(table: pd.DataFrame, home_credit: Contract) -> Rows:
    return prepare(table, home_credit)[0]


@pytest.fixture(scope="module")
def vectors(drawn: Rows, home_credit: Contract) -> pd.DataFrame:
    transform = FeatureTransform.fit(home_credit, drawn.raw)
    return pd.DataFrame(transform.matrix(drawn.raw), columns=home_credit.feature_names)


@pytest.fixture(scope="module")
def winner(drawn: Rows, home_credit: Contract) -> Winner:
    return make_winner(
        *split_holdout(drawn),
        home_credit,
        Candidate(family="lightgbm"),
        parameters={"num_iterations": 30, "num_leaves": 6, "min_data_in_leaf": 20},
        seed=3,
        num_threads=1,
    )


def test_the_contract_names_the_122_published_columns_and_no_other(
    table: pd.DataFrame, home_credit: Contract
) -> None:
    published = {name for column in home_credit.columns for name in column.source_names}

    assert len(table.columns) == 122
    assert published == set(table.columns)
    assert {c.name for c in home_credit.columns if not c.source_names} == {"applicant_id"}


def test_every_level_of_the_published_categories_is_known(home_credit: Contract) -> None:
    by_source = {c.source_names[0]: c for c in home_credit.columns if c.source_names}

    for name, levels in LEVELS.items():
        assert set(by_source[name].categories) == set(levels.split("|")), name
    assert len(by_source["ORGANIZATION_TYPE"].categories) == 58


def test_rows_as_published_satisfy_the_contract(table: pd.DataFrame, home_credit: Contract) -> None:
    for target in (True, False):
        check = check_frame(table, home_credit, target=target)
        assert check.failures == ()
        assert len(check.good) == N_ROWS


def test_there_are_184_features_of_the_table_and_five_combinations(
    vectors: pd.DataFrame, home_credit: Contract
) -> None:
    assert vectors.shape == (N_ROWS, 189)
    assert set(home_credit.feature_names) >= COMBINED
    assert len(set(home_credit.feature_names) - COMBINED) == 184
    assert not [name for name in vectors if vectors[name].nunique() < 2]


def test_the_rule_that_makes_the_184_is_kept(table: pd.DataFrame, home_credit: Contract) -> None:
    """The comment at the top of the contract says how many of each kind there are."""
    made = [f for f in home_credit.features if f.name not in COMBINED]
    kinds = pd.Series([f.op for f in made]).value_counts().to_dict()
    numeric = set(table) - set(LEVELS) - {"SK_ID_CURR", "TARGET", "DAYS_BIRTH"}

    assert kinds == {"value": 103, "one_of": 67, "missing": 12, "coded": 1, "category": 1}
    assert {f.name.upper() for f in made if f.op == "value"} == numeric
    assert [f.name for f in made if f.op == "category"] == ["organization_type"]


def test_combinations_are_those_computed_by_hand(
    table: pd.DataFrame, home_credit: Contract
) -> None:
    row = table.head(1).assign(
        AMT_INCOME_TOTAL=200_000,
        AMT_ANNUITY=30_000,
        AMT_CREDIT=450_000,
        AMT_GOODS_PRICE=400_000,
        CNT_FAM_MEMBERS=4,
        DAYS_EMPLOYED=-1461,
        DAYS_BIRTH=-14_610,
    )

    found = _features(row, home_credit)

    assert found["debt_to_income_ratio"] == 0.15
    assert found["employment_years"] == 4.0  # 1,461 days are four years, one of them a leap year
    assert found["income_per_person"] == 50_000.0
    assert found["age_years"] == 40.0
    assert found["credit_utilization"] == 1.125


def test_the_code_of_days_employed_is_no_time_in_a_job(
    table: pd.DataFrame, drawn: Rows, vectors: pd.DataFrame, home_credit: Contract
) -> None:
    idle = drawn.raw[:, home_credit.input_positions["days_employed"]] == NO_EMPLOYMENT

    assert 0 < idle.sum() == (table["DAYS_EMPLOYED"] == NO_EMPLOYMENT).sum()
    assert (vectors["employment_years"].isna() == idle).all()
    assert (vectors["days_employed_coded"] == idle).all()
    assert (vectors.loc[idle, "days_employed"] == NO_EMPLOYMENT).all()
    assert vectors["employment_years"].min() >= 0


def test_nothing_protected_is_read_but_age_up_to_62(
    vectors: pd.DataFrame, home_credit: Contract
) -> None:
    sources = {c.name: c.source_names for c in home_credit.columns if c.role == "protected"}
    readers = [f for f in home_credit.features if f.reads & sources.keys()]

    assert sorted(sum(sources.values(), ())) == ["CODE_GENDER", "DAYS_BIRTH", "NAME_FAMILY_STATUS"]
    assert [(f.name, f.risk) for f in readers] == [("age_years", "decreasing")]
    assert vectors["age_years"].max() == 62
    assert (vectors["age_years"] < 62).any()


def test_levels_that_say_what_is_protected_have_no_indicator(home_credit: Contract) -> None:
    told = {code for f in home_credit.features for code in f.values or ()}

    assert not told & {"Spouse, partner", "Maternity leave"}
    assert told >= {"Family", "Pensioner"}


def test_directions_stand_only_where_they_are_beyond_doubt(home_credit: Contract) -> None:
    signs = {f.name: f.risk for f in home_credit.features if f.risk != "any"}

    assert signs == {
        **dict.fromkeys(
            ("ext_source_1", "ext_source_2", "ext_source_3", "age_years"), "decreasing"
        ),
        **dict.fromkeys(("def_30_cnt_social_circle", "def_60_cnt_social_circle"), "increasing"),
    }


def test_a_winner_can_be_made_and_ranks_what_it_has_not_seen(
    winner: Winner, drawn: Rows, home_credit: Contract
) -> None:
    bundle, figures = winner

    assert bundle.contract is home_credit
    assert figures.auc.estimate > 0.6  # the truth behind the rows ranks at about 0.8


def test_pd_never_falls_as_an_external_score_falls(
    winner: Winner, drawn: Rows, home_credit: Contract
) -> None:
    bundle = winner[0]
    rows = drawn.raw[:50].repeat(5, axis=0)
    rows[:, home_credit.input_positions["ext_source_2"]] = np.tile([0.1, 0.3, 0.5, 0.7, 0.9], 50)

    margins = bundle.model.margins(bundle.transform.matrix(rows)).reshape(50, 5)

    assert (np.diff(margins, axis=1) <= 0).all()
    assert (margins[:, 0] > margins[:, -1]).any()


def _features(row: pd.DataFrame, contract: Contract) -> dict[str, float]:
    caps = {f.name: math.inf for f in contract.features if f.cap_quantile is not None}
    transform = FeatureTransform(contract, caps)
    [raw] = check_frame(row, contract, target=True).raw.tolist()
    return dict(zip(contract.feature_names, transform.row(raw), strict=True))
