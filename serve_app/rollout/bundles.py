"""The shelf of a process that follows the rollout."""

from __future__ import annotations

from credit.contract import Contract
from credit.decision import Bundle
from credit.decision.golden import check_explanations
from credit.settings import Settings
from serve_app.rollout.prepare import prepare_elsewhere, require_product
from serve_app.shelf import BundleShelf


def rollout_shelf(settings: Settings, product: str, *, explains: bool) -> BundleShelf:
    """Make an empty shelf whose bundles all read an application alike; they come from the registry if need be.

    Parameters
    ----------
    explains
        Whether this process gives reasons: then a bundle is ready when its golden explanations are right.
    """
    contracts: list[Contract] = []

    def try_out(bundle: Bundle) -> None:
        contracts.append(bundle.contract)
        require_product(bundle, contracts[0])
        if explains:
            require_explained(bundle)

    def fetch(hash_: str) -> None:
        prepare_elsewhere(settings, product, hash_)

    return BundleShelf(settings.bundles_path, (), settings.cache_path, try_out, fetch)


def require_explained(bundle: Bundle) -> None:
    """Build the explainers of a bundle and its fallbacks, and refuse one whose golden reasons differ.

    Raises
    ------
    BundleIncompatible
        Naming the first golden row that differs.
    """
    for each in (bundle, *bundle.fallbacks.values()):
        check_explanations(each)
