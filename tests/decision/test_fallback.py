"""A product with two sources that need consent: each case has a model that never saw what is withheld."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from credit.contract import Contract, RowValidator
from credit.decision import Bundle, load_bundle, save_bundle, score
from credit.decision.bundle_files import (
    FALLBACK_FOLDER,
    bundle_to_files,
    content_hash,
    install_bundle,
)
from credit.decision.fallback import fallback_name, withheld_cases
from credit.decision.golden import check_explanations, golden_applications
from credit.decision.score import Answer
from credit.decision.scorer import answer
from credit.errors import ApplicationInvalid, BundleCorrupt, BundleUnknown
from tests import twosources
from tests.twosources import SOURCES, application, book
from tune.plan import split_holdout
from tune.rows import prepare
from tune.spec import Candidate
from tune.winner import make_winner

CASES = {"employment": {"employment"}, "digital": {"digital"}, "digital+employment": set(SOURCES)}
PARAMETERS = {"num_iterations": 15, "learning_rate": 0.2, "num_leaves": 6, "min_data_in_leaf": 30}


@pytest.fixture(scope="module")
def made() -> Bundle:
    contract = twosources.contract()
    rows, check = prepare(book(1_500, seed=3), contract)
    assert check.failures == ()
    train, held_out = split_holdout(rows)
    return make_winner(
        train,
        held_out,
        contract,
        Candidate(family="lightgbm"),
        parameters=PARAMETERS,
        seed=3,
        num_threads=1,
    )[0]


@pytest.fixture(scope="module")
def saved(made: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(made, tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def bundle(saved: Path) -> Bundle:
    return load_bundle(saved)


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    return Path(shutil.copytree(saved, tmp_path / saved.name))


def answered(bundle: Bundle, row: dict[str, Any]) -> Answer:
    """What a client is told, as the service puts it together."""
    asked = bundle.validator.application(row)
    own = bundle.answering(asked)
    return answer(
        own,
        asked,
        score(own, own.explainer, asked),
        arm="champion",
        generation=1,
        decision_id=None,
        with_shap_values=True,
    )


def test_every_set_of_sources_that_can_be_withheld_has_a_fallback(bundle: Bundle) -> None:
    assert set(bundle.fallbacks) == set(CASES)
    for name, sources in CASES.items():
        fallback = bundle.fallbacks[name]
        assert fallback.contract == bundle.contract.without(sources)
        assert fallback.manifest.metrics["auc"] > 0.5
        read = {
            bundle.contract.by_name[c].source for f in fallback.contract.features for c in f.reads
        }
        assert not read & sources
        check_explanations(fallback)


def test_a_set_that_leaves_nothing_to_score_by_has_none() -> None:
    document = twosources.document()
    document["features"] = [f for f in document["features"] if f["name"] in ("payroll", "prepaid")]
    document["policy"]["rules"] = []

    assert list(withheld_cases(Contract.model_validate(document))) == [
        ("employment",),
        ("digital",),
    ]


def test_the_name_of_a_fallback_does_not_depend_on_the_order() -> None:
    assert fallback_name(["employment", "digital"]) == fallback_name(SOURCES[::-1])


def test_fallbacks_come_back_with_every_bit(made: Bundle, bundle: Bundle) -> None:
    assert bundle.hash == made.hash
    for name in CASES:
        assert bundle.fallbacks[name].hash == made.fallbacks[name].hash
    for consents in ([], ["employment"], ["digital"], list(SOURCES)):
        row = application(consents=consents)
        assert answered(bundle, row) == answered(made, row)


def test_a_bundle_in_another_place_brings_its_fallbacks(saved: Path, tmp_path: Path) -> None:
    download = Path(shutil.copytree(saved, tmp_path / "download"))

    install_bundle(download, tmp_path / "bundles", saved.name)

    assert set(load_bundle(tmp_path / "bundles" / saved.name).fallbacks) == set(CASES)


@pytest.mark.parametrize(
    ("consents", "name", "told"),
    [
        (["employment", "digital"], None, None),
        (["employment"], "digital", "without digital"),
        (["digital"], "employment", "without employment"),
        ([], "digital+employment", "without employment, digital"),
    ],
)
def test_the_answer_names_what_was_done_without(
    bundle: Bundle, consents: list[str], name: str | None, told: str | None
) -> None:
    found = answered(bundle, application(consents=consents))

    assert found.fallback == told
    assert found.bundle == (bundle.hash if name is None else bundle.fallbacks[name].hash)
    assert ("fallback" in json.loads(msgspec.json.encode(found))) == (told is not None)


@pytest.mark.parametrize("consents", [[], ["employment"], ["digital"]])
def test_nothing_of_a_withheld_source_reaches_vector_answer_or_record(
    bundle: Bundle, consents: list[str]
) -> None:
    """What was sent all the same is dropped: the answer is that to an application without it."""
    gone = {c.name for c in bundle.contract.inputs if c.source in set(SOURCES) - set(consents)}
    sent = application(consents=consents, payroll=0, employed_since="2026-02-28", phone="prepaid")
    bare = {name: value for name, value in sent.items() if name not in gone}

    asked = bundle.validator.application(sent)
    fallback = bundle.answering(asked)

    kept = dict(zip((c.name for c in bundle.contract.inputs), asked.values, strict=True))
    assert all(math.isnan(kept[name]) for name in gone)
    # What a record seals is the application as it was validated.
    assert msgspec.msgpack.encode(asked) == msgspec.msgpack.encode(
        bundle.validator.application(bare)
    )
    names = fallback.contract.feature_names
    assert len(fallback.transform.row(asked.values)) == len(names)
    assert not {f.name for f in bundle.contract.features if gone & f.reads} & set(names)
    assert answered(bundle, sent) == answered(bundle, bare)
    told = answered(bundle, sent)
    assert set(told.shap_values or {}) == set(names)
    assert not gone & {reason.feature for reason in told.reason_codes}


def test_with_consent_the_same_values_do_count(bundle: Bundle) -> None:
    """The control of the test above."""
    good, poor = application(), application(payroll=0, phone="prepaid")

    assert (
        answered(bundle, poor).probability_of_default
        > answered(bundle, good).probability_of_default
    )
    assert "NO_SALARY" in {reason.code for reason in answered(bundle, poor).reason_codes}


def test_without_a_fallback_a_withheld_source_is_refused_by_name(bundle: Bundle) -> None:
    asked = bundle.validator.application(application(consents=["digital"]))
    bare = load_bundle_without_fallbacks(bundle)

    with pytest.raises(ApplicationInvalid) as caught:
        bare.answering(asked)

    assert str(caught.value) == (
        "consents: this product cannot be scored without consent to employment"
    )


def load_bundle_without_fallbacks(bundle: Bundle) -> Bundle:
    bare = Bundle(
        hash_="",
        contract=bundle.contract,
        transform=bundle.transform,
        model=bundle.model,
        calibrator=bundle.calibrator,
        scale=bundle.scale,
        background=bundle.background,
        golden=bundle.golden,
        manifest=bundle.manifest,
    )
    bare.hash = content_hash(bundle_to_files(bare))
    return bare


# The fallbacks are part of what the hash promises.


def test_another_fallback_makes_another_bundle(bundle: Bundle, folder: Path) -> None:
    changed = load_bundle(folder)
    fallback = changed.fallbacks["digital"]
    fallback.calibrator = changed.calibrator
    fallback.hash = content_hash(bundle_to_files(fallback))

    assert fallback.hash != bundle.fallbacks["digital"].hash
    assert content_hash(bundle_to_files(changed)) != bundle.hash
    assert load_bundle_without_fallbacks(bundle).hash != bundle.hash


@pytest.mark.parametrize("name", CASES)
def test_a_damaged_fallback_is_refused_with_the_whole_bundle(
    folder: Path, bundle: Bundle, name: str
) -> None:
    hash_ = bundle.fallbacks[name].hash
    file = folder / FALLBACK_FOLDER / hash_ / "calibrator.json"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    with pytest.raises(BundleCorrupt, match=f"bundle {hash_[:12]}.*at least one file was changed"):
        load_bundle(folder)


def test_a_missing_fallback_is_refused(folder: Path, bundle: Bundle) -> None:
    shutil.rmtree(folder / FALLBACK_FOLDER / bundle.fallbacks["digital"].hash)

    with pytest.raises(BundleUnknown, match="there is no bundle at"):
        load_bundle(folder)


def test_another_fallback_in_place_of_the_right_one_is_noticed(
    folder: Path, bundle: Bundle
) -> None:
    right = folder / FALLBACK_FOLDER / bundle.fallbacks["digital"].hash
    other = folder / FALLBACK_FOLDER / bundle.fallbacks["employment"].hash
    shutil.rmtree(right)
    shutil.copytree(other, right)

    with pytest.raises(BundleCorrupt, match="at least one file was changed"):
        load_bundle(folder)


def test_no_golden_row_of_a_fallback_is_a_person(bundle: Bundle) -> None:
    rows, _ = prepare(book(1_500, seed=3), bundle.contract)
    people = {row.tobytes() for row in rows.raw}

    for fallback in bundle.fallbacks.values():
        for golden in fallback.golden.rows:
            values = np.array(fallback.validator.application(golden.application).values)
            assert values.tobytes() not in people


# Rows to learn from lack what their applicants withheld.


def test_a_product_learns_from_rows_of_applicants_who_withheld_something() -> None:
    frame = book(300, seed=3)
    consents = ["employment;digital", "digital", "employment", ""] * 75
    rows, check = prepare(frame.assign(consents=consents), twosources.contract())
    assert check.failures == ()
    place = twosources.contract().input_positions["payroll"]
    assert np.isnan(rows.raw[:, place]).sum() == 150

    golden = golden_applications(twosources.contract(), rows.raw, seed=1)

    for row in golden:
        asked = RowValidator(twosources.contract()).application(row)
        assert asked.withheld == ()
        assert not math.isnan(asked.values[place])


def test_a_source_that_everybody_withheld_is_withheld_by_made_up_applicants() -> None:
    frame = book(400, seed=3).assign(consents="employment")
    rows, _ = prepare(frame, twosources.contract())

    [withheld] = {
        RowValidator(twosources.contract()).application(row).withheld
        for row in golden_applications(twosources.contract(), rows.raw, seed=1)
    }

    assert withheld == ("digital",)
