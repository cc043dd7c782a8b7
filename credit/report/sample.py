"""Which rows a card rests on, and what the bundle is."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit.contract.frame import FrameCheck, RuleFailure
from credit.decision.assemble import data_hash
from credit.decision.bundle import Bundle
from credit.metrics import Interval, wilson_interval
from credit.report.rows import CardRows


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the bundle says of itself.

    Attributes
    ----------
    fallbacks
        Bundles that answer applicants who withhold a source: name, hash, and the AUC they had on
        held-out rows, NaN when it was not kept.
    """

    product: str
    description: str
    contract_version: str
    contract: str
    policy_version: str
    family: str
    bundle: str
    data: str
    seed: int
    n_features: int
    calibrator: str
    parameters: Mapping[str, Any]
    versions: Mapping[str, str]
    fallbacks: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, kw_only=True)
class Window:
    """Some rows: how many, how many bad, and the days they span (None without dates)."""

    n: int
    n_bads: int
    bad_rate: Interval
    first: str | None
    last: str | None


@dataclass(frozen=True, kw_only=True)
class CardData:
    """The rows.

    Attributes
    ----------
    n_rows, n_refused
        Rows of the file, and those that break the contract; ``refused`` says why, a row may break
        several rules.
    training
        Rows that the model learned from; None when they are not at hand.
    measured
        Rows behind every figure of the card.
    is_held_out
        Whether the rows beside the measured ones are exactly those that the model learned from, by
        their hash. Otherwise nobody can tell whether the model has seen some of the measured ones.
    """

    n_rows: int
    n_refused: int
    refused: tuple[RuleFailure, ...]
    training: Window | None
    measured: Window
    is_held_out: bool


def identity(bundle: Bundle) -> Identity:
    """Read the manifest."""
    manifest = bundle.manifest
    return Identity(
        product=manifest.product,
        description=bundle.contract.description,
        contract_version=bundle.contract.version,
        contract=manifest.contract,
        policy_version=bundle.contract.policy.version,
        family=manifest.family,
        bundle=bundle.hash,
        data=manifest.data,
        seed=manifest.seed,
        n_features=len(bundle.contract.features),
        calibrator=type(bundle.calibrator).__name__,
        parameters=dict(manifest.parameters),
        versions=dict(sorted(manifest.versions.items())),
        fallbacks=tuple(
            (name, fallback.hash, float(fallback.manifest.metrics.get("auc", float("nan"))))
            for name, fallback in sorted(bundle.fallbacks.items())
        ),
    )


def card_data(
    bundle: Bundle, measured: CardRows, training: CardRows | None, check: FrameCheck
) -> CardData:
    """Count rows; recognise the training rows by their hash."""
    return CardData(
        n_rows=check.n_rows,
        n_refused=check.n_bad_rows,
        refused=check.failures,
        training=None if training is None else _window(training),
        measured=_window(measured),
        is_held_out=training is not None and learned_from(bundle, training),
    )


def learned_from(bundle: Bundle, rows: CardRows) -> bool:
    """Whether these are exactly the rows that the bundle learned from."""
    return data_hash(rows.raw, rows.labels) == bundle.manifest.data


def _window(rows: CardRows) -> Window:
    n_bads = int(rows.labels.sum())
    return Window(
        n=len(rows),
        n_bads=n_bads,
        bad_rate=wilson_interval(n_bads, len(rows)),
        first=None if rows.times is None else iso_date(rows.times.min()),
        last=None if rows.times is None else iso_date(rows.times.max()),
    )


def iso_date(ordinal: float) -> str:
    """ISO form of a proleptic ordinal."""
    return datetime.date.fromordinal(int(ordinal)).isoformat()
