"""A shadow over recorded decisions, from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from cluster.rollout import opened_state
from credit.contract import Contract, load_contract
from credit.decision import Arm, Rollout, load_bundle
from credit.decision.assignment import CHAMPION
from credit.decision.rollout_changes import with_shadow
from credit.records import LocalKeyFile, RecordReader
from credit.records.reading.selection import Period
from credit.settings import Settings
from credit.shadow import ShadowConsumer
from credit.shadow.contracts import ContractDigests
from serve_app.rollout.prepare import contract_of, prepare_bundle
from serve_app.rollout.store import read_rollout


@contextmanager
def opened_consumer(
    product: str, name: str, bundle: str, wanted: Period, *, anew: bool
) -> Iterator[ShadowConsumer]:
    """Prepare a bundle and open a consumer of it; the lease is given back at the end.

    Raises
    ------
    RolloutRefused
        The name is none that a shadow may have.
    BundleError, RegistryUnavailable
        The bundle cannot be used, or was made with another contract than the champion.
    SettingsInvalid
        It was begun with another `since`.
    """
    settings = Settings()
    with_shadow(Rollout(product, 0, "", (Arm(CHAMPION, ""),)), name, "")  # one rule for names
    with (
        opened_state() as state,
        RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader,
    ):
        hash_ = prepare_bundle(settings, champions_contract(settings, state, product), bundle)
        consumer = ShadowConsumer(
            reader,
            state,
            load_bundle(settings.bundles_path / hash_, settings.cache_path),
            name,
            since=wanted.since,
            until=wanted.until,
            digest_of=ContractDigests(settings.bundles_path),
            anew=anew,
        )
        try:
            yield consumer
        finally:
            consumer.close()


def champions_contract(settings: Settings, state: sa.Engine, product: str) -> Contract:
    """Contract that requests are held against: the champion's, if there is one here."""
    active = read_rollout(state, product)
    if active is None or not (settings.bundles_path / active.champion.bundle).is_dir():
        return load_contract(product)
    return contract_of(settings, active.champion.bundle)
