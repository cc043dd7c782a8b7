"""What detectors and the monitor say. Nothing here holds a value of a person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["none", "warning", "alarm"]

LEVELS: tuple[Level, ...] = ("none", "warning", "alarm")
"""From calm to loud; the index of a level is its severity."""


def worst(levels: Iterable[Level]) -> Level:
    """Return the loudest level, ``none`` when there is nothing to compare."""
    return max(levels, key=LEVELS.index, default="none")


class FeatureDrift(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector found in one feature.

    Attributes
    ----------
    statistic
        How far the current rows lie from the reference, in the unit of the detector.
    p_value
        Probability of a statistic at least this large without drift; None where the detector
        decides on the statistic itself.
    threshold
        Where the alarm begins: the p-value lies below it or, without a p-value, the statistic
        reaches it.
    """

    feature: str
    statistic: float
    p_value: float | None
    threshold: float
    level: Level


class DetectorResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one detector says about one window.

    Attributes
    ----------
    reference_size, current_size
        Rows on either side; a level means little without them.
    note
        For a reader: which bands were applied, where they come from, what chance alone would do.
    """

    detector: str
    level: Level
    features: tuple[FeatureDrift, ...]
    reference_size: int
    current_size: int
    note: str


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """What all detectors say about one window of the record log.

    Two reports about one window of one log differ in `created_at` only.

    Attributes
    ----------
    first_position, last_position
        Bounds of the window in the order of the log, both inside it.
    first_created_at, last_created_at
        When these two decisions were made.
    n_decisions
        All decisions of the window: those compared, those erased and those mismatched.
    n_erased
        Decisions whose person was erased, so that nothing is left to compare.
    n_mismatched
        Decisions with a vector that does not fit the reference (other length, or not finite).
    reference
        SHA-256 that names the reference.
    bundle
        The bundle that made most decisions of the window.
    n_other_bundles
        Decisions that another bundle made.
    level
        The worst level of the detectors.
    created_at
        When the report was made.
    """

    first_position: int
    last_position: int
    first_created_at: str
    last_created_at: str
    n_decisions: int
    n_erased: int
    n_mismatched: int
    reference: str
    bundle: str
    n_other_bundles: int
    level: Level
    detectors: tuple[DetectorResult, ...]
    created_at: str


_decoder = msgspec.json.Decoder(DriftReport)


def encode_report(report: DriftReport) -> bytes:
    """Write a report as JSON."""
    return msgspec.json.encode(report)


def decode_report(body: bytes | str) -> DriftReport:
    """Undo `encode_report`."""
    return _decoder.decode(body)
