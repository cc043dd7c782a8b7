"""An anchor in an object store: one object for each checkpoint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from credit.errors import AnchorUnavailable, SettingsInvalid
from credit.records.proof.anchored import decode_anchored, encode_anchored, forked
from credit.records.proof.signed import SignedEntry

if TYPE_CHECKING:
    from pyarrow import fs

_SCHEMES = ("s3", "gs", "gcs")
_PER_FOLDER = 1000  # a listing of an object store is one page of so many names
_READERS = 16  # reading objects is waiting
_LONGEST_CAUSE = 200


class BucketAnchor:
    """One object for each checkpoint, through pyarrow: ``prefix/000000001/000001234.json``.

    Give the bucket a default retention (object lock, compliance mode): then nobody can delete or
    replace what was published, also with the credentials that this program holds. Credentials, region
    and endpoint come from the environment or from the query of the address, as pyarrow reads them.

    Parameters
    ----------
    address
        Such as ``s3://bucket/prefix``.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        bucket = parts.netloc.rpartition("@")[2]
        self._address = address
        self._name = (
            f"{parts.scheme}://{bucket}{parts.path}"  # keys may stand before @ and in the query
        )
        if parts.scheme not in _SCHEMES or not bucket or not parts.path.strip("/"):
            raise SettingsInvalid(
                f"{self._name}: expected a bucket and a prefix, such as s3://bucket/checkpoints"
            )
        self._store: tuple[fs.FileSystem, str] | None = None

    @property
    def name(self) -> str:
        """Address without credentials."""
        return self._name

    def publish(self, checkpoint: SignedEntry) -> None:
        """Write one object, unless it is there: an existing one is never overwritten."""
        key = f"{_folder_of(checkpoint.number)}/{checkpoint.number:09}.json"
        content = encode_anchored(checkpoint)
        with self._explained():
            store, prefix = self._opened()
            found = self._read_if_there(f"{prefix}/{key}")
            if found is None:
                with store.open_output_stream(f"{prefix}/{key}", compression=None) as stream:
                    stream.write(content)
                return
        if found != content:
            raise forked(self._name, checkpoint.number)

    def last(self) -> SignedEntry | None:
        """Read the object of the highest number; two listings, however many there are."""
        with self._explained():
            _, prefix = self._opened()
            for folder in reversed(self._listed(prefix)):
                if keys := self._listed(folder):
                    return self._read(keys[-1])
        return None

    def read_all(self) -> Iterator[SignedEntry]:
        """Read every object, several at a time."""
        with self._explained(), ThreadPoolExecutor(_READERS) as readers:
            _, prefix = self._opened()
            for folder in self._listed(prefix):
                yield from readers.map(self._read, self._listed(folder))

    def _opened(self) -> tuple[fs.FileSystem, str]:
        from pyarrow import fs

        if self._store is None:
            store, path = fs.FileSystem.from_uri(self._address)
            self._store = (store, path.rstrip("/"))
        return self._store

    def _listed(self, folder: str) -> list[str]:
        from pyarrow import fs

        store, _ = self._opened()
        found = store.get_file_info(fs.FileSelector(folder, allow_not_found=True))
        return sorted(info.path for info in found)

    def _read(self, path: str) -> SignedEntry:
        content = self._read_if_there(path)
        return decode_anchored(content or b"", f"{self._name} ({path})")

    def _read_if_there(self, path: str) -> bytes | None:
        store, _ = self._opened()
        try:
            with store.open_input_stream(path, compression=None) as stream:
                content: bytes = stream.read()
                return content
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        import pyarrow

        try:
            yield
        except (pyarrow.ArrowException, OSError) as error:
            cause = str(error).replace(self._address, self._name)[:_LONGEST_CAUSE]
            raise AnchorUnavailable(
                f"The anchor {self._name} cannot be used: {cause}; check CREDIT_ANCHOR, the bucket and the "
                "credentials."
            ) from error


def _folder_of(number: int) -> str:
    return f"{number // _PER_FOLDER:09}"
