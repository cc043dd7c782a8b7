"""Find the bundle that a record was pinned to."""

from __future__ import annotations

from pathlib import Path

from credit.decision.bundle import Bundle
from credit.decision.bundle_files import FALLBACK_FOLDER, load_bundle
from credit.decision.golden import check_explanations
from credit.errors import BundleError, BundleUnknown


class BundleFolder:
    """Loads bundles by hash, each once, its golden scores and explanations checked.

    Also those that lie inside another as its fallback: a decision without a withheld source was made
    by one of them. Not safe to share between threads.

    Parameters
    ----------
    root
        Folder that holds bundles by hash.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._loaded: dict[str, Bundle | BundleError] = {}

    def get(self, hash_: str) -> Bundle:
        """Give a bundle.

        Raises
        ------
        BundleUnknown
            It is not here; the message says where it was looked for, and where to get it.
        BundleError
            It cannot be trusted or scores differently here.
        """
        if hash_ not in self._loaded:
            self._loaded[hash_] = self._load(hash_)
        found = self._loaded[hash_]
        if isinstance(found, BundleError):
            raise type(found)(*found.args)
        return found

    def _load(self, hash_: str) -> Bundle | BundleError:
        inside = sorted(self._root.glob(f"*/{FALLBACK_FOLDER}/{hash_}")) if hash_.isalnum() else []
        places = [path for path in (self._root / hash_, *inside) if path.is_dir()]
        if not places or not hash_.isalnum():
            return BundleUnknown(
                f"bundle {hash_[:12]} is not in {self._root}; fetch it from the registry"
            )
        try:
            bundle = load_bundle(places[0])
            check_explanations(bundle)
        except BundleError as error:
            return error
        return bundle
