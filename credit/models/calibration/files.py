"""Calibrators as JSON, the form in which a bundle holds them."""

from __future__ import annotations

import msgspec

from credit.errors import BundleCorrupt, BundleIncompatible
from credit.models.calibration.base import Calibrator
from credit.models.calibration.choose import METHODS


class _Head(msgspec.Struct, frozen=True):
    # Bundles of before there was another method do not name theirs.
    method: str = "platt"


def calibrator_to_json(calibrator: Calibrator) -> bytes:
    """Return the calibrator with the name of its method; numbers keep their bits."""
    return msgspec.json.encode(calibrator)


def calibrator_from_json(content: bytes) -> Calibrator:
    """Rebuild a calibrator; one without the name of a method is Platt's.

    Raises
    ------
    BundleIncompatible
        A method that this version does not know.
    BundleCorrupt
        Not a calibrator, or one that would not rise.
    """
    try:
        method = msgspec.json.decode(content, type=_Head).method
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise BundleIncompatible(
                f"the calibrator's method is {method!r}; this version reads {known}"
            )
        return msgspec.json.decode(content, type=METHODS[method])
    except msgspec.DecodeError as error:
        raise BundleCorrupt(f"not a calibrator: {error}") from error
