"""A scikit-learn model that somebody else trained, as a bundle."""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from credit.contract import Contract
from credit.decision import Bundle, save_bundle
from credit.decision.assemble import assemble_bundle
from credit.errors import DataError, SettingsInvalid
from credit.features import FeatureTransform
from credit.models import choose_calibrator
from credit.models.importing import Imported, import_joblib
from credit.settings import Settings
from tune.plan import split_holdout
from tune.rows import Rows
from tune.verification import Verification, flat_metrics, verify

SEED = 42

VERSION = re.compile(rb"_sklearn_version.{1,4}?(\d+\.\d+[\w.]*)", re.DOTALL)
"""How a pickle spells the version that an estimator was saved under."""

MOST_BYTES = 1 << 30
"""A compressed file may claim to hold anything; beyond a gibibyte it is not looked at unopened."""


@dataclass(frozen=True)
class Unopened:
    """What a joblib file tells without being opened.

    Attributes
    ----------
    sklearn
        Versions of scikit-learn that are written in it; empty when none can be read.
    """

    sha256: str
    n_bytes: int
    sklearn: tuple[str, ...]


@dataclass(frozen=True)
class Brought:
    """A model that came in, as a bundle.

    Attributes
    ----------
    mapped
        Columns of the model that are called differently in the contract, with the feature of each.
    n_calibration, n_held_out
        Rows that the calibrator learned from, and rows that verify.
    """

    imported: Imported
    bundle: Bundle
    folder: Path
    verification: Verification
    mapped: Mapping[str, str]
    n_calibration: int
    n_held_out: int


def look_unopened(path: Path) -> Unopened:
    """Read hash and versions from the bytes of a file; nothing in it is run.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    found = {version.decode() for version in VERSION.findall(_unpacked(raw))}
    return Unopened(hashlib.sha256(raw).hexdigest(), len(raw), tuple(sorted(found)))


def _unpacked(raw: bytes) -> bytes:
    """Undo the two compressions that joblib uses by itself."""
    try:
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
        elif raw[:1] == b"\x78":
            raw = zlib.decompressobj().decompress(raw, MOST_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""
    return raw[:MOST_BYTES]


def column_names(contract: Contract) -> dict[str, str]:
    """Other names of features: the column, and its names in files, of each feature that is just a column.

    A name that two features could mean is left out.
    """
    meant: dict[str, set[str]] = {}
    for feature in contract.features:
        if feature.op in ("value", "category") and feature.only is None:
            column = contract.by_name[feature.columns[0]]
            for name in (column.name, *column.source_names):
                meant.setdefault(name, set()).add(feature.name)
    own = set(contract.feature_names)
    return {n: next(iter(f)) for n, f in meant.items() if len(f) == 1 and n not in own}


def bring_in(
    path: Path,
    contract: Contract,
    rows: Rows,
    settings: Settings,
    *,
    expected_sha256: str | None,
    fill: Mapping[str, float],
    bad_class: object,
    convert: bool,
) -> Brought:
    """Open a joblib file, calibrate it, verify it, and save it as a bundle.

    The rows are taken for rows that the model has not learned from. Four fifths fit the calibrator,
    the caps of the transform and the background of reasons; the last fifth verifies.

    Raises
    ------
    BundleIncompatible, DataError
        As :func:`credit.models.importing.import_joblib`; or the model ranks the rows the wrong way
        round, or leaves no background.
    """
    names = column_names(contract)
    imported = import_joblib(
        path,
        contract=contract,
        allow_pickle=True,
        expected_sha256=expected_sha256,
        names=names,
        fill=fill,
        bad_class=bad_class,
        convert=convert,
    )
    calibration, held_out = split_holdout(rows)
    transform = FeatureTransform.fit(contract, calibration.raw)
    model = imported.model
    # One row at a time is for answers; for fitting and judging, the last bits are of no account.
    margins = getattr(model, "quick_margins", model.margins)
    calibrator = choose_calibrator(
        margins(transform.matrix(calibration.raw)),
        calibration.labels,
        weights=calibration.weights,
    )
    prob = calibrator.probabilities(margins(transform.matrix(held_out.raw)))
    verification = verify(held_out.labels, prob, contract.policy.cutoff, seed=SEED)
    bundle = assemble_bundle(
        contract=contract,
        transform=transform,
        model=model,
        calibrator=calibrator,
        raw=calibration.raw,
        labels=calibration.labels,
        seed=SEED,
        parameters={"imported": imported.sha256, "converted": imported.is_converted},
        metrics=flat_metrics(verification),
    )
    return Brought(
        imported=imported,
        bundle=bundle,
        folder=save_bundle(bundle, settings.bundles_path),
        verification=verification,
        mapped=names,
        n_calibration=len(calibration),
        n_held_out=len(held_out),
    )


def register(brought: Brought, contract: Contract, settings: Settings, alias: str) -> str:
    """Register the bundle in MLflow under an alias; return its version.

    Raises
    ------
    RegistryUnavailable
        When MLflow refuses or cannot be reached.
    """
    from tune.leaderboard import Entry, Registered
    from tune.registry import Registry
    from tune.spec import Candidate

    class Unsearched(Entry):
        """Nothing was searched, so there is no AUC of inner folds; the registry leaves NaN out."""

        @property
        def searched_auc(self) -> float:
            return math.nan

    # The family of an imported model has no search space, which a candidate is otherwise checked for.
    candidate = Candidate.model_construct(family=brought.bundle.manifest.family, name="imported")
    entry = Unsearched(
        candidate=candidate,
        board=(),
        front=(),
        bundle=brought.bundle,
        folder=brought.folder,
        verification=brought.verification,
        outer=None,
        registered=Registered(contract.registry_name, "", ""),
    )
    registry = Registry(settings)
    registered = registry.register(contract, entry)
    registry.set_alias(registered, alias)
    return registered.version


def parse_fill(pairs: list[str]) -> dict[str, float]:
    """Read ``feature=value``.

    Raises
    ------
    SettingsInvalid
        Naming what is none.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise SettingsInvalid(f"--fill {pair}: expected FEATURE=NUMBER, such as income=0")
    return found
