"""Every way of tampering with an export is found, and named."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from credit.records import LocalKeyFile, Location, RecordReader
from credit.records.evidence import export_evidence, of_period, of_subject
from credit.records.framing import frame
from credit.records.proof.chain import HASHED_FIELDS, content_hash, link_hash, record_hash
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.signed import canonical_json, sign_entry
from credit.records.proof.signing import LocalSigningKey, read_public_keys
from credit.records.reading.selection import Period
from tests.records.evidence.store import fill, resealed, run, run_alone
from tests.records.mostly_sqlite import BOTH

Checked = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was exported, once: ``all`` and ``anna``. Copy it to change it."""
    home = tmp_path_factory.mktemp("exports")
    keys, location = LocalKeyFile(home / "keys.json"), home / "records.db"
    signer = LocalSigningKey(home / "signing.json", home / "public.json")
    fill(location, keys, signer)
    public_keys = read_public_keys(home / "public.json")
    with RecordReader(location, keys) as reader:
        for name, chosen in {
            "all": of_period(reader, Period()),
            "anna": of_subject(reader, keys, tenant="default", applicant_id="anna"),
        }.items():
            export_evidence(reader, chosen, home / name, opened=False, public_keys=public_keys)
    return home


@pytest.fixture
def out(exports: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exports / "all", tmp_path / "out"))


@pytest.fixture
def anna(exports: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exports / "anna", tmp_path / "anna"))


@pytest.fixture
def checked(capsys: pytest.CaptureFixture[str]) -> Checked:
    return lambda folder, *arguments: run(folder, capsys, *arguments)


def test_untouched_exports_pass(out: Path, anna: Path, checked: Checked) -> None:
    """Or the findings below would prove nothing."""
    assert checked(out)[0] == 0
    assert checked(anna)[0] == 0


def rows_of(folder: Path, name: str = "records") -> tuple[list[dict[str, Any]], pa.Schema]:
    table = pq.read_table(folder / f"{name}.parquet")
    return table.to_pylist(), table.schema


def put_rows(
    folder: Path, rows: list[dict[str, Any]], schema: pa.Schema, name: str = "records"
) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / f"{name}.parquet")
    resealed(folder)


def hash_again(row: dict[str, Any]) -> bytes:
    fields = (
        *("tenant", "route", "decision_id", "writer", "sequence", "subject_ref", "key_id"),
        *("created_at", "clear", "sealed"),
    )
    return record_hash(row["previous_hash"], **{field: row[field] for field in fields})


def test_any_changed_file_is_named(out: Path, checked: Checked) -> None:
    for path in sorted(out.iterdir()):
        if path.name in ("manifest.json", "verify_evidence.py"):
            continue
        copy = Path(shutil.copytree(out, out.with_name(f"copy-{path.name}")))
        content = path.read_bytes()
        (copy / path.name).write_bytes(content + b"\n" if path.suffix == ".json" else content)
        if path.suffix == ".parquet":  # same rows, other bytes
            pq.write_table(pq.read_table(path), copy / path.name, compression="none")

        code, told = checked(copy)

        assert (code, told) == (1, f"WRONG: a file was changed: {path.name}\n")


@pytest.mark.parametrize("field", ["sealed", "clear", "hash", "previous_hash"])
def test_a_flipped_bit_names_the_record(out: Path, checked: Checked, field: str) -> None:
    rows, schema = rows_of(out)
    row = rows[3]
    at = row["clear"].index(b"approve") if field == "clear" else 5
    row[field] = row[field][:at] + bytes([row[field][at] ^ 1]) + row[field][at + 1 :]
    put_rows(out, rows, schema)

    code, told = checked(out)

    assert code == 1
    assert f"a record was changed: decision {row['decision_id']}" in told


@pytest.mark.parametrize("field", ["tenant", "route", "subject_ref", "key_id", "created_at"])
def test_a_changed_text_field_names_the_record(out: Path, checked: Checked, field: str) -> None:
    rows, schema = rows_of(out)
    rows[2][field] += "x"
    put_rows(out, rows, schema)

    code, told = checked(out)

    assert code == 1
    assert f"a record was changed: decision {rows[2]['decision_id']}" in told


