"""Signatures, the private key file, and the public keys that outlive it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credit.errors import KeyUnavailable
from credit.records.proof.public_keys import (
    key_id_of,
    publish_public_key,
    read_public_keys,
    signature_holds,
)
from credit.records.proof.signing import LocalSigningKey

# RFC 8032, section 7.1, test 1.
SECRET = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
SIGNATURE = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
    "d25bf5f0595bbe24655141438e7a100b"
)


@pytest.fixture
def key(tmp_path: Path) -> LocalSigningKey:
    return LocalSigningKey(tmp_path / "keys" / "signing.json", tmp_path / "keys" / "public.json")


def private_file(tmp_path: Path, secret: str = SECRET) -> Path:
    path = tmp_path / "keys" / "signing.json"
    path.parent.mkdir(exist_ok=True)
    encoded = base64.b64encode(bytes.fromhex(secret)).decode()
    path.write_text(json.dumps({"format": 1, "private_key": encoded}))
    path.chmod(0o600)
    return path


def test_the_signature_is_the_published_one(key: LocalSigningKey, tmp_path: Path) -> None:
    private_file(tmp_path)

    assert key.sign(b"").hex() == SIGNATURE
    assert key.key_id == hashlib.sha256(bytes.fromhex(PUBLIC)).hexdigest()[:16]
    assert read_public_keys(tmp_path / "keys" / "public.json") == {
        key.key_id: bytes.fromhex(PUBLIC)
    }


def test_constructing_opens_nothing(key: LocalSigningKey, tmp_path: Path) -> None:
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_made_on_first_use_for_its_owner_only(
    key: LocalSigningKey, tmp_path: Path
) -> None:
    signature = key.sign(b"data")

    private, public = tmp_path / "keys" / "signing.json", tmp_path / "keys" / "public.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    known = read_public_keys(public)
    assert signature_holds(known, key.key_id, b"data", signature)
    assert not signature_holds(known, key.key_id, b"Data", signature)
    assert not signature_holds(known, key.key_id, b"data", b"short")
    again = LocalSigningKey(private, public)
    assert again.key_id == key.key_id


def test_of_several_first_users_all_have_one_key(tmp_path: Path) -> None:
    def use(_: int) -> str:
        return LocalSigningKey(tmp_path / "k" / "signing.json", tmp_path / "k" / "p.json").key_id

    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(use, range(8)))

    assert ids == set(read_public_keys(tmp_path / "k" / "p.json"))
    assert len(ids) == 1


def test_a_rotation_keeps_old_signatures_and_forgets_the_old_key(
    key: LocalSigningKey, tmp_path: Path
) -> None:
    old_id, old = key.key_id, key.sign(b"data")
    before = (tmp_path / "keys" / "signing.json").read_bytes()

    new_id = key.rotate()

    known = read_public_keys(tmp_path / "keys" / "public.json")
    assert new_id != old_id
    assert key.key_id == new_id
    assert set(known) == {old_id, new_id}
    assert signature_holds(known, old_id, b"data", old)
    assert signature_holds(known, new_id, b"data", key.sign(b"data"))
    secret = json.loads(before)["private_key"]
    assert all(secret not in path.read_text() for path in (tmp_path / "keys").glob("*.json"))
    assert stat.S_IMODE((tmp_path / "keys" / "signing.json").stat().st_mode) == 0o600


def test_a_lost_key_is_not_replaced_in_silence(key: LocalSigningKey, tmp_path: Path) -> None:
    old_id = key.key_id
    (tmp_path / "keys" / "signing.json").unlink()
    again = LocalSigningKey(tmp_path / "keys" / "signing.json", tmp_path / "keys" / "public.json")

    with pytest.raises(KeyUnavailable, match="is missing, and .* says that there was one"):
        again.sign(b"data")

    assert again.rotate() != old_id
    assert old_id in read_public_keys(tmp_path / "keys" / "public.json")


def test_a_crash_between_the_two_files_is_healed(key: LocalSigningKey, tmp_path: Path) -> None:
    private_file(tmp_path)

    assert key.key_id in read_public_keys(tmp_path / "keys" / "public.json")


def test_a_key_that_others_may_read_is_refused(key: LocalSigningKey, tmp_path: Path) -> None:
    path = private_file(tmp_path)
    path.chmod(0o644)

    with pytest.raises(KeyUnavailable, match=r"open to other users \(mode 644\); run: chmod 600"):
        key.sign(b"data")


@pytest.mark.parametrize(
    "content",
    ["", "{}", '{"format": 2, "private_key": ""}', '{"format": 1, "private_key": "c2hvcnQ="}'],
)
def test_a_file_that_is_no_key_is_refused_without_quoting_it(
    key: LocalSigningKey, tmp_path: Path, content: str
) -> None:
    private_file(tmp_path).write_text(content)

    with pytest.raises(KeyUnavailable, match="is not a signing key of format 1") as refused:
        key.sign(b"data")
    assert "c2hvcnQ=" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    key = LocalSigningKey(tmp_path / "file" / "signing.json", tmp_path / "file" / "public.json")

    with pytest.raises(KeyUnavailable, match="cannot be used: "):
        key.sign(b"data")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"a": "AA=="}', json.dumps({"0" * 16: "A" * 43 + "="})]
)
def test_public_keys_under_wrong_names_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "public.json"
    path.write_text(content)

    with pytest.raises(KeyUnavailable, match="is not a file of public keys"):
        read_public_keys(path)


def test_missing_public_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="public.json cannot be read: No such file"):
        read_public_keys(tmp_path / "public.json")


def test_public_keys_of_other_signers_can_be_added(tmp_path: Path) -> None:
    """A key management service signs with a key that no file holds."""
    path = tmp_path / "public.json"
    others = [os.urandom(32) for _ in range(2)]
    for raw in others:
        publish_public_key(path, raw)

    assert read_public_keys(path) == {key_id_of(raw): raw for raw in others}


def test_a_key_travels_as_a_path(key: LocalSigningKey) -> None:
    key.sign(b"data")
    copy = pickle.loads(pickle.dumps(key))  # noqa: S301

    assert copy.key_id == key.key_id
    assert b"private" not in pickle.dumps(key)
    assert "signing.json" in repr(key)
