"""Samples of people beside model bundles."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from credit.data.reference import Reference, load_reference, make_reference, save_reference
from credit.errors import BundleCorrupt, RecordError
from credit.records import RecordReader, RecordWriter
from credit.records.erasure import samples
from credit.records.erasure.samples import bundles_to_retrain, clean_samples
from tests.records.erasure.conftest import Erase
from tests.records.samples import FEATURES, everything, new_record

NAMES = ("a", "b", "c")
OTHERS = [[1.0, 2.0, 3.0], [-0.5, float("nan"), 0.0]]
NEARLY = [FEATURES[0], FEATURES[1], np.nextafter(FEATURES[2], 1.0)]
"""One bit away from the vector of the records."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "bundles"


def put(root: Path, rows: list[list[float]], bundle: str = "b" * 64) -> Path:
    return save_reference(make_reference(NAMES, rows), root / bundle / "reference")


def left(root: Path) -> Reference:
    [file] = (root / ("b" * 64) / "reference").iterdir()
    return load_reference(file)


def test_an_erasure_removes_the_rows_of_the_person_and_no_other(
    writer: RecordWriter, root: Path, erase_now: Erase
) -> None:
    put(root, [OTHERS[0], FEATURES, NEARLY, FEATURES, OTHERS[1]])
    writer.append(new_record()).result()

    done = erase_now(applicant_id="applicant-1", bundles=[root])

    rest = left(root)
    np.testing.assert_array_equal(rest.rows, [OTHERS[0], NEARLY, OTHERS[1]])
    [sample] = done.samples
    assert (sample.folder, sample.sha256) == ("b" * 64, rest.sha256)
    assert (sample.n_removed, sample.n_left) == (2, 3)


def test_copies_below_every_folder_are_cleaned(root: Path, tmp_path: Path) -> None:
    """A registry keeps bundles under other names, a bundle its fallbacks in itself."""
    other = tmp_path / "registry"
    for where in (root, root / "x" / "fallbacks", other / "1" / "artifacts"):
        put(where, [FEATURES, *OTHERS])

    done = clean_samples([root, other, tmp_path / "absent"], [FEATURES])

    assert [sample.n_removed for sample in done] == [1, 1, 1]


def test_a_bundle_without_the_person_is_left_alone(root: Path) -> None:
    path = put(root, OTHERS)
    before = path.stat()

    assert clean_samples([root], [FEATURES]) == ()
    assert path.stat() == before


def test_zero_and_missing_have_one_spelling() -> None:
    """What the scorer sees as -0.0 the reference holds as 0.0, and NaN has many bit patterns."""
    odd_nan = np.array([0x7FF8_0000_0000_0001], dtype=np.uint64).view(np.float64)[0]

    assert samples._spelling([-0.0, odd_nan]) == samples._spelling([0.0, float("nan")])
    assert samples._spelling([0.0]) != samples._spelling([5e-324])


def test_a_reference_without_rows_is_gone(root: Path) -> None:
    path = put(root, [FEATURES])

    [sample] = clean_samples([root], [FEATURES])

    assert (sample.sha256, sample.n_left) == (None, 0)
    assert list(path.parent.iterdir()) == []


def test_the_old_file_is_overwritten_before_it_is_deleted(root: Path) -> None:
    path = put(root, [FEATURES, *OTHERS])
    size = path.stat().st_size
    with path.open("rb") as open_before:
        clean_samples([root], [FEATURES])

        assert open_before.read() == bytes(size)


def test_a_run_that_was_cut_off_is_finished_by_the_next(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, [FEATURES, *OTHERS])

    def cut(path: Path) -> None:
        raise KeyboardInterrupt

    for place in ("pathlib.Path.rename", "credit.records.erasure.samples._shred"):
        with monkeypatch.context() as patch:
            patch.setattr(place, cut if place.endswith("_shred") else lambda *_: cut(Path()))
            with pytest.raises(KeyboardInterrupt):
                clean_samples([root], [FEATURES])

    clean_samples([root], [FEATURES])

    np.testing.assert_array_equal(left(root).rows, OTHERS)


def test_a_background_with_the_person_is_reported_and_not_touched(
    writer: RecordWriter, root: Path, erase_now: Erase
) -> None:
    for bundle, rows in (("with", [FEATURES, *OTHERS]), ("without", OTHERS)):
        (root / bundle).mkdir(parents=True)
        np.save(root / bundle / "background.npy", np.array(rows))
    before = (root / "with" / "background.npy").read_bytes()
    writer.append(new_record()).result()

    done = erase_now(applicant_id="applicant-1", bundles=[root])

    assert done.retrain == ("with",)
    assert (root / "with" / "background.npy").read_bytes() == before


def test_a_sample_that_cannot_be_searched_stops_the_erasure(
    writer: RecordWriter, reader: RecordReader, root: Path, erase_now: Erase, location: object
) -> None:
    path = put(root, [FEATURES, *OTHERS])
    path.write_bytes(path.read_bytes() + b"x")
    writer.append(new_record()).result()

    with pytest.raises(BundleCorrupt, match="was changed"):
        erase_now(applicant_id="applicant-1", bundles=[root])

    assert reader.why_closed(everything(location)) == [None]  # type: ignore[arg-type]


def test_a_background_that_is_no_array_is_explained(root: Path) -> None:
    root.mkdir()
    (root / "background.npy").write_bytes(b"not an array")

    with pytest.raises(
        RecordError, match=r"could not be searched and cleaned.*No key was destroyed"
    ):
        bundles_to_retrain([root], [FEATURES])


def test_a_folder_that_cannot_be_written_is_explained(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, [FEATURES, *OTHERS])

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(RecordError, match="No space left on device"):
        clean_samples([root], [FEATURES])