@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_changed_record_with_a_hash_that_fits_breaks_chain_or_checkpoint(
    out: Path, checked: Checked, place: int
) -> None:
    rows, schema = rows_of(out)
    row = rows[place]
    row["clear"] = row["clear"].replace(b'"approve"', b'"decline"')
    row["decision"] = "decline"
    row["hash"] = hash_again(row)
    put_rows(out, rows, schema)

    code, told = checked(out)

    assert code == 1
    assert "a record was changed" not in told  # the control: it does hash to what it says
    assert f"decision {row['decision_id']}" in told


def test_a_chain_that_was_written_anew_is_not_the_one_that_was_signed(
    out: Path, checked: Checked
) -> None:
    rows, schema = rows_of(out)
    writer = rows[0]["writer"]
    chain = sorted((r for r in rows if r["writer"] == writer), key=lambda r: int(r["sequence"]))
    chain[0]["clear"] = chain[0]["clear"].replace(b'"approve"', b'"decline"')
    chain[0]["decision"] = "decline"
    for row, behind in zip(chain, [*chain[1:], None], strict=True):
        row["hash"] = hash_again(row)
        if behind is not None:
            behind["previous_hash"] = row["hash"]
    put_rows(out, rows, schema)

    code, told = checked(out)

    assert code == 1
    assert "a link of a chain" not in told  # the control: the chain is whole in itself
    assert "does not lead to what the next checkpoint signed" in told


@pytest.mark.parametrize("place", [1, 2, 6])
def test_a_record_that_was_taken_out_leaves_a_gap(out: Path, checked: Checked, place: int) -> None:
    rows, schema = rows_of(out)
    gone = rows.pop(place)
    put_rows(out, rows, schema)
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["counts"]["n_records"] -= 1
    manifest["counts"]["n_covered"] -= 1
    (out / "manifest.json").write_text(json.dumps(manifest))

    code, told = checked(out)

    assert code == 1
    before = next(
        r for r in rows if (r["writer"], r["sequence"]) == (gone["writer"], gone["sequence"] - 1)
    )
    assert f"signed: decision {before['decision_id']}" in told


@pytest.mark.parametrize(
    "change",
    [
        {"subject_refs": ["somebody else"]},
        {"kind": "model", "subject_refs": None, "bundle": "e" * 12},
        {"kind": "period", "subject_refs": None, "until_ms": 1},
        {"kind": "period", "subject_refs": None, "since_ms": (1 << 48) - 1},
        {"tenant": "other"},
    ],
)
def test_a_record_that_was_not_asked_for_is_named(
    anna: Path, checked: Checked, change: dict[str, Any]
) -> None:
    manifest = json.loads((anna / "manifest.json").read_bytes())
    wanted = manifest["filter"] | change
    manifest["filter"] = {name: value for name, value in wanted.items() if value is not None}
    (anna / "manifest.json").write_text(json.dumps(manifest))

    code, told = checked(anna)

    first = rows_of(anna)[0][0]["decision_id"]
    assert (code, told) == (
        1,
        f"WRONG: a record is not one that was asked for: decision {first}\n",
    )


@pytest.mark.parametrize("field", ["content_hash", "previous_hash", "hash", "sequence"])
def test_a_changed_link_is_named(anna: Path, checked: Checked, field: str) -> None:
    links, schema = rows_of(anna, "links")
    value = links[1][field]
    links[1][field] = value + 100 if field == "sequence" else bytes([value[0] ^ 1, *value[1:]])
    put_rows(anna, links, schema, "links")

    code, told = checked(anna)

    assert code == 1
    name = f"{links[1]['sequence']} of {links[1]['writer']}"
    assert f"a link was changed: {name}" in told


