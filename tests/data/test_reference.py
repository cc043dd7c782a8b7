"""A reference is what its name says, or is refused."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from credit.data.reference import load_reference, make_reference, save_reference
from credit.errors import BundleCorrupt, DataError

VALUES = st.floats(allow_infinity=False)
TABLES = arrays(np.float64, st.tuples(st.integers(1, 5), st.just(2)), elements=VALUES)
NAMES = ("income", "größe")


@given(rows=TABLES)
def test_it_comes_back_as_it_was_saved(
    rows: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    saved = make_reference(NAMES, rows)

    loaded = load_reference(save_reference(saved, tmp_path_factory.mktemp("references")))

    assert loaded.sha256 == saved.sha256
    assert loaded.feature_names == NAMES
    np.testing.assert_array_equal(loaded.rows, rows)


def test_the_file_is_named_by_its_content_and_private(tmp_path: Path) -> None:
    reference = make_reference(NAMES, [[1.0, 2.0]])

    path = save_reference(reference, tmp_path / "references")

    assert path.name == f"{reference.sha256}.npz"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == reference.sha256
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """Whatever the layout, the sign of zero, the spelling of NaN, and who wrote it before."""
    rows = np.array([[0.0, np.nan], [1.0, 2.0]])
    other_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)[0]
    same = np.asfortranarray([[-0.0, other_nan], [1.0, 2.0]])

    first = save_reference(make_reference(NAMES, rows), tmp_path / "one")
    second = save_reference(make_reference(list(NAMES), same), tmp_path / "other")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("names", "rows"),
    [(NAMES, [[1.0, 3.0]]), (("income", "age"), [[1.0, 2.0]]), (NAMES, [[1.0, 2.0]] * 2)],
)
def test_other_content_gets_another_name(names: tuple[str, ...], rows: list[list[float]]) -> None:
    assert make_reference(names, rows).sha256 != make_reference(NAMES, [[1.0, 2.0]]).sha256


def test_one_changed_byte_is_refused_wherever_it_is(tmp_path: Path) -> None:
    path = save_reference(make_reference(NAMES, [[1.0, 2.0]]), tmp_path)
    content = path.read_bytes()

    for index in range(len(content)):
        changed = bytearray(content)
        changed[index] ^= 1
        path.write_bytes(changed)

        with pytest.raises(BundleCorrupt, match=r"was changed: its name promises SHA-256"):
            load_reference(path)


def test_an_honest_name_does_not_make_a_pickle_welcome(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, feature_names=np.array(NAMES), rows=np.array([[object(), 1]], dtype=object))
    path = tmp_path / f"{hashlib.sha256(buffer.getvalue()).hexdigest()}.npz"
    path.write_bytes(buffer.getvalue())

    with pytest.raises(BundleCorrupt, match="is not a drift reference"):
        load_reference(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x05\x06" + bytes(18)])
def test_another_file_under_an_honest_name_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / f"{hashlib.sha256(content).hexdigest()}.npz"
    path.write_bytes(content)

    with pytest.raises(BundleCorrupt, match="is not a drift reference"):
        load_reference(path)


def test_an_erased_reference_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make one from newer rows"):
        load_reference(tmp_path / "gone.npz")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1.0]], r"at least one row of 2 features, came an array of shape \(1, 1\)"),
        (np.empty((0, 2)), r"came an array of shape \(0, 2\)"),
        ([1.0, 2.0], r"came an array of shape \(2,\)"),
        ([[1.0, np.inf]], "infinite values in größe"),
    ],
)
def test_rows_that_cannot_be_compared_are_refused(rows: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_reference(NAMES, rows)  # type: ignore[arg-type]


def test_it_shows_no_row_and_lets_none_be_changed() -> None:
    reference = make_reference(NAMES, [[4321.0, 2.0]])

    assert "4321" not in repr(reference)
    with pytest.raises(ValueError, match="read-only"):
        reference.rows[0, 0] = 0
