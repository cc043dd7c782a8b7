"""Master keys: what wraps the keys of subjects, and what makes lookups possible without names.

Two independent secrets. The *master key* wraps subject keys; rotating it re-wraps those and touches
nothing else. The *lookup key* makes keyed digests of applicant ids, idempotency keys and request
bodies, so that equal values can be found while the store holds none of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidTag

from credit.errors import KeyUnavailable
from credit.records.framing import frame
from credit.records.sealing.cipher import KEY_BYTES, decrypt, encrypt, new_key

_FORMAT = 1
_OTHERS_MAY = 0o077


class KeyProvider(Protocol):
    """Where master keys live: a file on a laptop, a key management service in a cluster."""

    @property
    def master_key_id(self) -> str:
        """Name of the master key that `wrap` uses now."""

    def prepare(self, *, create: bool) -> None:
        """Make the keys usable, or raise `KeyUnavailable`.

        The store calls this when it opens. `create` is True only for a store without data: new
        keys beside old records would make these unreadable and break deduplication silently.
        """

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Encrypt a subject key under the current master key, bound to `aad`."""

    def unwrap(self, wrapped: bytes, master_key_id: str, aad: bytes) -> bytes:
        """Undo `wrap`; `KeyUnavailable` when that master key is missing or does not fit."""

    def lookup_digest(self, *parts: bytes) -> bytes:
        """Digest `parts` under the lookup key; equal parts give equal digests, for ever."""


class _File(msgspec.Struct, frozen=True):
    """Content of a key file; keys are base64."""

    format: int
    current: str
    master_keys: dict[str, bytes]
    lookup_key: bytes

    def __repr__(self) -> str:
        return "_File(...)"


class LocalKeyFile:
    """Keys in one JSON file that only its owner can read.

    Constructing opens nothing. Pickling carries the path and never the keys.

    Parameters
    ----------
    path
        The key file. Back it up apart from the store: either one alone reveals no person.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._loaded: _File | None = None

    def __repr__(self) -> str:
        return f"LocalKeyFile({str(self._path)!r})"

    def __reduce__(self) -> tuple[type[LocalKeyFile], tuple[Path]]:
        return type(self), (self._path,)

    @property
    def master_key_id(self) -> str:
        """Name of the master key that wraps new subject keys."""
        return self._secrets.current

    def prepare(self, *, create: bool) -> None:
        """Read the key file; make one first if there is none and `create` allows it.

        Raises
        ------
        KeyUnavailable
            The file is missing, readable by others, or not a key file.
        """
        if create and not self._path.exists():
            with self._explained():
                _publish(self._path, _encode(_new_file()))
        self._loaded = self._read()

    def wrap(self, key: bytes, aad: bytes) -> bytes:
        """Encrypt a subject key under the current master key."""
        return encrypt(key, self._master_key(self._secrets.current), aad)

    def unwrap(self, wrapped: bytes, master_key_id: str, aad: bytes) -> bytes:
        """Decrypt a subject key.

        Raises
        ------
        KeyUnavailable
            The file does not hold that master key, or it does not open this subject key.
        """
        try:
            return decrypt(wrapped, self._master_key(master_key_id), aad)
        except (InvalidTag, ValueError) as error:
            raise KeyUnavailable(
                f"Master key {master_key_id} in {self._path} does not open a stored subject key; "
                "restore the key file, or the record store, from the same backup."
            ) from error

    def lookup_digest(self, *parts: bytes) -> bytes:
        """HMAC-SHA256 of the framed parts."""
        return hmac.digest(self._secrets.lookup_key, frame(*parts), hashlib.sha256)

    @property
    def _secrets(self) -> _File:
        if self._loaded is None:
            self.prepare(create=False)
        assert self._loaded is not None  # noqa: S101 - prepare loads or raises
        return self._loaded

    def _master_key(self, master_key_id: str) -> bytes:
        try:
            return self._secrets.master_keys[master_key_id]
        except KeyError as error:
            raise KeyUnavailable(
                f"{self._path} does not hold master key {master_key_id}, which existing records "
                "need; restore the key file from a backup."
            ) from error

    def _read(self) -> _File:
        with self._explained(), self._path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
        if mode & _OTHERS_MAY:
            raise KeyUnavailable(
                f"The key file {self._path} is open to other users (mode {mode & 0o777:o}); "
                f"run: chmod 600 {self._path}"
            )
        return self._decode(content)

    def _decode(self, content: bytes) -> _File:
        try:
            loaded = msgspec.json.decode(content, type=_File)
        except ValueError:
            # The cause is dropped on purpose: it may quote the content.
            loaded = None
        if (
            loaded is None
            or loaded.format != _FORMAT
            or loaded.current not in loaded.master_keys
            or any(
                len(key) != KEY_BYTES for key in (*loaded.master_keys.values(), loaded.lookup_key)
            )
        ):
            raise KeyUnavailable(
                f"{self._path} is not a key file of format {_FORMAT}; restore it from a backup."
            )
        return loaded

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise KeyUnavailable(
                f"The key file {self._path} is missing, and existing records need it; restore it "
                "from a backup. A new one would not open them."
            ) from error
        except OSError as error:
            raise KeyUnavailable(
                f"The key file {self._path} cannot be used: {error.strerror}; check that the path "
                "is right and that this user may read and write there."
            ) from error


def _new_file() -> _File:
    current = secrets.token_hex(8)
    return _File(
        format=_FORMAT,
        current=current,
        master_keys={current: new_key()},
        lookup_key=new_key(),
    )


def _publish(path: Path, content: bytes) -> None:
    """Write `content` to `path` unless it exists; readers see the whole file or none.

    A hard link is what makes one of several first processes win: it fails when the name is taken,
    and the file behind it is complete and synced before it gets its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without it the name of the file could be lost in a power cut that the records survive.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _encode(content: _File) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
