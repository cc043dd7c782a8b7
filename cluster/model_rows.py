"""A bundle by the name that a person types, and the rows to judge it on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from credit.contract import FrameCheck, load_contract
from credit.decision import Bundle, load_bundle
from credit.errors import BundleUnknown, DataError
from credit.report import CardRows, learned_from
from credit.settings import Settings
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spec import FoldsSpec, SweepSpec
from tune.workbook import OUTCOME, read_asked

SHORTEST_HASH = 6


@dataclass(frozen=True)
class Sample:
    """Rows of a file, for one bundle.

    Attributes
    ----------
    measured
        Rows to judge by.
    training
        Rows that the bundle learned from; None when they are not a part of the file.
    check
        The whole file, held against the bundle's contract.
    """

    measured: CardRows
    training: CardRows | None
    check: FrameCheck

    @property
    def told(self) -> str:
        """What was measured, as a sentence."""
        n, n_bads = len(self.measured), int(self.measured.labels.sum())
        if self.training is None:
            return (
                f"Measured on all {n:,} good rows of the file ({n_bads:,} bads): none of its splits is what the "
                "bundle learned from, so these are other rows, as far as can be told."
            )
        return (
            f"Measured on {n:,} held-out rows ({n_bads:,} bads); the other {len(self.training):,} are exactly "
            "those that the bundle learned from."
        )


def find_bundle(reference: str, contract: str | None, settings: Settings) -> Bundle:
    """Load a bundle: a folder, a hash (or its beginning) below the bundle folder, or a registry alias.

    Raises
    ------
    BundleError
        When it is damaged or cannot be used here.
    BundleUnknown
        When the beginning of a hash fits more than one bundle, or nothing fits and no contract says
        which product's alias is meant.
    RegistryUnavailable
        When there is no such alias.
    """
    folder = Path(reference)
    if (folder / "manifest.json").is_file():
        return load_bundle(folder.resolve())
    root = settings.bundles_path
    found = sorted(root.glob(f"{reference}*")) if _looks_like_hash(reference) else []
    if len(found) == 1:
        return load_bundle(found[0])
    if len(found) > 1:
        raise BundleUnknown(f"{len(found)} bundles begin with {reference}: give more of the hash")
    if contract is None:
        raise BundleUnknown(
            f"no bundle {reference!r} below {root}: give a bundle's folder or hash, or an alias such as champion "
            "together with --contract"
        )
    from serve_app.registry import fetch_alias

    name = load_contract(contract).registry_name
    return load_bundle(root / fetch_alias(settings, name, reference))


def _looks_like_hash(reference: str) -> bool:
    return len(reference) >= SHORTEST_HASH and set(reference) <= set("0123456789abcdef")


def choose_rows(bundle: Bundle, frame: pd.DataFrame, settings: Settings) -> Sample:
    """Find the split that the bundle was made with, by the hash of its training rows.

    The usual split is tried, and that of the sweep that made it. Where none fits, the file holds
    other rows, and all of them are measured.

    Raises
    ------
    ContractError, DataError
        As :func:`tune.rows.prepare`.
    """
    rows, check = prepare(frame, bundle.contract)
    for folds in _folds_of(bundle, settings):
        try:
            training, held_out = split_holdout(
                rows,
                parts=folds.holdout_parts,
                by_time=folds.kind == "rolling",
                embargo_days=folds.embargo_days,
            )
        except DataError:
            # Too few rows, or no dates, for that split: then it was not made from these.
            continue
        known = card_rows(training)
        if learned_from(bundle, known):
            return Sample(card_rows(held_out), known, check)
    return Sample(card_rows(rows), None, check)


def card_rows(rows: Rows) -> CardRows:
    """Leave out whose rows they are."""
    return CardRows(rows.raw, rows.labels, rows.times, rows.segments)


def outcome_of(bundle: Bundle, settings: Settings) -> Mapping[str, Any] | None:
    """Outcome of the sweep that made a bundle, the latest where several did; None where there is none."""
    for _, outcome in _sweeps_of(bundle, settings):
        return outcome
    return None


def _sweeps_of(bundle: Bundle, settings: Settings) -> Iterator[tuple[str, Mapping[str, Any]]]:
    paths = settings.sweeps_path.glob(f"*/{OUTCOME}")
    for path in sorted(paths, key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            outcome = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            hashes = [entry["bundle"] for entry in outcome["leaderboard"]]
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise DataError(
                f"{path} is no outcome of a sweep; run the sweep again, or remove its folder"
            ) from error
        if bundle.hash in hashes:
            yield path.parent.name, outcome


def _folds_of(bundle: Bundle, settings: Settings) -> Iterator[FoldsSpec]:
    yield FoldsSpec()
    for name, _ in _sweeps_of(bundle, settings):
        asked = read_asked(settings.sweeps_path, name)
        if asked is not None:
            yield SweepSpec.model_validate(asked.spec).folds
