"""A folder of answers, on a disk or in an object store: each file appears whole or not at all."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pyarrow as pa
import pyarrow.parquet
from pyarrow import fs

from cluster.batch.manifest import NAME, Manifest
from credit.data.object_store import SCHEMES
from credit.errors import DataError, SettingsInvalid


class AnswersFolder:
    """Where the answers of one batch go.

    Parameters
    ----------
    reference
        Folder, or URL such as ``s3://bucket/answers``; made when it is not there.
    """

    def __init__(self, reference: str) -> None:
        self.label = reference.partition("?")[0]
        self._reference = reference
        if urlsplit(reference).scheme in SCHEMES:
            self._store, self._path = fs.FileSystem.from_uri(reference)
            self._renames = False  # an object is there when all of it is
        else:
            self._store, self._path = fs.LocalFileSystem(), str(Path(reference).absolute())
            self._renames = True

    def __reduce__(self) -> tuple[type[AnswersFolder], tuple[str]]:
        """Open it again in another process."""
        return type(self), (self._reference,)

    def manifest(self) -> Manifest | None:
        """Read what the folder is of; None when nothing was begun.

        Raises
        ------
        SettingsInvalid
            When it holds files, but none of ours.
        """
        try:
            with self._store.open_input_stream(f"{self._path}/{NAME}") as stream:
                return msgspec.json.decode(stream.read(), type=Manifest)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except msgspec.DecodeError as error:
            raise SettingsInvalid(f"{self.label}/{NAME} is not of this product: {error}") from error
        if self.names():
            raise SettingsInvalid(f"{self.label} holds files already: give a new or empty folder")
        return None

    def names(self) -> set[str]:
        """Names of the files that are there."""
        selector = fs.FileSelector(self._path, allow_not_found=True)
        return {info.base_name for info in self._store.get_file_info(selector) if info.is_file}

    def write_manifest(self, manifest: Manifest) -> None:
        """Begin."""
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        self._write(NAME, lambda stream: stream.write(content))

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write a table as Parquet.

        Raises
        ------
        DataError
            When the disk is full, or nothing can be written there.
        """
        self._write(name, lambda stream: pyarrow.parquet.write_table(table, stream))

    def _write(self, name: str, fill: Callable[[Any], object]) -> None:
        target = f"{self._path}/{name}"
        draft = f"{self._path}/.{name}.{secrets.token_hex(4)}" if self._renames else target
        try:
            self._store.create_dir(self._path)
            if self._renames:
                with self._store.open_output_stream(draft) as stream:
                    fill(stream)
                self._store.move(draft, target)
            else:
                # A stream that breaks off is closed, and that makes an object of what came until then.
                whole = pa.BufferOutputStream()
                fill(whole)
                with self._store.open_output_stream(target, compression=None) as stream:
                    stream.write(whole.getvalue())
        except OSError as error:
            if self._renames:
                Path(draft).unlink(missing_ok=True)
            raise DataError(
                f"{self.label}: {name} cannot be written ({error.strerror or str(error)[:200]}); what is there is "
                "whole: make room, and repeat the command to go on"
            ) from error
