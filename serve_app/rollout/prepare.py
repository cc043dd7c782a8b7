"""Bring a bundle into place and try it, before any process that serves is asked to load it.

``python -m serve_app.rollout.prepare PRODUCT NAME CHAMPION`` does it in a process of its own, for those that
must not be kept from answering, nor hold MLflow: the hash comes on standard output, a refusal on standard
error.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from credit.contract import Contract, load_contract
from credit.decision import Bundle, load_bundle
from credit.decision.bundle_files import install_bundle
from credit.decision.golden import check_explanations
from credit.errors import BundleError, BundleIncompatible, CreditError, RolloutRefused
from credit.settings import Settings
from serve_app.registry import fetch_alias, fetch_hash
from serve_app.room import require_room

_HASH_LENGTH = 64
_PATIENCE_S = 300.0


def prepare_bundle(settings: Settings, contract: Contract, name: str) -> str:
    """Find a bundle, check it as every process that serves will, and build what its explainer keeps.

    Parameters
    ----------
    contract
        Of the product; a bundle of another product is refused.
    name
        Folder of a bundle, a registry alias, a hash or the beginning of one that is here.

    Returns
    -------
    Its hash.

    Raises
    ------
    RegistryUnavailable
        When an alias or a hash cannot be resolved.
    BundleError
        When it cannot be trusted, or used for this product.
    """
    hash_ = bring_bundle(settings, contract, name)
    require_room(settings.bundles_path / hash_)
    bundle = load_bundle(settings.bundles_path / hash_, settings.cache_path)
    require_product(bundle, contract)
    for each in (bundle, *bundle.fallbacks.values()):
        check_explanations(each)
    return hash_


def require_product(bundle: Bundle, contract: Contract) -> None:
    """Refuse a bundle that reads an application differently than the service does.

    Raises
    ------
    BundleIncompatible
        Naming both.
    """
    theirs = bundle.contract
    if theirs.product != contract.product:
        raise BundleIncompatible(
            f"bundle {bundle.hash[:12]} scores {theirs.product}, and this is a service of {contract.product}"
        )
    if theirs.digest() != contract.digest():
        raise BundleIncompatible(
            f"bundle {bundle.hash[:12]} was made with another contract than the champion: retrain it "
            f"on contract {contract.product} version {contract.version}"
        )


def contract_of(settings: Settings, hash_: str) -> Contract:
    """Contract of a bundle that is here, such as the champion's, which requests are held against."""
    return Contract.model_validate_json(
        (settings.bundles_path / hash_ / "contract.json").read_bytes()
    )


def prepare_elsewhere(settings: Settings, product: str, name: str, *, champion: str = "") -> str:
    """Run :func:`prepare_bundle` in a process of its own; blocks until it is done.

    Parameters
    ----------
    champion
        Hash of the bundle whose contract holds; without it, the packaged contract of the product.

    Raises
    ------
    RolloutRefused
        With the sentence of whatever refused there.
    """
    if name.startswith("-"):
        raise RolloutRefused("bundle: expected a folder, an alias or a hash")
    environment = {**os.environ, "CREDIT_HOME": str(settings.home)}
    command = [sys.executable, "-m", __name__, product, name, champion]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RolloutRefused(
            f"bundle {name[:12]} could not be tried within {_PATIENCE_S:g} s; nothing was changed"
        ) from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise RolloutRefused(lines[-1] if lines else "the bundle could not be tried")
    return done.stdout.strip()


def bring_bundle(settings: Settings, contract: Contract, name: str) -> str:
    """Bring a bundle into the bundle folder and return its hash; it is not loaded yet.

    Raises
    ------
    RegistryUnavailable, BundleError
        As :func:`prepare_bundle`.
    """
    folder = Path(name)
    if folder.is_dir() and "/" in name:
        hash_ = folder.resolve().name
        install_bundle(folder, settings.bundles_path, hash_)
        return hash_
    here = _beginning_with(settings.bundles_path, name)
    if here is not None:
        return here
    if len(name) == _HASH_LENGTH:
        fetch_hash(settings, contract.registry_name, name)
        return name
    return fetch_alias(settings, contract.registry_name, name)


def _beginning_with(root: Path, name: str) -> str | None:
    """Find the one bundle here whose hash begins so; a short name is an alias."""
    if len(name) < 8 or not set(name) <= set("0123456789abcdef"):  # noqa: PLR2004
        return None
    found = [folder.name for folder in root.glob(f"{name}*") if folder.is_dir()]
    if len(found) > 1:
        raise BundleError(f"{len(found)} bundles begin with {name}: give more of the hash")
    return found[0] if found else None


def _main(product: str, name: str, champion: str) -> int:
    settings = Settings()
    try:
        contract = contract_of(settings, champion) if champion else load_contract(product)
        sys.stdout.write(prepare_bundle(settings, contract, name))
    except CreditError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
