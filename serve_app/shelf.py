"""The bundles that a process holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from credit.decision import Bundle, load_bundle
from credit.errors import BundleUnknown


class BundleShelf:
    """Loads the named bundles and their fallbacks, each checked, and refuses every other hash.

    Parameters
    ----------
    root
        Folder that holds bundles by hash.
    hashes
        The bundles of the rollout.
    cache
        Where explainers keep what takes long to build, shared by the processes of a machine.
    """

    def __init__(self, root: Path, hashes: Iterable[str], cache: Path | None = None) -> None:
        loaded = [load_bundle(root / hash_, cache) for hash_ in hashes]
        self._bundles = {
            bundle.hash: bundle for main in loaded for bundle in (main, *main.fallbacks.values())
        }

    def get(self, hash_: str) -> Bundle:
        """Return a bundle.

        Raises
        ------
        BundleUnknown
            When this process does not hold it.
        """
        try:
            return self._bundles[hash_]
        except KeyError:
            raise BundleUnknown(f"bundle {hash_[:12]} is not loaded here") from None

    def __iter__(self) -> Iterator[Bundle]:
        """Iterate over the bundles."""
        return iter(self._bundles.values())
