"""Ed25519 signatures (RFC 8032), and the public keys that check them.

Who signs holds a private key; who verifies needs none. Public keys of all signing keys that were
ever used lie in a file of their own, which anyone may read and an auditor should copy early: a copy
that was taken before somebody got hold of the host cannot be exchanged by him.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from credit.errors import KeyUnavailable
from credit.records.sealing.private_file import mode_of_others, publish, replace
from credit.records.store.sqlite import file_lock

_FORMAT = 1
_KEY_BYTES = 32
_EVERYONE_READS = 0o644


class Signer(Protocol):
    """What signs: a key file on a laptop, a key management service in a cluster.

    One object signs with one key. The public key must be in the file of public keys before its first
    signature is kept (`publish_public_key`).
    """

    @property
    def key_id(self) -> str:
        """Name of the key, as `key_id_of` gives it for its public half."""

    def sign(self, data: bytes) -> bytes:
        """Sign `data`: the 64 bytes of Ed25519."""


class _File(msgspec.Struct, frozen=True):
    """Content of a private key file; the key is base64."""

    format: int
    private_key: bytes

    def __repr__(self) -> str:
        return "_File(...)"


class LocalSigningKey:
    """A private key in one JSON file that only its owner can read; made on first use.

    Constructing opens nothing. Pickling carries the paths and never the key. A running program goes
    on with the key it has loaded: after `rotate`, restart it.

    Parameters
    ----------
    path
        The private key file.
    public_path
        The file of public keys; every key is listed there before it signs.
    """

    def __init__(self, path: Path, public_path: Path) -> None:
        self._path = Path(path)
        self._public_path = Path(public_path)
        self._loaded: Ed25519PrivateKey | None = None

    def __repr__(self) -> str:
        return f"LocalSigningKey({str(self._path)!r})"

    def __reduce__(self) -> tuple[type[LocalSigningKey], tuple[Path, Path]]:
        return type(self), (self._path, self._public_path)

    @property
    def key_id(self) -> str:
        """First 16 hexadecimal digits of SHA-256 of the raw public key."""
        return key_id_of(_raw_public(self._key))

    def sign(self, data: bytes) -> bytes:
        """Sign `data`.

        Raises
        ------
        KeyUnavailable
            The key file is lost, readable by others, or not a key file.
        """
        return self._key.sign(data)

    def rotate(self) -> str:
        """Make a new key and sign with it from now on; what older keys signed still verifies.

        The old private key is gone then, so nobody can take it later. Works also when it was lost.

        Returns
        -------
        Name of the new key.
        """
        made = Ed25519PrivateKey.generate()
        with self._explained(), file_lock(self._path_in_folder()):
            # In this order: a crash between leaves a public key that never signed, which is harmless.
            publish_public_key(self._public_path, _raw_public(made))
            replace(self._path, _encode(made))
        self._loaded = made
        return key_id_of(_raw_public(made))

    @property
    def _key(self) -> Ed25519PrivateKey:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> Ed25519PrivateKey:
        with self._explained():
            if not self._path.exists():
                with file_lock(self._path_in_folder()):
                    self._make()
            key = self._read()
            raw = _raw_public(key)
            # Also what heals a crash between making the key and listing it.
            if key_id_of(raw) not in _listed(self._public_path):
                publish_public_key(self._public_path, raw)
        return key

    def _make(self) -> None:
        """Make the first key; a file of public keys says that there was one before."""
        if self._path.exists():
            return
        if self._public_path.exists():
            raise KeyUnavailable(
                f"The signing key {self._path} is missing, and {self._public_path} says that there was "
                "one; restore it from a backup, or make a new one: credit records keys rotate-signing"
            )
        publish(self._path, _encode(Ed25519PrivateKey.generate()))

    def _read(self) -> Ed25519PrivateKey:
        with self._path.open("rb") as file:
            mode = mode_of_others(file.fileno())
            content = file.read()
        if mode is not None:
            raise KeyUnavailable(
                f"The signing key {self._path} is open to other users (mode {mode:o}); "
                f"run: chmod 600 {self._path}"
            )
        try:
            loaded = msgspec.json.decode(content, type=_File)
        except ValueError:
            # The cause is dropped on purpose: it may quote the content.
            loaded = None
        if loaded is None or loaded.format != _FORMAT or len(loaded.private_key) != _KEY_BYTES:
            raise KeyUnavailable(
                f"{self._path} is not a signing key of format {_FORMAT}; restore it from a backup."
            )
        return Ed25519PrivateKey.from_private_bytes(loaded.private_key)

    def _path_in_folder(self) -> Path:
        """Make the folder, because the lock is a file in it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._path

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise KeyUnavailable(
                f"The signing key {self._path} cannot be used: {error.strerror}; check that the path is "
                "right and that this user may read and write there."
            ) from error


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
        listed = _listed(path) | {key_id_of(public_key): public_key}
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


def _listed(path: Path) -> dict[str, bytes]:
    return _decode_public(path, path.read_bytes()) if path.exists() else {}


def _decode_public(path: Path, content: bytes) -> dict[str, bytes]:
    try:
        keys = msgspec.json.decode(content, type=dict[str, bytes])
    except ValueError:
        keys = {"": b""}
    if any(len(key) != _KEY_BYTES or key_id_of(key) != name for name, key in keys.items()):
        raise KeyUnavailable(
            f"{path} is not a file of public keys: expected a JSON object of key names and base64 keys, "
            "each under the name that its SHA-256 gives; restore it from a copy."
        )
    return keys


def _raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _encode(key: Ed25519PrivateKey) -> bytes:
    content = _File(format=_FORMAT, private_key=key.private_bytes_raw())
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