def test_a_link_with_another_content_and_a_hash_that_fits_breaks_the_chain(
    anna: Path, checked: Checked
) -> None:
    links, schema = rows_of(anna, "links")
    link = links[0]
    link["content_hash"] = bytes(32)
    link["hash"] = link_hash(link["previous_hash"], link["sequence"], bytes(32))
    put_rows(anna, links, schema, "links")

    code, told = checked(anna)

    assert code == 1
    assert "was changed" not in told  # the control: it does hash to what it says
    assert f"a link of a chain is broken: behind {link['sequence']} of {link['writer']}" in told


def test_a_link_cannot_take_the_place_of_a_record(anna: Path, checked: Checked) -> None:
    """Or a record could be exchanged for another, and the signed chain run past it."""
    rows, schema = rows_of(anna)
    links, link_schema = rows_of(anna, "links")
    row = rows[0]
    fields = [row[f] if isinstance(row[f], bytes) else row[f].encode() for f in HASHED_FIELDS]
    columns = (name for name in link_schema.names if name != "content_hash")
    links.append({"content_hash": content_hash(*fields), **{name: row[name] for name in columns}})
    put_rows(anna, links, link_schema, "links")
    row["clear"] = row["clear"].replace(b'"approve"', b'"decline"')
    row["decision"] = "decline"
    row["hash"] = hash_again(row)
    put_rows(anna, rows, schema)

    code, told = checked(anna)

    assert code == 1
    assert "was changed" not in told  # the control: both hash to what they say
    assert f"a place in a chain is taken twice: {row['sequence']} of {row['writer']}" in told


def test_a_link_that_was_taken_out_unproves_the_record_before_it(
    anna: Path, checked: Checked
) -> None:
    links, schema = rows_of(anna, "links")
    put_rows(anna, links[1:], schema, "links")

    code, told = checked(anna)

    assert code == 1
    assert "does not lead to what the next checkpoint signed: decision" in told


def test_a_readable_column_that_lies_is_named(out: Path, checked: Checked) -> None:
    rows, schema = rows_of(out)
    rows[4]["probability_of_default"] = 0.9
    put_rows(out, rows, schema)

    code, told = checked(out)

    assert code == 1
    assert (
        f"a readable column is not what the record says: decision {rows[4]['decision_id']}" in told
    )


