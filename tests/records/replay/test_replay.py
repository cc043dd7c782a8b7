"""What was decided is decided again, to the bit; what is not is found and named."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from credit.decision import Bundle, load_bundle
from credit.decision.families import FAMILIES
from credit.errors import BundleCorrupt, KeyUnavailable
from credit.records import LocalKeyFile, Location, NewRecord, RecordReader, RecordWriter
from credit.records.reading.selection import whole_log
from credit.records.replay import BundleFolder, Outcome, ReplayResult, Tally, replay_records
from tests import twosources
from tests.loanbook import application
from tests.records.mostly_sqlite import BOTH
from tests.records.replay.decisions import applicants, decided, write
from tests.service import Service


@pytest.fixture(autouse=True)
def pickles_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the family `imported`, as its operator would have allowed it."""
    monkeypatch.setenv("CREDIT_ALLOW_PICKLE", "1")


@pytest.fixture
def bundles(bundle_root: Path) -> BundleFolder:
    return BundleFolder(bundle_root)


def replayed(reader: RecordReader, bundles: BundleFolder) -> list[ReplayResult]:
    return list(replay_records(reader, bundles, (r for page in whole_log(reader) for r in page)))


def one(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, record: NewRecord
) -> ReplayResult:
    write(writer, [record])
    return replayed(reader, bundles)[-1]


def test_every_family_replays_to_the_bit(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, any_bundle: Bundle
) -> None:
    rows = applicants(150, seed=1)
    write(writer, (decided(any_bundle, row, shap_values=i % 2 == 0) for i, row in enumerate(rows)))

    tally = Tally()
    for result in replayed(reader, bundles):
        tally.add(result)

    assert tally.counts == {"identical": 150}, tally.first
    assert tally.kept_the_promise


@pytest.mark.full
def test_ten_thousand_decisions_of_all_families_replay_to_the_bit(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    bundle_of: Callable[[str], Bundle],
) -> None:
    share = math.ceil(10_000 / len(FAMILIES))
    for seed, name in enumerate(sorted(FAMILIES)):
        bundle = bundle_of(name)
        write(writer, (decided(bundle, row) for row in applicants(share, seed=seed)))

    found = Counter(result.outcome for result in replayed(reader, bundles))

    assert found == {Outcome.IDENTICAL: share * len(FAMILIES)}


def test_what_a_service_told_over_http_replays_to_the_bit(
    service: Service, bundle_root: Path
) -> None:
    for i, row in enumerate(applicants(40, seed=9)):
        told = service.score(row, "?shap_values=true" if i % 3 else "")
        assert told.status_code == 200, told.text

    with RecordReader(service.records, service.keys) as reader:
        results = replayed(reader, BundleFolder(bundle_root))
        arms = {r.clear.arm for page in whole_log(reader) for r in page}

    assert Counter(r.outcome for r in results) == {Outcome.IDENTICAL: 40}
    assert arms == {"champion", "challenger"}


