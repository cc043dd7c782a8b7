"""Public keys of all signing keys that were ever used.

They lie in a file of their own, which anyone may read and an auditor should copy early: a copy that
was taken before somebody got hold of the host cannot be exchanged by him.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from credit.errors import KeyUnavailable
from credit.records.sealing.private_file import replace
from credit.records.store.sqlite import file_lock

KEY_BYTES = 32
_EVERYONE_READS = 0o644


def key_id_of(public_key: bytes) -> str:
    """Name a key: the first 16 hexadecimal digits of SHA-256 of the raw public key (32 bytes)."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def publish_public_key(path: Path, public_key: bytes) -> None:
    """Add a raw public key to the file of public keys; none is ever taken out.

    Raises
    ------
    KeyUnavailable
        The file is there and is none of public keys.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(path):
        listed = listed_keys(path) | {key_id_of(public_key): public_key}
        content = msgspec.json.format(msgspec.json.encode(listed), indent=2)
        replace(path, content, mode=_EVERYONE_READS)


def read_public_keys(path: Path) -> dict[str, bytes]:
    """Read a file of public keys: name to raw key (32 bytes).

    Raises
    ------
    KeyUnavailable
        It is missing, or a name does not belong to its key.
    """
    try:
        return _decode_public(path, path.read_bytes())
    except OSError as error:
        raise KeyUnavailable(
            f"The public keys {path} cannot be read: {error.strerror}; they are made with the first "
            "checkpoint. Give the copy that you keep with --public-keys."
        ) from error


def signature_holds(
    public_keys: Mapping[str, bytes], key_id: str, data: bytes, signature: bytes
) -> bool:
    """Tell whether a listed key signed `data`; `key_id` must be listed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_keys[key_id]).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def listed_keys(path: Path) -> dict[str, bytes]:
    """Read the file of public keys; none are listed before the first is made."""
    return _decode_public(path, path.read_bytes()) if path.exists() else {}


def _decode_public(path: Path, content: bytes) -> dict[str, bytes]:
    try:
        keys = msgspec.json.decode(content, type=dict[str, bytes])
    except ValueError:
        keys = {"": b""}
    if any(len(key) != KEY_BYTES or key_id_of(key) != name for name, key in keys.items()):
        raise KeyUnavailable(
            f"{path} is not a file of public keys: expected a JSON object of key names and base64 keys, "
            "each under the name that its SHA-256 gives; restore it from a copy."
        )
    return keys
