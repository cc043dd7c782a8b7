"""Check a folder of decision records without the product that wrote it.

``python verify_evidence.py [FOLDER] [--keys FILE]``: needs pyarrow and cryptography; FILE is your own copy
of public-keys.json. Exit code 0: nothing is wrong; 1: the first finding of each kind is named; 2: no such
folder. Hashes are SHA-256 of frame(a, b, ...), which joins byte strings, each behind its length as 8 bytes,
big endian; a number is such 8 bytes, too. A content hash covers ("credit-record-content/2", FIELDS), the
hash of a record ("credit-decision-record/2", the hash before it, its sequence, its content hash), or in the
first format ("credit-decision-record/1", the hash before it, its sequence, FIELDS). A link is the hashes of
a record that is not here, a checkpoint a signed list of hashes at which chains of records ended, a tombstone
a signed note that a person was erased.
"""

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Document = dict[str, Any]
FIELDS = "tenant route decision_id writer subject_ref key_id created_at clear sealed".split()  # noqa: SIM905 - short
PROVEN = """{0:,} records, nothing wrong.
Proven: each is whole: its clear and sealed bytes are what its hash says, and so are the readable columns.
{1:,} of them were in the store when a checkpoint was signed, and between each and that checkpoint nothing
was added, taken out or exchanged. {2:,} erasures are signed. Signed by: {3}.
Not proven: {4:,} records have no checkpoint yet and could still be replaced unseen; that the keys are the
lender's (compare them with a copy that you had before: --keys); that nothing that was asked for was left
out, for what lies between the records is known by its hash alone; the columns `state` and `opened`, which
take the key of the person; that clocks were right; and the scores, which take a replay with the model."""
findings: dict[str, str] = {}


def expect(holds: object, finding: str, where: str) -> None:
    """Note where something does not hold, the first time."""
    if not holds:
        findings.setdefault(finding, where)


def frame(*parts: bytes | int) -> bytes:
    """Join parts so that none can run into its neighbour."""
    raw = [part.to_bytes(8, "big") if isinstance(part, int) else part for part in parts]
    return b"".join(len(part).to_bytes(8, "big") + part for part in raw)


def framed_hash(kind: str, *parts: bytes | int) -> bytes:
    """Hash parts as one kind of thing."""
    return hashlib.sha256(frame(kind.encode(), *parts)).digest()


