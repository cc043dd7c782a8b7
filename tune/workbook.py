"""The folder of a sweep: what it was asked, its searches, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from credit.contract import Contract
from credit.decision.assemble import data_hash
from credit.errors import SettingsInvalid
from tune.rows import Rows
from tune.spec import Candidate, SweepSpec

ASKED = "sweep.json"
OUTCOME = "outcome.json"


class Asked(msgspec.Struct, frozen=True):
    """What a sweep was asked, to go on with the same."""

    spec: dict[str, Any]
    product: str
    contract: str
    data: str


@dataclass(frozen=True)
class Workbook:
    """One sweep on disk."""

    root: Path
    name: str
    product: str

    @property
    def folder(self) -> Path:
        """Folder of the sweep."""
        return self.root / self.name

    @classmethod
    def open(
        cls, root: Path, name: str, spec: SweepSpec, contract: Contract, rows: Rows
    ) -> Workbook:
        """Begin a sweep, or go on with one of this name.

        Raises
        ------
        SettingsInvalid
            When the name belongs to a sweep that was asked something else.
        """
        book = cls(root, name, contract.product)
        asked = Asked(
            spec=spec.model_dump(mode="json"),
            product=contract.product,
            contract=contract.digest(),
            data=data_hash(rows.raw, rows.labels),
        )
        before = read_asked(root, name)
        if before is not None:
            _require_same(name, before, asked)
            return book
        book.folder.mkdir(parents=True, exist_ok=True)
        _write(book.folder / ASKED, asked)
        return book

    def finish(self, document: Mapping[str, Any]) -> None:
        """Keep what came of it."""
        _write(self.folder / OUTCOME, document)

    def last_best(self, candidate: Candidate) -> dict[str, Any] | None:
        """Parameters of the best trial of this candidate in the last sweep of this product that ended."""
        ended = sorted(
            self.root.glob(f"*/{OUTCOME}"), key=lambda path: path.stat().st_mtime, reverse=True
        )
        for path in ended:
            asked = read_asked(self.root, path.parent.name)
            if asked is None or asked.product != self.product:
                continue
            for entry in msgspec.json.decode(path.read_bytes())["leaderboard"]:
                if entry["candidate"] == candidate.label and entry["trials"]:
                    found: dict[str, Any] = entry["trials"][0]["best"]["parameters"]
                    return found
        return None


def read_asked(root: Path, name: str) -> Asked | None:
    """What a sweep was asked, or None when there is none of this name."""
    path = root / name / ASKED
    return msgspec.json.decode(path.read_bytes(), type=Asked) if path.is_file() else None


def stored_spec(root: Path, name: str) -> SweepSpec:
    """Read the sweep to resume.

    Raises
    ------
    SettingsInvalid
        When there is none of this name; those that can be resumed are named.
    """
    asked = read_asked(root, name)
    if asked is None:
        kept = sorted(path.parent.name for path in root.glob(f"*/{ASKED}"))
        open_ = [n for n in kept if not (root / n / OUTCOME).is_file()]
        told = ", ".join(open_[-5:]) or "none"
        raise SettingsInvalid(f"no sweep {name!r} to resume; unfinished ones: {told}")
    return SweepSpec.model_validate(asked.spec)


def _require_same(name: str, before: Asked, now: Asked) -> None:
    parts = {"sweep": "spec", "contract": "contract", "data": "data"}
    other = [part for part, field in parts.items() if getattr(before, field) != getattr(now, field)]
    if other:
        raise SettingsInvalid(
            f"sweep {name!r} was begun with another {' and another '.join(other)}: a search cannot go on "
            "with other questions; start a new one"
        )


def _write(path: Path, document: Any) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2))
    os.replace(partial, path)
