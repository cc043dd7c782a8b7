"""A state database, two bundles in a folder, and processes that follow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from credit.records import open_state
from serve_app.rollout import RolloutFollower
from serve_app.rollout.operate import ensure_rollout
from serve_app.shelf import BundleShelf

PRODUCT = "give_me_some_credit"


class Place:
    """Where services of a test live."""

    def __init__(self, home: Path, champion: str, challenger: str) -> None:
        self.home = home
        self.bundles = home / "bundles"
        self.champion = champion
        self.challenger = challenger
        self.state = open_state(home / "state.db")
        self._followers: list[RolloutFollower] = []

    def begin(self) -> None:
        """Let the champion answer everybody."""
        ensure_rollout(self.state, PRODUCT, self.champion, (), challenger_share=0)

    def follower(self, role: str = "gateway", shelf: BundleShelf | None = None) -> RolloutFollower:
        """Start a process that follows, without a thread: the test says when it looks."""
        made = RolloutFollower(
            self.open_state(), PRODUCT, shelf or BundleShelf(self.bundles), role=role
        )
        self._followers.append(made)
        return made

    def open_state(self) -> Engine:
        """Open the state database as another process would."""
        return open_state(self.home / "state.db")

    def close(self) -> None:
        """Close everything."""
        for follower in self._followers:
            follower.close()
        self.state.dispose()


@pytest.fixture
def place(tmp_path: Path, lightgbm_folder: Path, scorecard_folder: Path) -> Iterator[Place]:
    """Two bundles of one product, the first of which answers."""
    for folder in (lightgbm_folder, scorecard_folder):
        shutil.copytree(folder, tmp_path / "bundles" / folder.name)
    made = Place(tmp_path, lightgbm_folder.name, scorecard_folder.name)
    made.begin()
    yield made
    made.close()
