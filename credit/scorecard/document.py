"""The JSON document of a scorecard: its versions, and nothing that scores.

Version 2 knows categories, codes, whole points and the verdicts of the selection. Version 1 had
numeric bins alone; its cards are read as they were.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import msgspec

from credit.errors import DataError, SettingsInvalid
from credit.scorecard.bins import NumericBins
from credit.scorecard.categories import CategoryBins, FeatureBins
from credit.scorecard.feature import CardFeature
from credit.scorecard.points import WholePoints
from credit.scorecard.scale import ScoreScale
from credit.scorecard.strength import FeatureStrength, Verdict

CARD_VERSION: Final = 2


class CardDocument(NamedTuple):
    """What a document says, whatever its version."""

    feature_names: tuple[str, ...]
    intercept: float
    features: tuple[CardFeature, ...]
    whole: WholePoints | None
    strengths: tuple[FeatureStrength, ...]


class _Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    meaning: str
    values: tuple[float, ...]


class _Number(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="number"
):
    edges: tuple[float, ...]
    codes: tuple[_Code, ...]


class _Category(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="category"
):
    categories: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    rare: tuple[str, ...]


class _Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One feature of a card; ``woe`` and ``shares`` hold one number per bin, missing last."""

    name: str
    coefficient: float
    bins: _Number | _Category
    woe: tuple[float, ...]
    shares: tuple[float, ...]


class _Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pdo: float
    base_score: float
    base_odds: float
    base: int
    bins: tuple[tuple[int, ...], ...]


class _Strength(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    feature: str
    iv: float
    vif: float | None
    verdict: Verdict
    reason: str
    missing_share: float


class _Card(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: Literal["credit-scorecard"] = "credit-scorecard"
    version: Literal[2] = CARD_VERSION
    feature_names: tuple[str, ...]
    intercept: float
    features: tuple[_Feature, ...]
    whole: _Whole | None
    strengths: tuple[_Strength, ...]


class _FeatureOfVersion1(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    name: str
    coefficient: float
    edges: tuple[float, ...]
    woe: tuple[float, ...]
    shares: tuple[float, ...]


class _CardOfVersion1(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: Literal["credit-scorecard"]
    version: Literal[1]
    feature_names: tuple[str, ...]
    intercept: float
    features: tuple[_FeatureOfVersion1, ...]


class _Header(msgspec.Struct):
    """What every version has, read first so that a newer card is named as such."""

    format: str
    version: int


def write_card(card: CardDocument) -> str:
    """Return indented JSON; floats are written in the shortest form that restores them."""
    document = _Card(
        feature_names=card.feature_names,
        intercept=card.intercept,
        features=tuple(
            _Feature(
                name=f.name,
                coefficient=f.coefficient,
                bins=_written(f.bins),
                woe=f.woe,
                shares=f.shares,
            )
            for f in card.features
        ),
        whole=None
        if card.whole is None
        else _Whole(
            pdo=card.whole.scale.pdo,
            base_score=card.whole.scale.base_score,
            base_odds=card.whole.scale.base_odds,
            base=card.whole.base,
            bins=card.whole.bins,
        ),
        strengths=msgspec.convert(card.strengths, tuple[_Strength, ...], from_attributes=True),
    )
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def read_card(text: str) -> CardDocument:
    """Read a document.

    Raises
    ------
    DataError
        It is not JSON, a field is missing, unknown or of another type, its parts do not fit
        together, or the version is another.
    """
    try:
        header = msgspec.json.decode(text, type=_Header)
        if header.version == 1:
            return _of_version_1(msgspec.json.decode(text, type=_CardOfVersion1))
        if header.version != CARD_VERSION:
            raise DataError(
                f"scorecard: this code reads versions 1 and {CARD_VERSION},"
                f" came version {header.version}"
            )
        return _of_version_2(msgspec.json.decode(text, type=_Card))
    except (msgspec.DecodeError, SettingsInvalid) as error:
        raise DataError(f"scorecard document: {error}") from error


def _of_version_1(card: _CardOfVersion1) -> CardDocument:
    features = tuple(
        CardFeature(f.name, NumericBins(f.edges), f.woe, f.shares, f.coefficient)
        for f in card.features
    )
    return CardDocument(card.feature_names, card.intercept, features, None, ())


def _of_version_2(card: _Card) -> CardDocument:
    features = tuple(
        CardFeature(f.name, _read(f.bins), f.woe, f.shares, f.coefficient) for f in card.features
    )
    strengths = msgspec.convert(card.strengths, tuple[FeatureStrength, ...], from_attributes=True)
    whole = None if card.whole is None else _read_whole(card.whole)
    return CardDocument(card.feature_names, card.intercept, features, whole, strengths)


def _read_whole(whole: _Whole) -> WholePoints:
    scale = ScoreScale(pdo=whole.pdo, base_score=whole.base_score, base_odds=whole.base_odds)
    return WholePoints(scale, whole.base, whole.bins)


def _written(bins: FeatureBins) -> _Number | _Category:
    if isinstance(bins, CategoryBins):
        return _Category(categories=bins.categories, groups=bins.groups, rare=bins.rare)
    codes = tuple(_Code(meaning=meaning, values=values) for meaning, values in bins.codes)
    return _Number(edges=bins.edges, codes=codes)


def _read(bins: _Number | _Category) -> FeatureBins:
    if isinstance(bins, _Category):
        return CategoryBins(bins.categories, bins.groups, bins.rare)
    return NumericBins(bins.edges, tuple((code.meaning, code.values) for code in bins.codes))
