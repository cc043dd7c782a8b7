"""A home with two bundles, a rollout over them, and decisions of both arms."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from credit.decision import Arm, Bundle, Rollout, arm_for, save_bundle
from credit.decision.rollout_changes import with_shadow, with_share
from credit.records import LocalKeyFile, NewRecord, RecordWriter, open_state
from credit.settings import Settings
from serve_app.rollout.change import Change
from serve_app.rollout.store import write_rollout
from tests.records.replay.decisions import applicants, decided, write

PRODUCT = "give_me_some_credit"


def made_rollout(champion: Bundle, challenger: Bundle, *, per_mille: int = 400) -> Rollout:
    arms = (Arm("champion", champion.hash), Arm("challenger", challenger.hash))
    return with_share(Rollout(PRODUCT, 1, "salt", arms), "challenger", per_mille)


def begin(settings: Settings, rollout: Rollout, bundles: Iterable[Bundle]) -> None:
    """Put bundles into a home and make a rollout active."""
    for bundle in bundles:
        save_bundle(bundle, settings.bundles_path)
    put(settings, rollout)


def put(settings: Settings, rollout: Rollout) -> None:
    state = open_state(settings.state)
    write_rollout(state, rollout, Change("test", "test"))
    state.dispose()


def with_shadows(rollout: Rollout, *shadows: tuple[str, str]) -> Rollout:
    for name, hash_ in shadows:
        rollout = with_shadow(rollout, name, hash_)
    return replace(rollout, generation=rollout.generation + 1)


def answer(
    settings: Settings,
    rollout: Rollout,
    bundles: Iterable[Bundle],
    n: int,
    *,
    seed: int = 1,
) -> list[str]:
    """Record decisions on `n` applicants as the service would assign them."""
    by_hash = {bundle.hash: bundle for bundle in bundles}

    def record(row: dict[str, Any]) -> NewRecord:
        arm, slot = arm_for(rollout, row["applicant_id"])
        made = decided(by_hash[arm.bundle], row)
        clear = replace(made.clear, arm=arm.name, slot=slot, generation=rollout.generation)
        return replace(made, clear=clear)

    rows = (
        {**row, "applicant_id": f"P-{seed}-{i}"} for i, row in enumerate(applicants(n, seed=seed))
    )
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        return write(writer, map(record, rows))


def settings_of(home: Path) -> Settings:
    return Settings(home=home)