def change_json(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = folder / name
    document = json.loads(path.read_bytes())
    document = change(document) or document
    path.write_text(json.dumps(document))
    resealed(folder)


def other_time(entries: list[dict[str, Any]]) -> None:
    entries[1]["body"] = entries[1]["body"].replace('created_at":"2', 'created_at":"3')


def badly_signed(entries: list[dict[str, Any]]) -> None:
    entries[1]["signature"] = entries[0]["signature"]


@pytest.mark.parametrize(
    ("name", "change", "finding"),
    [
        ("checkpoints.json", other_time, "a signed entry was changed: checkpoint 2"),
        ("checkpoints.json", badly_signed, "a signature is not by a listed key: checkpoint 2"),
        ("checkpoints.json", lambda c: c.pop(1), "missing or out of order: before checkpoint 3"),
        ("checkpoints.json", lambda c: c.reverse(), "missing or out of order"),
        ("heads.json", lambda h: h.pop(), "not the ends that were signed last"),
        ("public-keys.json", lambda k: k.clear(), "a signature is not by a listed key"),
    ],
)
def test_tampering_with_what_was_signed_is_named(
    out: Path, checked: Checked, name: str, change: Callable[[Any], Any], finding: str
) -> None:
    change_json(out, name, lambda d: change(d) and None)

    code, told = checked(out)

    assert code == 1
    assert finding in told


def test_a_folder_signed_with_other_keys_is_found_with_ones_own_copy_of_the_keys(
    out: Path, checked: Checked, tmp_path: Path
) -> None:
    class Impostor:
        key = Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        key_id = hashlib.sha256(raw).hexdigest()[:16]

        def sign(self, data: bytes) -> bytes:
            return self.key.sign(data)

    shutil.copy(out / "public-keys.json", tmp_path / "mine.json")
    entries = json.loads((out / "checkpoints.json").read_bytes())
    for entry in entries:
        body = entry["body"].encode()
        forged = sign_entry(entry["number"], "credit-checkpoint/1", body, Impostor())
        entry["signature"] = base64.b64encode(forged.signature).decode()
        entry["signing_key_id"] = forged.signing_key_id
    (out / "checkpoints.json").write_text(json.dumps(entries))
    keys = {Impostor.key_id: base64.b64encode(Impostor.raw).decode()}
    (out / "public-keys.json").write_text(json.dumps(keys))
    resealed(out)

    assert checked(out)[0] == 0  # why one needs a copy of one's own
    code, told = checked(out, "--keys", str(tmp_path / "mine.json"))
    assert code == 1
    assert f"not by a listed key: checkpoint 1, {Impostor.key_id}" in told


@BOTH
def test_a_tampered_export_of_either_database_and_a_missing_tombstone_are_named(
    location: Location,
    keys: LocalKeyFile,
    reader: RecordReader,
    update: Callable[..., None],
    checked: Checked,
    tmp_path: Path,
) -> None:
    signer = LocalSigningKey(tmp_path / "signing.json", tmp_path / "public.json")
    fill(location, keys, signer)
    ref = reader.after()[0].subject_ref
    body = canonical_json({"number": 1, "previous": "00" * 32, "subject_ref": ref})
    entry = sign_entry(1, "credit-tombstone/1", body, signer)
    update(
        "INSERT INTO tombstones (number, subject_ref, body, hash, signature, signing_key_id) "
        "VALUES (1, :ref, :body, :hash, :signature, :key)",
        ref=ref,
        body=body,
        hash=entry.hash,
        signature=entry.signature,
        key=entry.signing_key_id,
    )
    assert Checkpointer(location, signer, []).step() is not None
    public_keys = read_public_keys(tmp_path / "public.json")
    made = export_evidence(
        reader, of_period(reader, Period()), tmp_path / "out", opened=False, public_keys=public_keys
    )
    assert made.counts.n_tombstones == 1
    assert run_alone(tmp_path / "out")[0] == 0

    rows, schema = rows_of(tmp_path / "out")
    rows[3]["sealed"] = rows[3]["sealed"][:-1] + bytes([rows[3]["sealed"][-1] ^ 1])
    put_rows(tmp_path / "out", rows, schema)
    change_json(tmp_path / "out", "tombstones.json", lambda notes: notes.clear())

    code, told = run_alone(tmp_path / "out")
    assert code == 1
    assert f"a record was changed: decision {rows[3]['decision_id']}" in told
    assert "a tombstone is missing: number 1" in told


def test_a_missing_file_is_named(out: Path, checked: Checked) -> None:
    (out / "links.parquet").unlink()

    done = subprocess.run(
        [sys.executable, str(out / "verify_evidence.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, "WRONG: a file is missing: links.parquet\n")


def test_counts_that_were_changed_are_found(out: Path, checked: Checked) -> None:
    manifest = json.loads((out / "manifest.json").read_bytes())
    manifest["counts"]["n_records"] += 1
    (out / "manifest.json").write_text(json.dumps(manifest))

    assert checked(out) == (1, "WRONG: the counts are not the manifest's: manifest.json\n")


def test_a_folder_that_is_no_evidence_is_refused(out: Path, checked: Checked) -> None:
    (out / "manifest.json").unlink()

    code, _ = checked(out)

    assert code == 2


def test_the_script_needs_nothing_of_this_product() -> None:
    import credit.records.evidence.verify_evidence as script

    source = Path(script.__file__).read_text()
    imported = {
        line.split()[1].split(".")[0]
        for line in source.splitlines()
        if line[:5] in ("impor", "from ")
    }
    assert imported - set(sys.stdlib_module_names) == {"pyarrow", "cryptography"}


def test_the_script_frames_as_the_store_does() -> None:
    from credit.records.evidence.verify_evidence import frame as framed

    assert framed(b"ab", b"", 3) == frame(b"ab", b"", (3).to_bytes(8, "big"))