def merkle_root(leaves: list[bytes]) -> bytes:
    """Join the hashes of leaves in pairs: RFC 6962, section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1  # the largest power of two below their number
    return hashlib.sha256(b"\x01" + merkle_root(leaves[:k]) + merkle_root(leaves[k:])).digest()


def signed(kind: str, entries: list[Document], keys: dict[str, bytes]) -> Iterator[Document]:
    """Check hash, signature, number and link of signed entries; give their bodies."""
    before = ("00" * 32, 0) if kind == "tombstone" else None  # all of these are here
    for entry in entries:
        name, body, key_id = f"{kind} {entry['number']}", entry["body"], entry["signing_key_id"]
        hash_, said = framed_hash(f"credit-{kind}/1", body.encode()), json.loads(body)
        whole = (hash_.hex(), said["number"]) == (entry["hash"], entry["number"])
        expect(whole, "a signed entry was changed", name)
        try:
            key = Ed25519PublicKey.from_public_bytes(keys[key_id])
            key.verify(base64.b64decode(entry["signature"]), hash_)
        except (KeyError, InvalidSignature):
            expect(False, "a signature is not by a listed key", f"{name}, {key_id}")
        linked = before in (None, (said["previous"], said["number"] - 1))
        expect(linked, "a signed entry is missing or out of order", f"before {name}")
        before = (hash_.hex(), said["number"])
        yield said


def read_content(row: Document, wanted: Document, name: str) -> tuple[bytes, bytes]:
    """Check what a record says; returns its content hash, and its hash in the first format."""
    clear, made_ms = json.loads(row["clear"]), int(row["decision_id"].replace("-", "")[:12], 16)
    columns = all(row[c] == clear[c] for c in clear if c in row)
    expect(columns, "a readable column is not what the record says", name)
    fits = wanted["tenant"] in (None, row["tenant"])
    fits &= row["subject_ref"] in wanted.get("subject_refs", [row["subject_ref"]])
    fits &= clear["bundle"].startswith(wanted.get("bundle", ""))
    fits &= wanted.get("since_ms", 0) <= made_ms < wanted.get("until_ms", 1 << 48)
    expect(fits, "a record is not one that was asked for", name)
    fields = [row[f] if isinstance(row[f], bytes) else row[f].encode() for f in FIELDS]
    link = row["previous_hash"], row["sequence"]
    first = framed_hash("credit-decision-record/1", *link, *fields)
    return framed_hash("credit-record-content/2", *fields), first


def read(path: Path, wanted: Document, chains: dict[str, dict[int, Any]]) -> int:
    """Hash all records, or links, and note their places in chains; returns how many there are."""
    n, chosen = 0, path.name == "records.parquet"
    for row in (r for b in pq.ParquetFile(path).iter_batches(1000) for r in b.to_pylist()):
        n, sequence, before = n + 1, row["sequence"], row["previous_hash"]
        name = f"decision {row['decision_id']}" if chosen else f"{sequence} of {row['writer']}"
        content, *first = read_content(row, wanted, name) if chosen else (row["content_hash"],)
        hash_ = framed_hash("credit-decision-record/2", before, sequence, content)
        whole = row["hash"] in (hash_, *first)
        expect(whole, "a record was changed" if chosen else "a link was changed", name)
        chain = chains.setdefault(row["writer"], {})
        expect(sequence not in chain, "a place in a chain is taken twice", name)
        chain[sequence] = row["hash"].hex(), before.hex(), name, chosen
    return n


def follow(chain: dict[int, Any], ends: dict[int, str]) -> int:
    """Walk a chain back from its signed ends; returns how many records asked for they cover."""
    covered, reached, last = 0, False, max(ends, default=0)
    for sequence in sorted(chain, reverse=True):
        hash_, _, name, chosen = chain[sequence]
        linked = sequence + 1 in chain and chain[sequence + 1][1] == hash_
        expect(linked or sequence + 1 not in chain, "a link of a chain is broken", f"behind {name}")
        reached = ends[sequence] == hash_ if sequence in ends else reached and linked
        lost = chosen and not reached and sequence <= last
        expect(not lost, "a record does not lead to what the next checkpoint signed", name)
        covered += chosen and reached
    return covered


def check(folder: Path, own_keys: Path | None) -> str:
    """Check everything; returns what that proves when nothing was found."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name, hash_ in manifest["files"].items():
        if not (folder / name).is_file():
            sys.exit(f"WRONG: a file is missing: {name}")
        with (folder / name).open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == hash_
        expect(same, "a file was changed", name)
    names = (folder / f"{n}.json" for n in ("heads", "checkpoints", "tombstones"))
    heads, checkpoints, tombstones = (json.loads(path.read_bytes()) for path in names)
    listed = json.loads((own_keys or folder / "public-keys.json").read_bytes())
    raw_keys = [base64.b64decode(key) for key in listed.values()]
    keys = {hashlib.sha256(k).hexdigest()[:16]: k for k in raw_keys}  # a key's name is made from it
    n_erased = len(list(signed("tombstone", tombstones, keys)))
    ends: dict[str, dict[int, str]] = {}
    for body in signed("checkpoint", checkpoints, keys):
        for writer, sequence, hash_ in body["changed"]:
            ends.setdefault(writer, {})[sequence] = hash_
    if checkpoints:
        last, hash_ = body["tombstones"]
        known = last == 0 or hash_ in [note["hash"] for note in tombstones]
        expect(known, "a tombstone is missing", f"number {last}")
        leaves = [frame(b"chain", w.encode(), n, bytes.fromhex(h)) for w, n, h in heads]
        root = merkle_root([*leaves, frame(b"tombstones", last, bytes.fromhex(hash_))]).hex()
        expect(root == body["root"], "these are not the ends that were signed last", "heads.json")
    chains: dict[str, dict[int, Any]] = {}
    wanted, told = manifest["filter"], manifest["counts"]
    n, n_links = (read(folder / f"{x}.parquet", wanted, chains) for x in ("records", "links"))
    covered = sum(follow(chain, ends.get(writer, {})) for writer, chain in chains.items())
    counts = [told["n_records"], told["n_links"], told["n_covered"]]
    expect(counts == [n, n_links, covered], "the counts are not the manifest's", "manifest.json")
    return PROVEN.format(n, covered, n_erased, ", ".join(keys), n - covered)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--keys", type=Path)
    given = parser.parse_args()
    if not (given.folder / "manifest.json").is_file():
        sys.exit(2)
    proven = check(given.folder, given.keys)
    wrong = "\n".join(f"WRONG: {finding}: {where}" for finding, where in findings.items())
    sys.stdout.write(f"{wrong or proven}\n")
    sys.exit(bool(findings))
