"""Compare two decisions field by field, to the bit, and say how far apart they are."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence

from credit.decision.score import Answer
from credit.records.record import ClearPart
from credit.records.replay.result import Difference

TOLERANCE = 1e-12
"""Across fingerprints; relative and absolute, as the golden rows of a bundle are held against."""

STEP = 0.01
"""Scores and points are rounded to it: a difference of 1e-15 can move them from one step to the next."""

Value = str | float | int | None
_CLEAR_WORDS = (
    *("bundle", "model", "contract", "contract_version", "policy_version", "arm", "generation"),
    *("rating", "risk_level", "decision"),
)


def clear_differences(recorded: ClearPart, replayed: ClearPart) -> Iterator[Difference]:
    """Compare what is kept in clear; the environment and the clock are not part of a decision."""
    for name in _CLEAR_WORDS:
        yield from _words(name, getattr(recorded, name), getattr(replayed, name), show=True)
    yield from numbers(
        "probability_of_default",
        recorded.probability_of_default,
        replayed.probability_of_default,
        show=True,
    )
    yield from numbers("score", recorded.score, replayed.score, step=STEP, show=True)
    codes = ", ".join(recorded.reason_codes), ", ".join(replayed.reason_codes)
    yield from _words("reason_codes", *codes, show=True)


def vector_differences(
    name: str, recorded: Sequence[float], replayed: Sequence[float], names: Sequence[str]
) -> Iterator[Difference]:
    """Compare two vectors whose places have names."""
    if len(recorded) != len(replayed):
        yield Difference(f"{name}: its length")
        return
    for place, then, now in zip(names, recorded, replayed, strict=True):
        yield from numbers(f"{name}[{place}]", then, now)


def answer_differences(recorded: Answer, replayed: Answer) -> Iterator[Difference]:
    """Compare what a client was told."""
    for name in ("probability_of_default", "score"):
        step = STEP if name == "score" else None
        yield from numbers(
            f"answer.{name}", getattr(recorded, name), getattr(replayed, name), step=step, show=True
        )
    apart = ("probability_of_default", "score", "reason_codes", "shap_values")
    for name in Answer.__struct_fields__:
        if name not in apart:
            yield from _words(f"answer.{name}", getattr(recorded, name), getattr(replayed, name))
    if len(recorded.reason_codes) != len(replayed.reason_codes):
        yield Difference("answer.reason_codes: their number")
    for i, (then, now) in enumerate(
        zip(recorded.reason_codes, replayed.reason_codes, strict=False)
    ):
        field = f"answer.reason_codes[{i}]"
        for name in ("code", "feature", "text"):
            yield from _words(f"{field}.{name}", getattr(then, name), getattr(now, name))
        if then.points is None or now.points is None:
            yield from _words(f"{field}.points", then.points, now.points)
        else:
            yield from numbers(f"{field}.points", then.points, now.points, step=STEP)
    yield from _named_numbers(recorded.shap_values or {}, replayed.shap_values or {})


def numbers(
    field: str, recorded: float, replayed: float, *, step: float | None = None, show: bool = False
) -> Iterator[Difference]:
    """Compare two float64 to the bit; NaN equals NaN, and -0.0 is not 0.0.

    Parameters
    ----------
    step
        For a number that was rounded: how far apart two may lie under another fingerprint.
    show
        Whether the values may be told.
    """
    if _bits(recorded) == _bits(replayed):
        return
    then, now = (recorded, replayed) if show else (None, None)
    if math.isnan(recorded) or math.isnan(replayed):
        yield Difference(field, then, now)
        return
    absolute = abs(recorded - replayed)
    # Two neighbouring steps, as binary numbers have them.
    allowed = TOLERANCE + TOLERANCE * abs(recorded) if step is None else 1.5 * step
    yield Difference(
        field,
        then,
        now,
        ulps=ulps_between(recorded, replayed),
        absolute=absolute,
        within=absolute <= allowed,
    )


def ulps_between(a: float, b: float) -> int:
    """Count the float64 from one number to the other; their bits, read as integers, sort as they do."""
    return abs(_ordinal(a) - _ordinal(b))


def _named_numbers(
    recorded: Mapping[str, float], replayed: Mapping[str, float]
) -> Iterator[Difference]:
    if list(recorded) != list(replayed):
        yield Difference("answer.shap_values: their names")
        return
    for name, then in recorded.items():
        yield from numbers(f"answer.shap_values[{name}]", then, replayed[name])


def _words(
    field: str, recorded: Value, replayed: Value, *, show: bool = False
) -> Iterator[Difference]:
    if recorded != replayed:
        yield Difference(field, recorded, replayed) if show else Difference(field)


def _bits(value: float) -> bytes:
    return b"NaN" if math.isnan(value) else struct.pack(">d", value)


def _ordinal(value: float) -> int:
    (bits,) = struct.unpack(">q", struct.pack(">d", value))
    return int(bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF))
