"""The JSON document of a scorecard: its types, its version, and nothing that scores."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from credit.errors import DataError

CARD_VERSION: Final = 1


class FeatureDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One feature of a card; ``woe`` and ``shares`` hold one number per bin, missing last."""

    name: str
    coefficient: float
    edges: tuple[float, ...]
    woe: tuple[float, ...]
    shares: tuple[float, ...]


class CardDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole card."""

    format: Literal["credit-scorecard"] = "credit-scorecard"
    version: Literal[1] = CARD_VERSION
    feature_names: tuple[str, ...]
    intercept: float
    features: tuple[FeatureDocument, ...]


class _Header(msgspec.Struct):
    """What every version has, read first so that a newer card is named as such."""

    format: str
    version: int


def write_card(document: CardDocument) -> str:
    """Return indented JSON; floats are written in the shortest form that restores them."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def read_card(text: str) -> CardDocument:
    """Read a document.

    Raises
    ------
    DataError
        It is not JSON, a field is missing, unknown or of another type, or the version is another.
    """
    try:
        header = msgspec.json.decode(text, type=_Header)
        if header.version != CARD_VERSION:
            raise DataError(
                f"scorecard: this code reads version {CARD_VERSION}, came version {header.version}"
            )
        return msgspec.json.decode(text, type=CardDocument)
    except msgspec.DecodeError as error:
        raise DataError(f"scorecard document: {error}") from error
