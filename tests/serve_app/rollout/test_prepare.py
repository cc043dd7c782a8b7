"""A bundle is tried before anybody is asked to load it: what cannot answer is refused with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from credit.contract import Contract, load_contract
from credit.decision import load_bundle, save_bundle
from credit.errors import (
    BundleCorrupt,
    BundleError,
    BundleIncompatible,
    BundleTooLarge,
    RegistryUnavailable,
    RolloutRefused,
)
from credit.settings import Settings
from serve_app import room
from serve_app.rollout.bundles import rollout_shelf
from serve_app.rollout.prepare import contract_of, prepare_bundle, prepare_elsewhere
from tests.serve_app.rollout.conftest import PRODUCT, Place


@pytest.fixture
def settings(place: Place) -> Settings:
    return Settings(home=place.home)


def test_a_bundle_is_found_by_hash_its_beginning_or_its_folder(
    settings: Settings, contract: Contract, place: Place, scorecard_folder: Path
) -> None:
    assert prepare_bundle(settings, contract, place.challenger) == place.challenger
    assert prepare_bundle(settings, contract, place.challenger[:10]) == place.challenger
    assert prepare_bundle(settings, contract, str(scorecard_folder)) == place.challenger
    assert contract_of(settings, place.champion).digest() == contract.digest()


def test_a_bundle_that_was_changed_is_refused(
    settings: Settings, contract: Contract, place: Place
) -> None:
    file = place.bundles / place.challenger / "calibrator.json"
    file.write_bytes(file.read_bytes() + b" ")

    with pytest.raises(BundleCorrupt, match="at least one file was changed"):
        prepare_bundle(settings, contract, place.challenger)


def test_a_bundle_whose_golden_rows_differ_is_refused(
    settings: Settings, contract: Contract, place: Place
) -> None:
    bundle = load_bundle(place.bundles / place.challenger)
    bundle.calibrator = bundle.calibrator.shifted(1e-9)
    other = save_bundle(bundle, place.bundles)  # its hash is right, its answers are not

    with pytest.raises(BundleIncompatible, match="golden row 0 gives another probability here"):
        prepare_bundle(settings, contract, other.name)


def test_a_bundle_of_another_contract_or_product_is_refused(
    settings: Settings, contract: Contract, place: Place
) -> None:
    newer = contract.model_copy(update={"version": "99"})
    with pytest.raises(BundleIncompatible, match="made with another contract.*version 99"):
        prepare_bundle(settings, newer, place.challenger)
    with pytest.raises(BundleIncompatible, match=f"scores {PRODUCT}, and this is a service of"):
        prepare_bundle(settings, load_contract("taiwan"), place.challenger)


def test_a_shelf_takes_no_bundle_that_reads_applications_differently(
    settings: Settings, place: Place
) -> None:
    other = load_bundle(place.bundles / place.challenger)
    other.contract = other.contract.model_copy(update={"version": "2"})
    changed = save_bundle(other, place.bundles)
    shelf = rollout_shelf(settings, PRODUCT, explains=False)
    shelf.hold([place.champion])

    with pytest.raises(BundleIncompatible, match="made with another contract"):
        shelf.hold([place.challenger, changed.name])

    assert shelf.held == {place.champion}


def test_a_bundle_that_does_not_fit_into_memory_is_not_loaded(
    settings: Settings, contract: Contract, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available_memory", lambda: 1_000)

    with pytest.raises(BundleTooLarge, match="MB of memory, and 0 MB are free here"):
        prepare_bundle(settings, contract, place.challenger)


def test_memory_is_what_the_machine_and_the_container_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemAvailable: 500 kB\n")
    monkeypatch.setattr(room, "_MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(room, "_GROUP", tmp_path)
    assert room.available_memory() == 512_000
    (tmp_path / "memory.max").write_text("300000\n")
    (tmp_path / "memory.current").write_text("100000\n")
    assert room.available_memory() == 200_000
    (tmp_path / "memory.max").write_text("max\n")
    assert room.available_memory() == 512_000


def test_without_a_registry_an_alias_is_refused(settings: Settings, contract: Contract) -> None:
    with pytest.raises(RegistryUnavailable, match="there is no registry at"):
        prepare_bundle(settings, contract, "challenger")


def test_a_short_hash_must_name_one_bundle(
    settings: Settings, contract: Contract, place: Place
) -> None:
    twin = place.bundles / (place.challenger[:8] + "0" * 56)
    twin.mkdir()

    with pytest.raises(BundleError, match="2 bundles begin with"):
        prepare_bundle(settings, contract, place.challenger[:8])


def test_a_process_of_its_own_says_the_same(settings: Settings, place: Place) -> None:
    assert (
        prepare_elsewhere(settings, PRODUCT, place.challenger, champion=place.champion)
        == place.challenger
    )
    with pytest.raises(RolloutRefused, match="there is no registry at"):
        prepare_elsewhere(settings, PRODUCT, "nothing", champion=place.champion)
    with pytest.raises(RolloutRefused, match="expected a folder, an alias or a hash"):
        prepare_elsewhere(settings, PRODUCT, "--help")


class Registry:
    """Stands for MLflow: versions by bundle, and aliases."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.is_gone = False

    def point(self, settings: Any, name: str, alias: str, hash_: str) -> bool:
        if self.is_gone:
            raise RegistryUnavailable("the registry does not answer")
        self.aliases[alias] = hash_
        return True


def test_aliases_follow_the_rollout_and_a_registry_that_is_gone_holds_nothing_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cluster.alias_keeper import AliasKeeper
    from serve_app.rollout import aliases
    from serve_app.rollout.commands import Set, execute
    from serve_app.settings import ServiceArgs

    registry = Registry()
    monkeypatch.setattr(aliases, "point_alias", registry.point)
    keeper = AliasKeeper(ServiceArgs(home=place.home, product=PRODUCT))
    keeper.step()
    assert registry.aliases == {}  # a service that only starts changes none

    registry.is_gone = True
    execute(
        place.state,
        PRODUCT,
        Set(arm="champion", bundle=place.challenger),
        by="ann",
        prepare=lambda name: name,
    )
    keeper.step()
    registry.is_gone = False
    monkeypatch.setattr("cluster.alias_keeper.time.monotonic", lambda: float("inf"))
    keeper.step()

    assert registry.aliases == {"champion": place.challenger}
