"""What a key file says: master keys by name, which of them is current, and the lookup key."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec

from credit.errors import KeyUnavailable
from credit.records.sealing.cipher import KEY_BYTES, new_key

_FORMAT = 1


class KeyFileContent(msgspec.Struct, frozen=True):
    """Content of a key file; keys are base64 in the file, 32 bytes here.

    Attributes
    ----------
    current
        Name of the master key that wraps new subject keys; the others only open what they wrapped.
    """

    format: int
    current: str
    master_keys: dict[str, bytes]
    lookup_key: bytes

    def __repr__(self) -> str:
        return "KeyFileContent(...)"

    def with_new_master_key(self) -> KeyFileContent:
        """Add a master key and make it the current one."""
        name, key = _new_master_key()
        return msgspec.structs.replace(
            self, current=name, master_keys={**self.master_keys, name: key}
        )

    def with_master_keys_of(self, other: KeyFileContent) -> KeyFileContent:
        """Add the master keys that only `other` has."""
        return msgspec.structs.replace(self, master_keys={**other.master_keys, **self.master_keys})

    def without_master_keys(self, names: Collection[str]) -> KeyFileContent:
        """Leave out master keys."""
        kept = {name: key for name, key in self.master_keys.items() if name not in names}
        return msgspec.structs.replace(self, master_keys=kept)


def new_content() -> KeyFileContent:
    """Make the keys of a new store."""
    name, key = _new_master_key()
    return KeyFileContent(
        format=_FORMAT, current=name, master_keys={name: key}, lookup_key=new_key()
    )


def encode(content: KeyFileContent) -> bytes:
    """Write the JSON of a key file."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2)


def decode(content: bytes, path: Path) -> KeyFileContent:
    """Read the JSON of a key file.

    Raises
    ------
    KeyUnavailable
        It is none; the message does not quote it.
    """
    try:
        found = msgspec.json.decode(content, type=KeyFileContent)
    except ValueError:
        # The cause is dropped on purpose: it may quote the content.
        found = None
    if (
        found is None
        or found.format != _FORMAT
        or found.current not in found.master_keys
        or any(len(key) != KEY_BYTES for key in (*found.master_keys.values(), found.lookup_key))
    ):
        raise KeyUnavailable(
            f"{path} is not a key file of format {_FORMAT}; restore it from a backup."
        )
    return found


def _new_master_key() -> tuple[str, bytes]:
    return secrets.token_hex(8), new_key()
