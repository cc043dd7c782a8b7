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
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from cryptography.exceptions import InvalidTag

from credit.errors import KeyUnavailable
from credit.records.framing import frame
from credit.records.randomness import drawn_at_once
from credit.records.sealing.cipher import NONCE_BYTES, decrypt, encrypt
from credit.records.sealing.keyfile import KeyFileContent, decode, encode, new_content
from credit.records.sealing.private_file import mode_of_others, publish, replace
from credit.records.store.sqlite import file_lock

_OWNER_MAY_WRITE = 0o200


class KeyToWrap(NamedTuple):
    """A subject key, and what its wrapped form is bound to."""

    key: bytes
    aad: bytes


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

    def wrap(self, keys: Sequence[KeyToWrap]) -> tuple[str, list[bytes]]:
        """Encrypt subject keys, each bound to its `aad`, all under the master key that is current now.

        Returns that master key's name, and the wrapped keys in the order given. Many at once, because a
        look at what is current, or a call to a service, then serves a whole batch.
        """

    def unwrap(self, wrapped: bytes, master_key_id: str, aad: bytes) -> bytes:
        """Undo `wrap`; `KeyUnavailable` when that master key is missing or does not fit."""

    def lookup_digest(self, *parts: bytes) -> bytes:
        """Digest `parts` under the lookup key; equal parts give equal digests, for ever."""


def applicant_digest(keys: KeyProvider, tenant: str, applicant_id: str) -> bytes:
    """Digest under which a store knows an applicant of a tenant; it holds no id in clear."""
    return keys.lookup_digest(b"applicant", tenant.encode(), applicant_id.encode())


@runtime_checkable
class MasterKeyHolder(Protocol):
    """A provider that makes and drops its master keys itself, at our word.

    A key management service does not: it rotates on its own, and what is left to do is to wrap the
    subject keys again.
    """

    def add_master_key(self) -> str:
        """Make a master key, which wraps from now on; the old ones stay. Returns its name."""

    def drop_master_keys(self, needed: Collection[str]) -> tuple[str, ...]:
        """Destroy every master key that is neither current nor `needed`; returns their names."""


class _Stamp(NamedTuple):
    """What changes when a file is replaced."""

    inode: int
    modified_ns: int
    size: int


class _Held(NamedTuple):
    """The keys in memory, and the file they came from.

    Attributes
    ----------
    lookup
        HMAC under the lookup key, of nothing yet; a copy of it costs half of beginning a new one, and
        unlike `hmac.digest` keeps the interpreter.
    """

    stamp: _Stamp
    content: KeyFileContent
    lookup: hmac.HMAC


class LocalKeyFile:
    """Keys in one JSON file that only its owner can read; safe to share between threads.

    Constructing opens nothing. Pickling carries the path and never the keys. A program that runs
    while the file is rotated takes the new keys up by itself, before it wraps anything more.

    Parameters
    ----------
    path
        The key file. Back it up apart from the store: either one alone reveals no person.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._held: _Held | None = None

    def __repr__(self) -> str:
        return f"LocalKeyFile({str(self._path)!r})"

    def __reduce__(self) -> tuple[type[LocalKeyFile], tuple[Path]]:
        return type(self), (self._path,)

    @property
    def master_key_id(self) -> str:
        """Name of the master key that wraps new subject keys."""
        return self._latest().current

    def prepare(self, *, create: bool) -> None:
        """Read the key file; make one first if there is none and `create` allows it.

        Raises
        ------
        KeyUnavailable
            The file is missing, readable by others, or not a key file.
        """
        if create and not self._path.exists():
            with self._explained():
                publish(self._path, encode(new_content()))
        self._load()

    def wrap(self, keys: Sequence[KeyToWrap]) -> tuple[str, list[bytes]]:
        """Encrypt subject keys under the current master key; returns its name with them."""
        content = self._latest()
        master_key, nonces = (
            content.master_keys[content.current],
            drawn_at_once(NONCE_BYTES * len(keys)),
        )
        return content.current, [encrypt(key, master_key, aad, nonces) for key, aad in keys]

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
        held = self._held
        if held is None:
            self._load()
            return self.lookup_digest(*parts)
        digest = held.lookup.copy()
        digest.update(frame(*parts))
        return digest.digest()

    def add_master_key(self) -> str:
        """Make a master key, which wraps from now on; the old ones stay.

        Raises
        ------
        KeyUnavailable
            The file cannot be read or replaced.
        """
        with self._explained(), file_lock(self._path):
            changed = self._read_to_change().with_new_master_key()
            replace(self._path, encode(changed))
        self._load()
        return changed.current

    def drop_master_keys(self, needed: Collection[str]) -> tuple[str, ...]:
        """Destroy every master key that is neither current nor `needed`.

        What they wrapped, in backups, can never be opened again. Programs that run keep them in memory
        until they end.

        Raises
        ------
        KeyUnavailable
            The file cannot be read or replaced.
        """
        with self._explained(), file_lock(self._path):
            found = self._read_to_change()
            dropped = found.master_keys.keys() - {found.current, *needed}
            if dropped:
                replace(self._path, encode(found.without_master_keys(dropped)))
        return tuple(sorted(dropped))

    def _content(self) -> KeyFileContent:
        return self._load() if self._held is None else self._held.content

    def _latest(self) -> KeyFileContent:
        """Give the keys of the file as it is now; reads it again only when it was replaced."""
        held = self._held
        try:
            if held is not None and _stamp_of(os.stat(self._path)) == held.stamp:
                return held.content
        except OSError:
            # The next program to start is told that the file is lost; this one can go on.
            return self._content()
        return self._load()

    def _master_key(self, master_key_id: str) -> bytes:
        """Find a master key; one that is not known may be newer than what was read."""
        found = self._content().master_keys.get(master_key_id)
        if found is None:
            found = self._latest().master_keys.get(master_key_id)
        if found is None:
            raise KeyUnavailable(
                f"{self._path} does not hold master key {master_key_id}, which existing records "
                "need; restore the key file from a backup."
            )
        return found

    def _load(self) -> KeyFileContent:
        stamp, _, content = self._read()
        if self._held is not None:
            if self._held.content.lookup_key != content.lookup_key:
                raise KeyUnavailable(
                    f"The key file {self._path} was exchanged for that of another store while it was in "
                    "use; restore it from a backup."
                )
            # A reader may hold rows from before a rotation that has dropped their master key since.
            content = content.with_master_keys_of(self._held.content)
        self._held = _Held(stamp, content, hmac.new(content.lookup_key, digestmod=hashlib.sha256))
        return content

    def _read_to_change(self) -> KeyFileContent:
        _, mode, content = self._read()
        if not mode & _OWNER_MAY_WRITE:
            raise KeyUnavailable(
                f"The key file {self._path} is read-only (mode {mode & 0o777:o}), so its master keys cannot "
                f"be changed; run: chmod 600 {self._path}"
            )
        return content

    def _read(self) -> tuple[_Stamp, int, KeyFileContent]:
        with self._explained(), self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            mode = mode_of_others(file.fileno())
            content = file.read()
        if mode is not None:
            raise KeyUnavailable(
                f"The key file {self._path} is open to other users (mode {mode:o}); "
                f"run: chmod 600 {self._path}"
            )
        return _stamp_of(status), status.st_mode, decode(content, self._path)

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


def _stamp_of(status: os.stat_result) -> _Stamp:
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)