@pytest.fixture(scope="module")
def two_sources(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with fallbacks, in a folder of its own."""
    from credit.decision import save_bundle
    from tune.plan import split_holdout
    from tune.rows import prepare
    from tune.spec import Candidate
    from tune.winner import make_winner

    contract = twosources.contract()
    train, held_out = split_holdout(prepare(twosources.book(1_500, seed=3), contract)[0])
    winner, _ = make_winner(
        train,
        held_out,
        contract,
        Candidate(family="lightgbm"),
        parameters={
            "num_iterations": 15,
            "learning_rate": 0.2,
            "num_leaves": 6,
            "min_data_in_leaf": 30,
        },
        seed=3,
        num_threads=1,
    )
    folder = save_bundle(winner, tmp_path_factory.mktemp("two_sources"))
    bundle = load_bundle(folder)
    bundle.root = folder.parent  # type: ignore[attr-defined]
    return bundle


@pytest.mark.parametrize("consents", [[], ["employment"], ["digital"], ["employment", "digital"]])
def test_a_decision_without_a_withheld_source_replays_with_the_fallback_that_made_it(
    writer: RecordWriter, reader: RecordReader, two_sources: Bundle, consents: list[str]
) -> None:
    row = twosources.application(consents=consents, as_of="2026-03-02")
    bundles = BundleFolder(two_sources.root)  # type: ignore[attr-defined]

    result = one(writer, reader, bundles, decided(two_sources, row))

    assert result == ReplayResult(result.decision_id, Outcome.IDENTICAL)


def changed(record: NewRecord, **sealed: object) -> NewRecord:
    return msgspec.structs.replace(record, sealed=msgspec.structs.replace(record.sealed, **sealed))


def changed_clear(record: NewRecord, **clear: object) -> NewRecord:
    return msgspec.structs.replace(record, clear=msgspec.structs.replace(record.clear, **clear))


def test_one_flipped_bit_of_a_shap_value_is_found_and_named(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = decided(lightgbm_bundle, application())
    values = record.sealed.shap_values
    place = next(i for i, v in enumerate(values) if v)
    values = [math.nextafter(v, math.inf) if i == place else v for i, v in enumerate(values)]

    result = one(writer, reader, bundles, changed(record, shap_values=values))

    assert result.outcome is Outcome.DIFFERENT
    [difference] = result.differences
    assert difference.field == f"shap_values[{lightgbm_bundle.contract.feature_names[place]}]"
    assert difference.ulps == 1
    assert 0 < (difference.absolute or 0) < 1e-12
    assert (difference.recorded, difference.replayed) == (None, None)  # sealed values are not told
    assert "the environment is the same" in result.note


def test_another_pd_is_told_with_both_values(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = decided(lightgbm_bundle, application())
    then = record.clear.probability_of_default

    result = one(writer, reader, bundles, changed_clear(record, probability_of_default=then + 0.25))

    [difference] = result.differences
    assert (difference.recorded, difference.replayed) == (then + 0.25, then)
    assert difference.absolute == pytest.approx(0.25)
    assert str(difference).startswith(f"probability_of_default: recorded {then + 0.25}, now {then}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 123.0),
        ("rating", "Bad"),
        ("risk_level", "NONE"),
        ("decision", "maybe"),
        ("reason_codes", ["NOPE"]),
        ("arm", "champion"),
        ("generation", 99),
        ("model", "scorecard"),
        ("contract_version", "0"),
        ("policy_version", "0"),
    ],
)
def test_a_clear_field_that_does_not_fit_is_named(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    lightgbm_bundle: Bundle,
    field: str,
    value: object,
) -> None:
    record = changed_clear(decided(lightgbm_bundle, application()), **{field: value})

    result = one(writer, reader, bundles, record)

    assert result.outcome is Outcome.DIFFERENT
    assert field in {d.field.removeprefix("answer.") for d in result.differences}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"application_id": "other"}, "answer.application_id"),
        ({"rating": "Bad"}, "answer.rating"),
        ({"reason_codes": ()}, "answer.reason_codes: their number"),
        ({"shap_values": {"age": 0.1}}, "answer.shap_values: their names"),
        ({"decision_id": "other"}, "answer.decision_id"),
    ],
)
def test_an_answer_that_says_something_else_is_named(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    lightgbm_bundle: Bundle,
    change: dict[str, object],
    field: str,
) -> None:
    from credit.decision.score import Answer

    row = application(past_due_90=5, monthly_income=500.0)
    record = decided(lightgbm_bundle, row, shap_values=True)
    told = msgspec.json.decode(record.sealed.answer, type=Answer)
    assert told.reason_codes
    other = msgspec.json.encode(msgspec.structs.replace(told, **change))

    result = one(writer, reader, bundles, changed(record, answer=other))

    assert result.outcome is Outcome.DIFFERENT
    assert [d.field for d in result.differences] == [field]


def test_an_answer_in_other_bytes_is_different_even_if_it_says_the_same(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = decided(lightgbm_bundle, application())

    result = one(writer, reader, bundles, changed(record, answer=record.sealed.answer + b" "))

    assert [d.field for d in result.differences] == ["answer: its bytes"]


def test_an_answer_that_is_none_is_different(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = changed(decided(lightgbm_bundle, application()), answer=b"{}")

    result = one(writer, reader, bundles, record)

    assert result.outcome is Outcome.DIFFERENT
    assert "none that this program gives" in result.note


def test_an_application_that_was_changed_gives_another_answer(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, scorecard_bundle: Bundle
) -> None:
    record = decided(scorecard_bundle, application())
    row = dict(record.sealed.application) | {"past_due_90": 6}

    result = one(writer, reader, bundles, changed(record, application=row))

    assert result.outcome is Outcome.DIFFERENT
    assert any(d.field.startswith("features[") for d in result.differences)


def test_an_application_that_the_contract_refuses_is_unreadable_without_its_values(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, scorecard_bundle: Bundle
) -> None:
    record = decided(scorecard_bundle, application())
    row = dict(record.sealed.application) | {"age": 987654}

    result = one(writer, reader, bundles, changed(record, application=row))

    assert result.outcome is Outcome.UNREADABLE
    assert "age: expected at most" in result.note
    assert "987654" not in result.note


def test_under_another_fingerprint_the_last_bits_may_differ(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = changed_clear(decided(lightgbm_bundle, application()), fingerprint="0" * 16)
    values = [math.nextafter(v, math.inf) for v in record.sealed.shap_values]
    near = changed(record, shap_values=values)

    result = one(writer, reader, bundles, near)

    assert result.outcome is Outcome.WITHIN
    assert result.differences
    assert f"recorded under fingerprint {'0' * 16}" in result.note
    assert "numpy" in result.note  # what is here


@pytest.mark.parametrize("shift", [1e-11, 0.5])
def test_under_another_fingerprint_more_than_1e_12_is_a_difference(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    lightgbm_bundle: Bundle,
    shift: float,
) -> None:
    record = changed_clear(decided(lightgbm_bundle, application()), fingerprint="0" * 16)
    far = [v + shift for v in record.sealed.shap_values]

    assert one(writer, reader, bundles, changed(record, shap_values=far)).outcome is (
        Outcome.DIFFERENT
    )


def test_under_another_fingerprint_another_decision_is_a_difference(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = decided(lightgbm_bundle, application())
    other = changed_clear(record, fingerprint="0" * 16, decision="decline")

    assert one(writer, reader, bundles, other).outcome is Outcome.DIFFERENT


def test_under_another_fingerprint_a_score_may_be_rounded_to_its_neighbour(
    writer: RecordWriter, reader: RecordReader, bundles: BundleFolder, lightgbm_bundle: Bundle
) -> None:
    record = decided(lightgbm_bundle, application())
    neighbour = round(record.clear.score + 0.01, 2)
    beyond = round(record.clear.score + 0.02, 2)

    for score, expected in ((neighbour, Outcome.WITHIN), (beyond, Outcome.DIFFERENT)):
        other = decided(lightgbm_bundle, application())
        changed_score = changed_clear(other, fingerprint="0" * 16, score=score)
        assert one(writer, reader, bundles, changed_score).outcome is expected


def test_versions_that_changed_since_the_bundle_was_made_are_named(
    writer: RecordWriter, reader: RecordReader, bundle_root: Path, lightgbm_bundle: Bundle
) -> None:
    bundles = BundleFolder(bundle_root)
    loaded = bundles.get(lightgbm_bundle.hash)
    versions = loaded.manifest.versions | {"numpy": "0.1"}
    loaded.manifest = msgspec.structs.replace(loaded.manifest, versions=versions)
    loaded.golden = msgspec.structs.replace(loaded.golden, fingerprint="1" * 16)
    record = changed_clear(decided(lightgbm_bundle, application()), fingerprint="1" * 16)
    values = [math.nextafter(v, math.inf) for v in record.sealed.shap_values]

    result = one(writer, reader, bundles, changed(record, shap_values=values))

    assert "what changed: numpy 0.1 -> " in result.note


@pytest.mark.parametrize("engine", ["scorer/0 {}", "scorer/1 coalitions/0"])
def test_an_engine_that_is_gone_is_said(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    scorecard_bundle: Bundle,
    engine: str,
) -> None:
    record = decided(scorecard_bundle, application())
    own = record.clear.engine.split(" ", 1)[1]
    other = changed_clear(record, engine=engine.format(own))

    result = one(writer, reader, bundles, other)

    assert result.outcome is Outcome.ENGINE_UNAVAILABLE
    assert "replay it with the version of this program that made it" in result.note


def test_another_version_of_a_library_is_only_another_environment(
    writer: RecordWriter, reader: RecordReader, bundle_root: Path, lightgbm_bundle: Bundle
) -> None:
    bundles = BundleFolder(bundle_root)
    by_shap = bundles.get(lightgbm_bundle.hash)
    by_shap.golden = msgspec.structs.replace(by_shap.golden, engine="shap/0.1")
    vars(by_shap).pop("explainer", None)  # the one of tables, which has checked the golden rows
    record = changed_clear(decided(by_shap, application()), engine="scorer/1 shap/0.1")

    assert one(writer, reader, bundles, record).outcome is Outcome.IDENTICAL


def test_a_bundle_that_is_gone_is_an_outcome(
    writer: RecordWriter, reader: RecordReader, tmp_path: Path, lightgbm_bundle: Bundle
) -> None:
    result = one(
        writer, reader, BundleFolder(tmp_path / "none"), decided(lightgbm_bundle, application())
    )

    assert result.outcome is Outcome.BUNDLE_UNAVAILABLE
    assert result.note == (
        f"cannot be replayed: bundle {lightgbm_bundle.hash[:12]} is not in {tmp_path / 'none'}; "
        "fetch it from the registry"
    )


def test_a_bundle_with_one_changed_leaf_is_refused(
    writer: RecordWriter,
    reader: RecordReader,
    tmp_path: Path,
    lightgbm_folder: Path,
    lightgbm_bundle: Bundle,
) -> None:
    """The change would keep the shape of the file: only its hash can tell."""
    copy = Path(shutil.copytree(lightgbm_folder, tmp_path / "bundles" / lightgbm_folder.name))
    model = next(copy.glob("model*"))
    text = model.read_text()
    line = next(line for line in text.splitlines() if line.startswith("leaf_value="))
    digits = line.split("=")[1].split()
    other = " ".join([str(float(digits[0]) + 0.01), *digits[1:]])
    model.write_text(text.replace(line, f"leaf_value={other}", 1))

    result = one(writer, reader, BundleFolder(copy.parent), decided(lightgbm_bundle, application()))

    assert result.outcome is Outcome.BUNDLE_UNAVAILABLE
    assert "so at least one file was changed" in result.note
    with pytest.raises(BundleCorrupt):
        BundleFolder(copy.parent).get(copy.name)


def test_a_bundle_is_loaded_and_its_golden_rows_checked_once(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    scorecard_bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from credit.records.replay import bundles as module

    checked: list[Bundle] = []
    monkeypatch.setattr(module, "check_explanations", checked.append)
    write(writer, (decided(scorecard_bundle, row) for row in applicants(5, seed=4)))

    assert len(replayed(reader, bundles)) == 5
    assert len(checked) == 1


@BOTH
def test_erased_and_restricted_subjects_are_counted_and_not_replayed(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    scorecard_bundle: Bundle,
    location: Location,
    update: Callable[..., None],
) -> None:
    rows = [application(application_id=f"A-{i}", applicant_id=f"P-{i}") for i in range(3)]
    write(writer, (decided(scorecard_bundle, row) for row in rows))
    refs = [r.subject_ref for page in whole_log(reader) for r in page]
    update("UPDATE subject_keys SET wrapped_key = NULL WHERE subject_ref = :ref", ref=refs[0])
    update("UPDATE subjects SET erased_at = created_at WHERE subject_ref = :ref", ref=refs[0])
    update(
        "UPDATE subjects SET restricted_until = '2999-01-01' WHERE subject_ref = :ref", ref=refs[1]
    )

    tally = Tally()
    for result in replayed(reader, bundles):
        tally.add(result)

    assert tally.counts == {"identical": 1, "erased": 1, "restricted": 1}
    assert tally.kept_the_promise


@BOTH
def test_a_sealed_part_that_was_changed_does_not_stop_the_others(
    writer: RecordWriter,
    reader: RecordReader,
    bundles: BundleFolder,
    scorecard_bundle: Bundle,
    update: Callable[..., None],
) -> None:
    ids = write(writer, (decided(scorecard_bundle, row) for row in applicants(3, seed=5)))
    stored = reader.find("default", ids[1])
    assert stored is not None
    flipped = bytes([stored.sealed[0] ^ 1]) + stored.sealed[1:]
    update("UPDATE records SET sealed = :sealed WHERE decision_id = :id", sealed=flipped, id=ids[1])

    outcomes = [result.outcome for result in replayed(reader, bundles)]

    assert outcomes == [Outcome.IDENTICAL, Outcome.UNREADABLE, Outcome.IDENTICAL]


def test_without_keys_nothing_is_replayed(
    writer: RecordWriter, location: Location, bundles: BundleFolder, scorecard_bundle: Bundle
) -> None:
    write(writer, [decided(scorecard_bundle, application())])

    with RecordReader(location) as reader, pytest.raises(KeyUnavailable, match="given no keys"):
        replayed(reader, bundles)


def test_other_keys_than_those_of_the_store_are_refused(
    writer: RecordWriter,
    location: Location,
    bundles: BundleFolder,
    scorecard_bundle: Bundle,
    tmp_path: Path,
) -> None:
    write(writer, [decided(scorecard_bundle, application())])
    other = LocalKeyFile(tmp_path / "other.json")
    other.prepare(create=True)

    with RecordReader(location, other) as reader, pytest.raises(KeyUnavailable, match="other keys"):
        replayed(reader, bundles)


def test_an_empty_store_replays_to_nothing(tmp_path: Path, bundles: BundleFolder) -> None:
    reader = RecordReader(tmp_path / "none.db", LocalKeyFile(tmp_path / "none.json"))

    assert replayed(reader, bundles) == []
