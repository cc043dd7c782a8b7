"""Which calibrator a sample gets, and how it travels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given

from credit.errors import BundleCorrupt, BundleIncompatible, DataError, SettingsInvalid
from credit.metrics.sample import FloatArray
from credit.models import Calibrator
from credit.models.base import Labels
from credit.models.calibration import (
    Beta,
    Isotonic,
    Platt,
    calibrator_from_json,
    calibrator_to_json,
    choose_calibrator,
)
from tests.models.calibrators import CALIBRATORS, bent_sample, sample


def with_bads(draw: tuple[FloatArray, Labels], n_bads: int) -> tuple[FloatArray, Labels]:
    """Keep so many bads, and goods in proportion."""
    margins, labels = draw
    bads, goods = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    n_goods = int(len(goods) * n_bads / len(bads))
    kept = np.concatenate((bads[:n_bads], goods[:n_goods]))
    return margins[kept], labels[kept]


def test_few_bads_carry_platt_scaling_also_of_bent_margins() -> None:
    assert isinstance(choose_calibrator(*with_bads(bent_sample(1, 8_000), 499)), Platt)


def test_some_hundred_bads_of_a_booster_s_margins_get_beta_calibration() -> None:
    assert isinstance(choose_calibrator(*with_bads(sample(2, n=8_000), 500)), Beta)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_noise_alone_does_not_win_for_isotonic(seed: int) -> None:
    """Margins are the true log-odds: whatever isotonic calibration bends here is noise."""
    assert isinstance(choose_calibrator(*sample(seed, n=20_000)), Beta)


def test_bent_margins_of_many_bads_get_isotonic() -> None:
    assert isinstance(choose_calibrator(*bent_sample(6, 20_000)), Isotonic)


def test_the_choice_follows_the_weights() -> None:
    """Bent rows count for nothing beside straight ones of a thousandfold weight."""
    straight, labels = sample(7, n=20_000)
    bent, bent_labels = bent_sample(8, 20_000)
    margins, both = np.concatenate((straight, bent)), np.concatenate((labels, bent_labels))
    weights = np.repeat([1.0, 1e-3], 20_000)

    assert isinstance(choose_calibrator(margins, both, weights=weights), Beta)
    assert isinstance(choose_calibrator(margins, both, weights=weights[::-1]), Isotonic)


@pytest.mark.parametrize(
    ("method", "kind"), [("platt", Platt), ("beta", Beta), ("isotonic", Isotonic)]
)
def test_a_named_method_is_taken(method: str, kind: type[Calibrator]) -> None:
    margins, labels = sample(9)

    assert choose_calibrator(margins, labels, method=method) == kind.fit(margins, labels)  # type: ignore[arg-type]


def test_fit_of_the_common_class_chooses() -> None:
    margins, labels = sample(10)

    assert Calibrator.fit(margins, labels) == choose_calibrator(margins, labels)


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(
        SettingsInvalid, match="one of auto, platt, beta, isotonic, came 'temperature'"
    ):
        choose_calibrator(*sample(9), method="temperature")  # type: ignore[arg-type]


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="expected both goods and bads"):
        choose_calibrator(np.array([0.0, 1.0]), np.array([0, 0], dtype=np.int8))


@given(calibrator=CALIBRATORS)
def test_json_keeps_method_and_bits(calibrator: Calibrator) -> None:
    again = calibrator_from_json(calibrator_to_json(calibrator))

    assert type(again) is type(calibrator)
    assert again == calibrator


def test_the_first_bundles_name_no_method() -> None:
    found = calibrator_from_json(b'{"slope":1.25,"intercept":-0.5}')

    assert found == Platt(slope=1.25, intercept=-0.5)


def test_the_method_is_named_in_json() -> None:
    assert calibrator_to_json(Platt(slope=1.0, intercept=2.0)) == (
        b'{"method":"platt","slope":1.0,"intercept":2.0}'
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not a calibrator: "),
        (b"[]", "not a calibrator: "),
        (b'{"slope":1.0}', "not a calibrator: .*`intercept`"),
        (b'{"method":"beta","a":1.0,"b":1.0}', "not a calibrator: .*`c`"),
        (b'{"method":"platt","slope":"1","intercept":0}', "not a calibrator: .*slope"),
        (b'{"slope":-1.0,"intercept":0.0}', "slope must be positive"),
        (b'{"method":"beta","a":-1.0,"b":1.0,"c":0}', "a and b must be positive"),
        (b'{"method":"isotonic","margins":[0,0],"levels":[0,1],"slope":1}', "rise strictly"),
    ],
)
def test_damaged_files_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(BundleCorrupt, match=message):
        calibrator_from_json(content)


def test_a_method_of_a_later_version_is_refused() -> None:
    with pytest.raises(BundleIncompatible, match="'spline'; this version reads platt, beta, iso"):
        calibrator_from_json(b'{"method":"spline","knots":[]}')


def test_a_process_that_only_scores_loads_no_optimiser() -> None:
    script = (
        "import sys\n"
        "from credit.models.calibration import calibrator_from_json\n"
        'calibrator_from_json(b\'{"slope":1.0,"intercept":0.0}\').probability(0.0)\n'
        "print(sorted({'scipy', 'sklearn'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
