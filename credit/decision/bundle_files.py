"""A bundle as a folder: written once, checked at every load.

``<hash>/`` holds the files that make the hash. A folder ``reference/`` beside them may hold the
drift reference: rows of people, so it lies outside the hash and can be erased without breaking the
bundle. ``fallbacks/`` holds whole bundles for applicants who withhold a source; the hashes of these are
part of the content.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from credit.contract.model import Contract
from credit.decision.bundle import FORMAT, Bundle, Golden, Manifest
from credit.decision.golden import check_scores
from credit.decision.members import load_model
from credit.errors import (
    BundleCorrupt,
    BundleError,
    BundleIncompatible,
    BundleUnknown,
    CreditError,
    InvalidInput,
)
from credit.features import FeatureTransform
from credit.models.calibration import calibrator_from_json, calibrator_to_json
from credit.scorecard import ScoreScale

REFERENCE_FOLDER = "reference"
FALLBACK_FOLDER = "fallbacks"
FALLBACKS = "fallbacks.json"


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over names and contents of the files, in name order."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def bundle_to_files(bundle: Bundle) -> dict[str, bytes]:
    """Serialise every part."""
    fallbacks = {name: fallback.hash for name, fallback in bundle.fallbacks.items()}
    named = {FALLBACKS: msgspec.json.encode(fallbacks, order="sorted")} if fallbacks else {}
    return {
        **bundle.model.to_files(),
        **named,
        "contract.json": bundle.contract.canonical_json(),
        "features.json": msgspec.json.encode({"caps": bundle.transform.caps}, order="sorted"),
        "calibrator.json": calibrator_to_json(bundle.calibrator),
        "scale.json": msgspec.json.encode(bundle.scale),
        "background.npy": _npy(bundle.background),
        "golden.json": msgspec.json.encode(bundle.golden),
        "manifest.json": msgspec.json.encode(bundle.manifest, order="sorted"),
    }


def save_bundle(bundle: Bundle, root: Path) -> Path:
    """Write a bundle below ``root`` under its hash; an existing one is left alone.

    The folder appears whole or not at all.
    """
    files = bundle_to_files(bundle)
    target = root / content_hash(files)
    if target.is_dir():
        return target
    root.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=root, prefix=".partial-"))
    try:
        for name, content in files.items():
            (partial / name).write_bytes(content)
        for fallback in bundle.fallbacks.values():
            save_bundle(fallback, partial / FALLBACK_FOLDER)
        partial.chmod(0o755)
        os.replace(partial, target)
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        if not target.is_dir():  # otherwise another process wrote the same bundle first
            raise
    return target


def install_bundle(source: Path, root: Path, expected: str) -> None:
    """Copy a bundle below ``root`` under its hash; it is checked before it appears there.

    Parameters
    ----------
    source
        A bundle folder under any name; a drift reference in it comes along.
    expected
        The hash that the bundle is known by.

    Raises
    ------
    BundleError
        As :func:`load_bundle`.
    """
    if (root / expected).is_dir():
        return
    _require_hash(content_hash(_read(source)), expected)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".partial-") as partial:
        copy = Path(partial) / expected
        shutil.copytree(source, copy)
        load_bundle(copy)
        copy.rename(root / expected)


def load_bundle(path: Path, cache: Path | None = None) -> Bundle:
    """Load a bundle, after its hash and its golden rows were checked.

    Parameters
    ----------
    cache
        Where its explainer may keep what takes long to build.

    Raises
    ------
    BundleUnknown
        When there is no such folder.
    BundleCorrupt
        When a file was changed, added or removed.
    BundleIncompatible
        When its format is not known here, or its golden rows score differently.
    """
    files = _read(path)
    found = content_hash(files)
    _require_hash(found, path.name)
    bundle = _parse(found, files, path / FALLBACK_FOLDER, cache)
    try:
        check_scores(bundle)
    except InvalidInput as error:
        raise BundleIncompatible(
            f"bundle {found[:12]}: a golden row breaks the contract as it is read here: {error}"
        ) from error
    return bundle


def _require_hash(found: str, expected: str) -> None:
    if found != expected:
        raise BundleCorrupt(
            f"bundle {expected[:12]}: its content hashes to {found[:12]}, so at least one file was changed; "
            "fetch it again from the registry"
        )


def _read(path: Path) -> dict[str, bytes]:
    if not path.is_dir():
        raise BundleUnknown(f"there is no bundle at {path}")
    beside = (REFERENCE_FOLDER, FALLBACK_FOLDER)
    content = [entry for entry in path.iterdir() if entry.name not in beside]
    folders = [entry.name for entry in content if entry.is_dir()]
    if folders:
        raise BundleCorrupt(f"bundle {path.name[:12]}: it holds no folder {folders[0]}; remove it")
    return {file.name: file.read_bytes() for file in content}


def _parse(
    found: str, files: Mapping[str, bytes], fallback_root: Path, cache: Path | None
) -> Bundle:
    try:
        manifest = msgspec.json.decode(files["manifest.json"], type=Manifest)
        if manifest.format != FORMAT:
            raise BundleIncompatible(
                f"bundle {found[:12]} has format {manifest.format}; this version reads {FORMAT}"
            )
        contract = Contract.model_validate_json(files["contract.json"])
        caps = msgspec.json.decode(files["features.json"], type=dict[str, dict[str, float]])["caps"]
        return Bundle(
            hash_=found,
            contract=contract,
            transform=FeatureTransform(contract, caps),
            model=load_model(manifest.family, files),
            calibrator=calibrator_from_json(files["calibrator.json"]),
            scale=msgspec.json.decode(files["scale.json"], type=ScoreScale),
            background=np.load(io.BytesIO(files["background.npy"]), allow_pickle=False),
            golden=msgspec.json.decode(files["golden.json"], type=Golden),
            manifest=manifest,
            fallbacks=_fallbacks(files, fallback_root, cache),
            cache=cache,
        )
    except BundleError:
        raise
    except (CreditError, KeyError, ValueError, EOFError) as error:
        raise BundleIncompatible(f"bundle {found[:12]} cannot be read: {error}") from error


def _fallbacks(files: Mapping[str, bytes], root: Path, cache: Path | None) -> dict[str, Bundle]:
    if FALLBACKS not in files:
        return {}
    named = msgspec.json.decode(files[FALLBACKS], type=dict[str, str])
    return {name: load_bundle(root / hash_, cache) for name, hash_ in named.items()}


def _npy(array: npt.NDArray[np.float64]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()
