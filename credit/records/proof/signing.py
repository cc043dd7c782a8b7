"""Ed25519 signatures (RFC 8032): who signs holds a private key, who verifies needs none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from credit.errors import KeyUnavailable
from credit.records.proof.public_keys import (
    KEY_BYTES,
    key_id_of,
    listed_keys,
    publish_public_key,
    read_public_keys,
    signature_holds,
)
from credit.records.sealing.private_file import mode_of_others, publish, replace
from credit.records.store.sqlite import file_lock

__all__ = [
    "LocalSigningKey",
    "Signer",
    "key_id_of",
    "publish_public_key",
    "read_public_keys",
    "signature_holds",
]

_FORMAT = 1


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
            if key_id_of(raw) not in listed_keys(self._public_path):
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
        if loaded is None or loaded.format != _FORMAT or len(loaded.private_key) != KEY_BYTES:
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


def _raw_public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _encode(key: Ed25519PrivateKey) -> bytes:
    content = _File(format=_FORMAT, private_key=key.private_bytes_raw())
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
