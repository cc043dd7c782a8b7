"""The files of a batch: one, those of a folder, or objects of a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from credit.data.object_store import SCHEMES
from credit.data.parsing import KINDS
from credit.errors import DataError

_PIECE = 1 << 22


@dataclass(frozen=True)
class InputFile:
    """One file.

    Attributes
    ----------
    address
        Path or URL, without credentials.
    size
        Bytes.
    store, path
        Where it is: a file system of pyarrow and the path there.
    """

    address: str
    size: int
    store: Any
    path: str


def find_inputs(reference: str) -> list[InputFile]:
    """Find the CSV, Parquet and JSON lines files that a path or a URL names, in the order of their names.

    Raises
    ------
    DataError
        When there is none.
    """
    store, path, label = _located(reference)
    try:
        info = store.get_file_info(path)
        if info.type == fs.FileType.Directory:
            selector = fs.FileSelector(path, recursive=True)
            found = [each for each in store.get_file_info(selector) if each.is_file]
            found = [each for each in found if each.path.endswith(tuple(KINDS))]
        else:
            found = [info] if info.type == fs.FileType.File else []
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{label}: cannot be read: {str(error)[:200]}") from error
    if not found:
        raise DataError(f"{label}: there is no file here of the kinds {', '.join(KINDS)}")
    root = label.removesuffix(path)
    return [
        InputFile(f"{root}{each.path}", each.size, store, each.path)
        for each in sorted(found, key=lambda each: each.path)
    ]


@contextmanager
def as_local_file(file: InputFile) -> Iterator[Path]:
    """Give a local path of a file; one of an object store is fetched, and gone afterwards.

    Raises
    ------
    DataError
        When it cannot be fetched.
    """
    if isinstance(file.store, fs.LocalFileSystem):
        yield Path(file.path)
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / Path(file.path).name
        try:
            with (
                file.store.open_input_stream(file.path, compression=None) as stream,
                target.open("wb") as copy,
            ):
                while piece := stream.read(_PIECE):
                    copy.write(piece)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file.address}: cannot be fetched: {str(error)[:200]}") from error
        yield target


def _located(reference: str) -> tuple[Any, str, str]:
    scheme = urlsplit(reference).scheme
    if scheme not in SCHEMES:
        path = str(Path(reference).absolute())
        return fs.LocalFileSystem(), path, path
    parts = urlsplit(reference)
    label = (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"  # keys may stand before @
    )
    try:
        store, path = fs.FileSystem.from_uri(reference)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{label}: cannot be reached: {str(error)[:200]}") from error
    return store, path, label
