"""Where the service takes its bundles from."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.monitor import reference_of
from cluster.service import resolve_rollout
from credit.errors import BundleCorrupt, RegistryUnavailable
from serve_app.settings import ServiceArgs


def test_bundle_folders_need_no_registry(
    tmp_path: Path, lightgbm_folder: Path, scorecard_folder: Path
) -> None:
    args = ServiceArgs(
        home=tmp_path, champion=str(lightgbm_folder), challengers=(str(scorecard_folder),)
    )

    rollout = resolve_rollout(args)

    assert [arm.bundle for arm in rollout.arms] == [lightgbm_folder.name, scorecard_folder.name]
    assert rollout.share(rollout.arms[1]) == 0.2
    assert (tmp_path / "bundles" / lightgbm_folder.name / "manifest.json").is_file()


def test_a_second_start_keeps_generation_and_slots(tmp_path: Path, lightgbm_folder: Path) -> None:
    args = ServiceArgs(home=tmp_path, champion=str(lightgbm_folder), challengers=())

    assert resolve_rollout(args) == resolve_rollout(args)


def test_a_changed_bundle_is_refused_and_not_installed(
    tmp_path: Path, lightgbm_folder: Path
) -> None:
    changed = tmp_path / "changed" / lightgbm_folder.name
    changed.mkdir(parents=True)
    for file in lightgbm_folder.iterdir():
        if file.is_file():
            (changed / file.name).write_bytes(file.read_bytes())
    calibrator = changed / "calibrator.json"
    calibrator.write_bytes(calibrator.read_bytes().replace(b"slope", b"slop3"))
    args = ServiceArgs(home=tmp_path / "home", champion=str(changed), challengers=())

    with pytest.raises(BundleCorrupt, match="at least one file was changed"):
        resolve_rollout(args)

    assert not list((tmp_path / "home" / "bundles").glob("[!.]*"))


def test_without_a_registry_the_message_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailable, match="make one with `credit tune`"):
        resolve_rollout(ServiceArgs(home=tmp_path))

    assert not (tmp_path / "mlflow").exists()


def test_a_bundle_whose_drift_reference_was_erased_is_served_all_the_same(
    lightgbm_folder: Path,
) -> None:
    assert reference_of(lightgbm_folder) is None
