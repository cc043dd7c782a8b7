"""What a folder of answers is of: a run goes on only with the same files, bundles and options."""

from __future__ import annotations

import msgspec

from credit.decision import Rollout
from credit.errors import SettingsInvalid

NAME = "_job.json"


class Source(msgspec.Struct, frozen=True):
    """One file of the batch, and its size in bytes: it shows a file that was changed in between."""

    address: str
    size: int


class Manifest(msgspec.Struct, frozen=True):
    """The first file of a folder.

    Attributes
    ----------
    job
        Name under which rows are recorded once.
    rollout
        Who answers whom, pinned for all of the batch: a promotion in between changes nothing.
    records
        Whether each row is recorded.
    """

    job: str
    sources: list[Source]
    rollout: Rollout
    records: bool
    shap_values: bool


def require_same(found: Manifest, asked: Manifest, *, names_bundle: bool, out: str) -> None:
    """Refuse to go on with a folder that is of something else.

    Parameters
    ----------
    names_bundle
        Whether the bundle was asked for by name; otherwise the batch goes on with the one it began with.

    Raises
    ------
    SettingsInvalid
        Saying what differs.
    """
    rest = "give another folder for the answers, or repeat exactly what was begun"
    if found.sources != asked.sources:
        raise SettingsInvalid(
            f"{out} holds answers to other files, or they were changed since: {rest}"
        )
    if names_bundle and found.rollout.arms != asked.rollout.arms:
        theirs, ours = (r.champion.bundle[:12] for r in (found.rollout, asked.rollout))
        raise SettingsInvalid(f"{out} holds answers of bundle {theirs}, not of {ours}: {rest}")
    if (found.records, found.shap_values) != (asked.records, asked.shap_values):
        raise SettingsInvalid(
            f"{out} was begun with other options (--record, --shap-values): {rest}"
        )
