"""Carry a rollout command out from this machine: bundles, state database, aliases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from credit.contract import Contract, load_contract
from credit.decision import Rollout
from credit.errors import RegistryUnavailable
from credit.records import open_state
from credit.settings import Settings
from serve_app.rollout.aliases import follow_aliases
from serve_app.rollout.commands import Command, execute
from serve_app.rollout.operate import serving, wait_until_active
from serve_app.rollout.prepare import contract_of, prepare_bundle
from serve_app.rollout.store import read_rollout


@dataclass(frozen=True)
class Done:
    """What became of a command, in one sentence, and what else there is to know."""

    sentence: str
    remarks: list[str] = field(default_factory=list)


@contextmanager
def opened_state() -> Iterator[sa.Engine]:
    """Open the state database of the settings."""
    state = open_state(Settings().state)
    try:
        yield state
    finally:
        state.dispose()


def carry_out(command: Command, product: str, by: str, *, wait: bool) -> Done:
    """Carry a command out; with `wait`, return when every replica answers with it.

    Raises
    ------
    RolloutRefused
        When it cannot be done, or not everybody can load it.
    BundleError, RegistryUnavailable
        When a bundle that it names cannot be used.
    """
    settings = Settings()
    with opened_state() as state:
        contract = _contract(settings, state, product)
        n_before = _generation(state, product)
        wanted = execute(
            state,
            product,
            command,
            by=by,
            prepare=lambda name: prepare_bundle(settings, contract, name),
        )
        if wanted is None:
            return Done(f"Taken back; generation {n_before} goes on.")
        if wanted.generation == n_before:
            return Done(f"It is so already: generation {n_before} goes on.")
        n_serving = len(serving(state, product))
        if not n_serving:
            remarks = _aliases(settings, contract, wanted)
            return Done(f"Generation {wanted.generation} answers when a service starts.", remarks)
        if not wait:
            return Done(
                f"Generation {wanted.generation} is being loaded by {processes(n_serving)}."
            )
        wait_until_active(state, wanted)
    return Done(
        f"Generation {wanted.generation} answers, on {processes(n_serving)}.",
        _aliases(settings, contract, wanted),
    )


def processes(n: int) -> str:
    """Count processes in words."""
    return "1 process" if n == 1 else f"all {n} processes"


def _contract(settings: Settings, state: sa.Engine, product: str) -> Contract:
    """Contract that requests are held against: the champion's, if there is one here."""
    active = read_rollout(state, product)
    if active is None or not (settings.bundles_path / active.champion.bundle).is_dir():
        return load_contract(product)
    return contract_of(settings, active.champion.bundle)


def _generation(state: sa.Engine, product: str) -> int:
    active = read_rollout(state, product)
    return 0 if active is None else active.generation


def _aliases(settings: Settings, contract: Contract, rollout: Rollout) -> list[str]:
    try:
        unknown = follow_aliases(settings, contract, rollout)
    except RegistryUnavailable as error:
        return [f"MLflow's aliases are as before: {error}"]
    return [
        f"MLflow knows no version with the bundle of {arm}, so no alias names it."
        for arm in unknown
    ]
