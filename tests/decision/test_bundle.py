"""A bundle is what its name says, scores here as where it was made, or is refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from credit.decision import Bundle, load_bundle, save_bundle, score
from credit.decision.assemble import choose_background, data_hash
from credit.decision.bundle import GoldenRow
from credit.decision.bundle_files import bundle_to_files, content_hash
from credit.decision.fingerprint import LIBRARIES
from credit.decision.golden import N_GOLDEN, check_explanations, check_scores
from credit.errors import BundleCorrupt, BundleIncompatible, BundleUnknown, DataError
from credit.models import Platt
from tests.loanbook import application
from tune.plan import split_holdout
from tune.rows import Rows

Winner = tuple[Bundle, Any]
FILES = {
    "background.npy",
    "calibrator.json",
    "contract.json",
    "features.json",
    "golden.json",
    "manifest.json",
    "scale.json",
}


@pytest.fixture(params=["lightgbm", "scorecard"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle of each family, to be damaged."""
    original: Path = request.getfixturevalue(f"{request.param}_folder")
    return Path(shutil.copytree(original, tmp_path / original.name))


@pytest.mark.parametrize("name", ["lightgbm", "scorecard"])
def test_a_bundle_comes_back_with_its_hash_and_every_bit_of_its_scores(
    request: pytest.FixtureRequest, rows: Rows, name: str
) -> None:
    made: Bundle = request.getfixturevalue(f"{name}_winner")[0]
    loaded: Bundle = request.getfixturevalue(f"{name}_bundle")

    assert loaded.hash == made.hash
    assert content_hash(bundle_to_files(loaded)) == made.hash
    assert loaded.transform.caps == made.transform.caps
    for i, values in enumerate(rows.raw[:100].tolist()):
        raw = {
            c.name: None if math.isnan(v) else v
            for c, v in zip(made.contract.inputs, values, strict=True)
        }
        asked = made.validator.application({"application_id": f"A-{i}", **raw})
        before, after = (score(b, b.explainer, asked) for b in (made, loaded))
        assert msgspec.json.encode(before) == msgspec.json.encode(after)


def test_a_folder_is_named_by_the_hash_of_its_files(folder: Path) -> None:
    files = {f.name: f.read_bytes() for f in folder.iterdir()}

    assert folder.name == content_hash(files)
    assert len(folder.name) == 64
    assert {name for name in files if not name.startswith("model.")} == FILES
    assert load_bundle(folder).hash == folder.name


def test_saving_again_leaves_the_folder_alone(folder: Path) -> None:
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}

    assert save_bundle(load_bundle(folder), folder.parent) == folder

    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before
    assert [f.name for f in folder.parent.iterdir()] == [folder.name]


