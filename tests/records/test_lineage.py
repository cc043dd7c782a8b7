"""The whole story of one decision, and predictions under their earlier names."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from cluster.cli.main import run
from cluster.cli.terminal import console
from cluster.story_page import story_page
from credit.decision import Bundle, save_bundle
from credit.errors import (
    DecisionUnknown,
    KeyUnavailable,
    RecordsNotProven,
    RegistryUnavailable,
    SettingsInvalid,
)
from credit.records import LocalKeyFile, Location, NewRecord, RecordReader, RecordWriter, open_state
from credit.records.lineage import Story, tell_story
from credit.records.lineage.predictions import Prediction, newest_predictions, predictions
from credit.records.lineage.predictions_file import write_predictions
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.signing import LocalSigningKey, read_public_keys
from credit.records.reading.selection import Period, make_period
from credit.records.replay import BundleFolder
from credit.records.store.engine import begin_write, open_engine
from credit.settings import Settings
from tests.loanbook import application
from tests.records.replay.decisions import applicants, decided, write
from tests.records.samples import new_record

ROW = application(past_due_90=3, monthly_income=None, as_of="2026-02-28")


@pytest.fixture
def tell(reader: RecordReader, tmp_path: Path, bundle_root: Path) -> Callable[..., Story]:
    def call(decision_id: str, **options: object) -> Story:
        wanted = {"tenant": "default", "opened": True} | options
        return tell_story(
            reader,
            BundleFolder(bundle_root),
            tmp_path / "state.db",
            decision_id=decision_id,
            **wanted,  # type: ignore[arg-type]
        )

    return call


@pytest.fixture
def update(location: Location) -> Callable[..., None]:
    def call(statement: str, **values: object) -> None:
        engine = open_engine(location)
        with begin_write(engine) as connection:
            connection.execute(text(statement), values)
        engine.dispose()

    return call


def test_a_story_goes_from_data_to_decision(
    writer: RecordWriter, tell: Callable[..., Story], scorecard_bundle: Bundle
) -> None:
    record = decided(scorecard_bundle, ROW)
    [id_] = write(writer, [record])

    story = tell(id_)

    assert (story.asked.arm, story.asked.slot, story.asked.generation) == ("challenger", 17, 3)
    assert story.asked.latency_us == {"answer": 900}
    assert story.contents.state == "opened"
    assert story.contents.applicant_id == "P-1001"
    assert (story.contents.application or {})["past_due_90"] == 3
    assert (story.contents.application or {})["monthly_income"] is None
    features = story.contents.features or {}
    assert features["past_due_90"] == 3
    assert math.isnan(features["income"])
    assert list((story.contents.shap_values or {}).values()) == record.sealed.shap_values
    assert story.made.data == scorecard_bundle.manifest.data
    assert story.made.contract_digest == scorecard_bundle.contract.digest()
    assert (story.made.model, story.made.calibration) == ("scorecard", "platt")
    assert story.decided.probability_of_default == record.clear.probability_of_default
    assert story.decided.reasons[0].text in scorecard_bundle.contract.reason_texts.values()
    assert (story.decided.reasons[0].points or 0) < 0
    assert (story.reviews, story.outcomes) == ((), ())
    assert (story.proof.sequence, story.proof.hash_ok, story.proof.link_ok) == (1, True, True)
    assert story.proof.checkpoint is None
    assert (story.subject.erased_at, story.subject.restricted_until) == (None, None)


def test_the_clear_part_alone_names_nobody(
    writer: RecordWriter, location: Location, tell: Callable[..., Story], scorecard_bundle: Bundle
) -> None:
    [id_] = write(writer, [decided(scorecard_bundle, ROW)])

    story = tell(id_, opened=False)

    assert story.contents.state == "sealed"
    assert b"P-1001" not in msgspec.json.encode(story)
    assert b"A-1001" not in msgspec.json.encode(story)
    assert story.decided.reasons[0].text  # codes are clear, their texts are the contract's
    assert story.decided.reasons[0].points is None


def test_the_story_is_one_screen(
    writer: RecordWriter, tell: Callable[..., Story], scorecard_bundle: Bundle
) -> None:
    [id_] = write(writer, [decided(scorecard_bundle, ROW)])

    lines = list(story_page(tell(id_), None, asked_registry=False))

    assert len(lines) <= 40
    page = "\n".join(lines)
    for part in (
        *("tenant default", "arm          challenger (slot 17), generation 3", "reviewer     none"),
        *("outcome      none recorded", "is that of its content", "none covers it yet", "missing"),
    ):
        assert part in page


def test_an_unknown_id_and_another_tenants_are_told_alike(
    writer: RecordWriter, tell: Callable[..., Story]
) -> None:
    writer.append(new_record(tenant="other", decision_id="theirs")).result(10)
    told = set()
    for id_ in ("theirs", "nobodys"):
        with pytest.raises(DecisionUnknown) as refused:
            tell(id_)
        told.add(str(refused.value).replace(id_, "ID"))

    assert len(told) == 1
    assert tell("theirs", tenant="other").decision_id == "theirs"


def test_a_changed_record_and_a_broken_link_are_seen(
    writer: RecordWriter,
    tell: Callable[..., Story],
    update: Callable[..., None],
) -> None:
    ids = [f"id-{i}" for i in range(3)]
    write(writer, [new_record(decision_id=id_) for id_ in ids])
    update("UPDATE records SET route = '/other' WHERE decision_id = 'id-0'")
    update("UPDATE records SET hash = previous_hash WHERE decision_id = 'id-1'")

    seen = [tell(id_, opened=False).proof for id_ in ids]

    assert [(p.hash_ok, p.link_ok) for p in seen] == [(False, True), (False, True), (True, False)]


def test_the_first_checkpoint_that_covers_a_record_is_named(
    writer: RecordWriter, location: Location, tell: Callable[..., Story], tmp_path: Path
) -> None:
    signer = LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")
    checkpointer = Checkpointer(location, signer, [])
    ids = []
    for i in range(4):
        record = decided_now(f"id-{i}")
        ids += write(writer, [record])
        if i < 3:
            assert checkpointer.step() is not None
    keys = read_public_keys(tmp_path / "public.json")

    covers = [tell(id_, opened=False, public_keys=keys).proof.checkpoint for id_ in ids]

    assert [cover and cover.number for cover in covers] == [1, 2, 3, None]
    assert covers[0] is not None
    assert (covers[0].signature, covers[0].signing_key_id) == ("good", signer.key_id)
    unknown = tell(ids[0], opened=False).proof.checkpoint
    assert unknown is not None
    assert unknown.signature == "unknown key"


def decided_now(id_: str) -> NewRecord:
    """A record of this very moment: checkpoints are looked for from there on."""
    from datetime import UTC, datetime

    from tests.records.samples import clear_part

    return new_record(decision_id=id_, clear=clear_part(created_at=datetime.now(UTC).isoformat()))


def test_a_checkpoint_whose_body_was_changed_is_badly_signed(
    writer: RecordWriter,
    location: Location,
    tell: Callable[..., Story],
    tmp_path: Path,
    update: Callable[..., None],
) -> None:
    signer = LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")
    write(writer, [decided_now("id-0")])
    made = Checkpointer(location, signer, []).step()
    assert made is not None
    update(
        "UPDATE checkpoints SET signature = :other",
        other=made.signature[:-1] + bytes([made.signature[-1] ^ 1]),
    )

    cover = tell(
        "id-0", opened=False, public_keys=read_public_keys(tmp_path / "public.json")
    ).proof.checkpoint

    assert cover is not None
    assert cover.signature == "bad"


def test_a_checkpoint_that_cannot_be_read_is_said(
    writer: RecordWriter,
    location: Location,
    tell: Callable[..., Story],
    tmp_path: Path,
    update: Callable[..., None],
) -> None:
    signer = LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")
    write(writer, [decided_now("id-0")])
    assert Checkpointer(location, signer, []).step() is not None
    update("UPDATE checkpoints SET body = :body", body=b"{}")

    with pytest.raises(RecordsNotProven, match="Checkpoint 1 cannot be read"):
        tell("id-0", opened=False)


@pytest.mark.parametrize("opened", [True, False])
def test_erased_and_restricted_people_stay_closed(
    writer: RecordWriter,
    tell: Callable[..., Story],
    update: Callable[..., None],
    opened: bool,
) -> None:
    write(writer, [new_record(decision_id="e", applicant_id="anna")])
    write(writer, [new_record(decision_id="r", applicant_id="ben")])
    erased, restricted = (tell(id_, opened=False).subject.subject_ref for id_ in "er")
    update("UPDATE subject_keys SET wrapped_key = NULL WHERE subject_ref = :ref", ref=erased)
    update("UPDATE subjects SET erased_at = '2026-01-01' WHERE subject_ref = :ref", ref=erased)
    update(
        "UPDATE subjects SET restricted_until = '2999-01-01' WHERE subject_ref = :ref",
        ref=restricted,
    )

    assert tell("e", opened=opened).contents.state == "erased"
    assert tell("e", opened=opened).subject.erased_at == "2026-01-01"
    assert tell("r", opened=opened).contents.state == "restricted"
    assert tell("r", opened=opened).subject.restricted_until == "2999-01-01"


def test_a_bundle_that_is_not_here_leaves_what_the_record_knows(
    writer: RecordWriter, tell: Callable[..., Story]
) -> None:
    write(writer, [new_record(decision_id="a")])

    story = tell("a")

    assert (story.made.data, story.made.model) == (None, "credit-retail/3")
    assert "fetch it from the registry" in story.made.note
    assert [r.code for r in story.decided.reasons] == ["R03", "R11"]
    assert set(story.contents.features or {}) == {"0", "1", "2"}


def test_reviews_and_outcomes_are_shown_once_there_are_any(
    writer: RecordWriter, tell: Callable[..., Story], tmp_path: Path
) -> None:
    write(writer, [new_record(decision_id="a"), new_record(decision_id="b")])
    state = open_state(tmp_path / "state.db")
    with begin_write(state) as connection:
        connection.execute(
            text("CREATE TABLE reviews (tenant TEXT, decision_id TEXT, verdict TEXT)")
        )
        connection.execute(text("INSERT INTO reviews VALUES ('default', 'a', 'approve')"))
    state.dispose()

    assert tell("a").reviews[0]["verdict"] == "approve"
    assert tell("b").reviews == ()


def test_opening_needs_keys(writer: RecordWriter, location: Location, tmp_path: Path) -> None:
    write(writer, [new_record(decision_id="a")])

    with RecordReader(location) as reader, pytest.raises(KeyUnavailable):
        tell_story(
            reader,
            BundleFolder(tmp_path),
            tmp_path / "state.db",
            tenant="default",
            decision_id="a",
            opened=True,
        )


def listed(reader: RecordReader, *, opened: bool = False) -> list[Prediction]:
    pages = predictions(reader, Period(), tenant="default", opened=opened)
    return [row for page in pages for row in page]


def test_predictions_carry_their_earlier_names(
    writer: RecordWriter, reader: RecordReader, scorecard_bundle: Bundle
) -> None:
    records = [decided(scorecard_bundle, row) for row in applicants(20, seed=6)]
    write(writer, records)
    write(writer, [decided(scorecard_bundle, ROW, tenant="other")])

    rows, opened = listed(reader), listed(reader, opened=True)

    assert [row.decision_id for row in rows] == [r.decision_id for r in records]
    assert [row.default_probability for row in rows] == [
        r.clear.probability_of_default for r in records
    ]
    assert [row.credit_score for row in rows] == [r.clear.score for r in records]
    assert {row.input for row in rows} == {None}
    assert [json.loads(row.input or "") for row in opened] == [
        dict(r.sealed.application) for r in records
    ]
    newest = newest_predictions(reader, Period(), 3, tenant="default", opened=False)
    assert [row.decision_id for row in newest] == [r.decision_id for r in records[:-4:-1]]
    none = predictions(reader, make_period(None, "2020-01-01"), tenant="default", opened=False)
    assert list(none) == []


def test_the_input_of_who_was_erased_is_null(
    writer: RecordWriter, reader: RecordReader, update: Callable[..., None]
) -> None:
    write(writer, [new_record(applicant_id="anna"), new_record(applicant_id="ben")])
    update(
        "UPDATE subject_keys SET wrapped_key = NULL WHERE key_id = :key",
        key=reader.after()[0].key_id,
    )

    assert sorted(row.input is None for row in listed(reader, opened=True)) == [False, True]


def test_predictions_become_files_with_every_bit(
    writer: RecordWriter, reader: RecordReader, scorecard_bundle: Bundle, tmp_path: Path
) -> None:
    write(writer, (decided(scorecard_bundle, row) for row in applicants(10, seed=6)))
    rows = listed(reader)

    for name in ("p.csv", "p.parquet"):
        assert write_predictions([rows], tmp_path / name) == 10
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600

    with (tmp_path / "p.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [float(row["default_probability"]) for row in read] == [
        row.default_probability for row in rows
    ]
    table = pq.read_table(tmp_path / "p.parquet").to_pylist()
    assert [Prediction(**row) for row in table] == rows


def test_a_file_of_another_kind_is_refused_and_a_failure_leaves_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"ends in .csv or .parquet"):
        write_predictions([], tmp_path / "p.txt")
    with pytest.raises(SettingsInvalid, match="name another file"):
        write_predictions([], tmp_path / "none" / "p.csv")

    def broken() -> object:
        yield []
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_predictions(broken(), tmp_path / "p.csv")  # type: ignore[arg-type]
    assert not list(tmp_path.glob("*p.csv*"))


# The commands.

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(console, "width", 300)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            run(("records", *arguments))
        out, err = capsys.readouterr()
        return int(str(left.value.code or 0)), out, err

    return call


def test_show_predictions_and_export_as_commands(
    told: Told, scorecard_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    settings = Settings()
    save_bundle(scorecard_bundle, settings.bundles_path)
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        ids = write(writer, (decided(scorecard_bundle, row) for row in applicants(25, seed=8)))
        [mine] = write(writer, [decided(scorecard_bundle, ROW)])
    assert told("checkpoint")[0] == 0

    code, out, _ = told("show", mine)
    assert code == 0
    assert "past_due_90 3" in out
    assert "well signed by" in out
    code, out, _ = told("show", mine, "--sealed", "--json")
    assert code == 0
    assert json.loads(out)["story"]["contents"]["state"] == "sealed"
    code, _, err = told("show", "unknown")
    assert code == 3
    assert "is not found for tenant default" in err

    code, out, err = told("predictions")
    assert code == 0
    assert mine in out
    assert "and 6 earlier" in err
    code, out, _ = told("predictions", "--json", "--open")
    assert [json.loads(line)["decision_id"] for line in out.splitlines()] == [*ids, mine]
    assert told("predictions", "--out", str(tmp_path / "p.csv"))[0] == 0

    monkeypatch.setattr("sys.stdin", io.StringIO("P-1001\n"))
    code, out, err = told("export", str(tmp_path / "mine"), "--subject", "-", "--open")
    assert code == 0
    assert "1 decisions in" in out
    assert "P-1001" not in out + err
    code, out, _ = told("export", str(tmp_path / "all"), "--period", "..", "--json")
    assert json.loads(out)["counts"]["n_covered"] == 26
    code, _, err = told("export", str(tmp_path / "all"), "--model", scorecard_bundle.hash)
    assert code == 2
    assert "evidence is never overwritten" in err
    code, _, err = told("export", str(tmp_path / "other"))
    assert code == 2
    assert "one of --subject, --model and --period" in err
    code, _, err = told("export", str(tmp_path / "other"), "--subject", "P-9999")
    assert code == 3
    assert "P-9999" not in err


def test_the_registry_is_asked_and_says_when_it_is_not_there(
    told: Told, scorecard_bundle: Bundle
) -> None:
    settings = Settings()
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        [id_] = write(writer, [decided(scorecard_bundle, ROW)])

    code, _, err = told("show", id_, "--registry")

    assert code == 4
    assert "there is no registry at" in err


def test_the_version_and_the_search_behind_a_bundle_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    from cluster.lineage import registered_as

    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # where MLflow leaves an empty store of its own
    with pytest.raises(RegistryUnavailable):
        registered_as(Settings(), "b" * 64)
    # A folder is made ten times faster than a database, and answers alike.
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("CREDIT_MLFLOW_URI", str(tmp_path / "mlruns"))
    settings = Settings()
    uri = settings.registry_uri
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.create_experiment("e", artifact_location=str(tmp_path / "artifacts"))
    made = client.create_run(experiment, tags={"candidate": "lightgbm"}, run_name="found it")
    client.create_registered_model("credit-retail")
    for bundle in ("a", "b"):
        client.create_model_version(
            "credit-retail", "file:///x", made.info.run_id, tags={"bundle": bundle * 64}
        )

    found = registered_as(settings, "b" * 64)

    assert found is not None
    assert (found.name, found.version, found.candidate) == ("credit-retail", "2", "lightgbm")
    assert found.run_name == "found it"
    assert registered_as(settings, "c" * 64) is None
