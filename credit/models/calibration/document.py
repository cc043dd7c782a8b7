"""A calibrator as the bytes of a bundle."""

from __future__ import annotations

import msgspec

from credit.errors import BundleCorrupt
from credit.models.calibration.base import Calibrator
from credit.models.calibration.beta import Beta
from credit.models.calibration.isotonic import Isotonic
from credit.models.calibration.platt import Platt


class _Tag(msgspec.Struct):
    """Read first: bundles made before there was a choice name no method."""

    method: str = "platt"


_KINDS: dict[str, type[Platt | Beta | Isotonic]] = {
    "platt": Platt,
    "beta": Beta,
    "isotonic": Isotonic,
}


def calibrator_to_json(calibrator: Calibrator) -> bytes:
    """Write a calibrator; floats in the shortest form that restores their bits."""
    return msgspec.json.encode(calibrator)


def calibrator_from_json(content: bytes) -> Calibrator:
    """Read a calibrator.

    Raises
    ------
    BundleCorrupt
        When it is none.
    """
    try:
        tag = msgspec.json.decode(content, type=_Tag).method
        if tag not in _KINDS:
            raise BundleCorrupt(
                f"unknown calibrator {tag!r}; this version knows {', '.join(_KINDS)}"
            )
        untagged = b'"method"' not in content
        if untagged:
            numbers = msgspec.json.decode(content, type=dict[str, float])
            return Platt(**numbers)
        return msgspec.json.decode(content, type=_KINDS[tag])
    except (msgspec.DecodeError, TypeError) as error:
        raise BundleCorrupt(f"this is no calibrator: {error}") from error