def test_every_byte_counts(folder: Path) -> None:
    """Each file in turn, changed by one bit at its beginning, middle and end."""
    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        for position in (0, len(content) // 2, len(content) - 1):
            changed = bytearray(content)
            changed[position] ^= 1
            file.write_bytes(changed)
            with pytest.raises(
                BundleCorrupt, match="at least one file was changed; fetch it again"
            ):
                load_bundle(folder)
        file.write_bytes(content)

    load_bundle(folder)


def test_a_file_too_many_or_too_few_is_noticed(folder: Path) -> None:
    extra = folder / "notes.txt"
    extra.write_text("", encoding="utf-8")
    with pytest.raises(BundleCorrupt, match="at least one file was changed"):
        load_bundle(folder)
    extra.unlink()

    for file in sorted(folder.iterdir()):
        content = file.read_bytes()
        file.unlink()
        with pytest.raises(BundleCorrupt, match="at least one file was changed"):
            load_bundle(folder)
        file.write_bytes(content)

    load_bundle(folder)


def test_two_files_that_change_names_are_noticed(folder: Path) -> None:
    scale, calibrator = folder / "scale.json", folder / "calibrator.json"
    one, other = scale.read_bytes(), calibrator.read_bytes()
    scale.write_bytes(other)
    calibrator.write_bytes(one)

    with pytest.raises(BundleCorrupt):
        load_bundle(folder)


def test_a_folder_within_is_refused_by_name(folder: Path) -> None:
    (folder / ".ipynb_checkpoints").mkdir()

    with pytest.raises(BundleCorrupt, match="it holds no folder .ipynb_checkpoints; remove it"):
        load_bundle(folder)


def test_another_name_is_noticed(folder: Path) -> None:
    with pytest.raises(BundleCorrupt, match="bundle 000000000000: its content hashes to "):
        load_bundle(folder.rename(folder.with_name("0" * 64)))


def test_the_drift_reference_lies_outside_the_hash(folder: Path) -> None:
    """Rows of people, so that they can be erased without breaking the bundle."""
    reference = folder / "reference"
    reference.mkdir()
    (reference / "rows.npz").write_bytes(b"people")

    assert load_bundle(folder).hash == folder.name

    shutil.rmtree(reference)
    assert load_bundle(folder).hash == folder.name


def test_no_bundle_is_said_to_be_there_when_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(BundleUnknown, match=f"there is no bundle at {tmp_path}/gone"):
        load_bundle(tmp_path / "gone")


# An honest name does not make a bundle usable.


def rewritten(folder: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Write a changed bundle under the name that belongs to it."""
    files = {f.name: f.read_bytes() for f in folder.iterdir()}
    change(files)
    target = folder.parent / content_hash(files)
    target.mkdir()
    for name, content in files.items():
        (target / name).write_bytes(content)
    return target


def _json(name: str, **changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        files[name] = json.dumps({**json.loads(files[name]), **changes}).encode()

    return change


def _content(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({name: content})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_json("manifest.json", format=2), "has format 2; this version reads 1"),
        (_json("manifest.json", family="forest"), "unknown model family 'forest'; this version"),
        (_json("contract.json", version=1), "(?s)cannot be read: .*version"),
        (_json("contract.json", colour="red"), "(?s)cannot be read: .*colour"),
        (_json("features.json", caps={"utilization": 1.0}), "cannot be read: fitted caps are for"),
        (_json("features.json", caps=None), "cannot be read"),
        (_content("scale.json", b"{"), "cannot be read"),
        (_content("scale.json", b'{"pdo": -1}'), "cannot be read: pdo: expected a positive number"),
        (_content("background.npy", b""), "cannot be read"),
        (_content("background.npy", b"\x93NUMPY\x01\x00"), "cannot be read"),
        (lambda files: files.pop("golden.json"), "cannot be read: 'golden.json'"),
    ],
)
def test_a_bundle_that_this_version_cannot_read_is_refused(
    folder: Path, change: Callable[[dict[str, bytes]], None], message: str
) -> None:
    with pytest.raises(BundleIncompatible, match=message):
        load_bundle(rewritten(folder, change))


def test_a_background_with_a_pickle_is_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(BundleIncompatible, match="cannot be read: .*allow_pickle=False"):
        load_bundle(rewritten(folder, _content("background.npy", path.read_bytes())))


def test_a_calibrator_that_falls_is_refused(folder: Path) -> None:
    with pytest.raises(BundleCorrupt, match="slope must be positive"):
        load_bundle(rewritten(folder, _json("calibrator.json", slope=-1.0)))


def test_a_golden_row_that_breaks_the_contract_is_refused(folder: Path) -> None:
    def change(files: dict[str, bytes]) -> None:
        golden = json.loads(files["golden.json"])
        golden["rows"][0]["application"]["age"] = 7
        files["golden.json"] = json.dumps(golden).encode()

    with pytest.raises(BundleIncompatible, match="a golden row breaks the contract.*age: expected"):
        load_bundle(rewritten(folder, change))


def test_a_bundle_whose_golden_rows_score_differently_does_not_load(folder: Path) -> None:
    slope = json.loads((folder / "calibrator.json").read_bytes())["slope"]

    other = rewritten(folder, _json("calibrator.json", slope=slope * (1 + 1e-9)))

    with pytest.raises(BundleIncompatible, match="golden row 0 gives another probability here"):
        load_bundle(other)


# Golden rows: every stage is compared, to the bit.


def tamper(bundle: Bundle, row: int, **changes: Any) -> None:
    rows = list(bundle.golden.rows)
    rows[row] = msgspec.structs.replace(rows[row], **changes)
    bundle.golden = msgspec.structs.replace(bundle.golden, rows=tuple(rows))


def _next(x: float) -> float:
    return math.nextafter(x, math.inf)


SCORE_STAGES: Mapping[str, Callable[[GoldenRow], dict[str, Any]]] = {
    "features": lambda r: {"vector": (_next(r.vector[0] or 0.0), *r.vector[1:])},
    "margin": lambda r: {"margin": _next(r.margin)},
    "probability": lambda r: {"probability_of_default": _next(r.probability_of_default)},
}
EXPLANATION_STAGES: Mapping[str, Callable[[GoldenRow], dict[str, Any]]] = {
    "explanation": lambda r: {"contributions": (_next(r.contributions[0]), *r.contributions[1:])},
    "decision": lambda r: {"decision": "approve" if r.decision != "approve" else "decline"},
}


@pytest.mark.parametrize("stage", SCORE_STAGES)
def test_one_bit_in_a_golden_score_is_named_by_row_and_stage(folder: Path, stage: str) -> None:
    bundle = load_bundle(folder)
    tamper(bundle, 7, **SCORE_STAGES[stage](bundle.golden.rows[7]))

    with pytest.raises(BundleIncompatible, match=f"golden row 7 gives another {stage} here"):
        check_scores(bundle)


@pytest.mark.parametrize("stage", EXPLANATION_STAGES)
def test_one_bit_in_a_golden_explanation_is_named_by_row_and_stage(
    folder: Path, stage: str
) -> None:
    bundle = load_bundle(folder)
    check_explanations(bundle)
    tamper(bundle, 7, **EXPLANATION_STAGES[stage](bundle.golden.rows[7]))

    with pytest.raises(BundleIncompatible, match=f"golden row 7 gives another {stage} here"):
        check_explanations(bundle)


def test_another_model_in_place_of_the_right_one_is_noticed(
    lightgbm_folder: Path, scorecard_bundle: Bundle
) -> None:
    bundle = load_bundle(lightgbm_folder)
    bundle.model = scorecard_bundle.model

    with pytest.raises(BundleIncompatible, match="golden row 0 gives another margin here"):
        check_scores(bundle)


def test_another_machine_may_differ_in_the_last_digits_and_no_more(folder: Path) -> None:
    bundle = load_bundle(folder)
    bundle.golden = msgspec.structs.replace(bundle.golden, fingerprint="another machine")
    row = bundle.golden.rows[0]

    tamper(bundle, 0, probability_of_default=row.probability_of_default * (1 + 1e-13))
    check_scores(bundle)

    tamper(bundle, 0, probability_of_default=row.probability_of_default * (1 + 1e-10))
    with pytest.raises(
        BundleIncompatible, match=r"probability here .*\(then another machine, now "
    ):
        check_scores(bundle)


def test_no_golden_row_is_a_person(any_bundle: Bundle, rows: Rows) -> None:
    people = {row.tobytes() for row in rows.raw}
    names = [c.name for c in any_bundle.contract.inputs]

    assert len(any_bundle.golden.rows) == N_GOLDEN
    for row in any_bundle.golden.rows:
        values = [row.application[name] for name in names]
        assert np.array([math.nan if v is None else v for v in values]).tobytes() not in people
        assert row.application["application_id"].startswith("golden-")
    assert rows.raw[0].tobytes() in people  # the control: a person would be found


# How a bundle is put together.


def test_the_background_is_approved_applicants_near_the_cut_off(
    any_bundle: Bundle, rows: Rows
) -> None:
    prob_default = any_bundle.calibrator.probabilities(
        any_bundle.model.margins(any_bundle.background)
    )
    train = any_bundle.transform.matrix(split_holdout(rows)[0].raw)

    assert len(any_bundle.background) == 100
    assert prob_default.min() >= 0.5 / 11
    assert prob_default.max() < 1 / 11
    assert {row.tobytes() for row in any_bundle.background} <= {row.tobytes() for row in train}


def test_a_model_that_approves_nobody_near_the_cut_off_has_no_background() -> None:
    with pytest.raises(DataError, match=r"PD between 0\.045 and 0\.091: there is no background"):
        choose_background(np.zeros((3, 2)), np.array([0.01, 0.3, 1 / 11]), 1 / 11, seed=0)


def test_the_manifest_names_data_contract_and_versions(any_bundle: Bundle, rows: Rows) -> None:
    train = split_holdout(rows)[0]
    manifest = any_bundle.manifest

    assert manifest.data == data_hash(train.raw, train.labels)
    assert manifest.contract == any_bundle.contract.digest()
    assert manifest.product == "give_me_some_credit"
    assert set(manifest.versions) == {"engine", "python", *LIBRARIES}
    assert {"auc", "auc_low", "auc_high", "brier", "ece", "approval_rate"} <= set(manifest.metrics)


def test_another_calibrator_makes_another_bundle(lightgbm_folder: Path) -> None:
    bundle = load_bundle(lightgbm_folder)
    before = content_hash(bundle_to_files(bundle))
    assert isinstance(bundle.calibrator, Platt)

    bundle.calibrator = Platt(
        slope=_next(bundle.calibrator.slope), intercept=bundle.calibrator.intercept
    )

    assert content_hash(bundle_to_files(bundle)) != before


def test_the_example_application_scores(any_bundle: Bundle) -> None:
    asked = any_bundle.validator.application(application())

    assert 1e-4 <= score(any_bundle, any_bundle.explainer, asked).probability_of_default < 1
