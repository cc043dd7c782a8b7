from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, RecordReader, RecordWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "records.db"


@pytest.fixture
def keys(tmp_path: Path) -> LocalKeyFile:
    return LocalKeyFile(tmp_path / "var" / "keys.json")


@pytest.fixture
def writer(path: Path, keys: LocalKeyFile) -> Iterator[RecordWriter]:
    with RecordWriter(path, keys) as writer:
        yield writer


@pytest.fixture
def reader(path: Path, keys: LocalKeyFile) -> Iterator[RecordReader]:
    with RecordReader(path, keys) as reader:
        yield reader
