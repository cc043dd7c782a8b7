"""Several processes write one store."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from credit.records.store.sqlite import file_lock
from tests.records.samples import broken_links, everything
from tests.records.workers import append_many

EACH = 150


def test_two_processes_lose_nothing_and_share_one_order(path: Path, tmp_path: Path) -> None:
    """Both also race for creating the store and its keys."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    children = [
        context.Process(
            target=append_many, args=(path, tmp_path / "var" / "keys.json", EACH, theirs)
        )
        for _ in range(2)
    ]
    for child in children:
        child.start()
    positions = [ours.recv() for _ in children]
    for child in children:
        child.join()
        child.close()
    ours.close()
    theirs.close()

    stored = everything(path)
    assert sorted(positions[0] + positions[1]) == list(range(1, 2 * EACH + 1))
    assert [record.position for record in stored] == list(range(1, 2 * EACH + 1))
    assert all(own == sorted(own) for own in positions)
    assert len({record.writer for record in stored}) == 2
    assert len({record.subject_ref for record in stored}) == 5  # applicants are shared
    assert broken_links(stored) == []


def test_waiting_for_oneself_is_an_error_and_not_a_hang(path: Path) -> None:
    path.parent.mkdir()

    with file_lock(path), pytest.raises(RuntimeError, match="already held by this thread"):  # noqa: SIM117
        with file_lock(path):
            pass

    with file_lock(path):
        pass
