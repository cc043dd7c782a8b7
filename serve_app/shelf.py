"""The bundles that a process holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from credit.decision import Bundle, load_bundle
from credit.errors import BundleUnknown
from serve_app.room import require_room


class BundleShelf:
    """Holds the named bundles and their fallbacks, each checked, and refuses every other hash.

    Parameters
    ----------
    root
        Folder that holds bundles by hash.
    hashes
        The bundles to begin with.
    cache
        Where explainers keep what takes long to build, shared by the processes of a machine.
    try_out
        Called with each bundle before it is on the shelf; what it raises keeps it off.
    fetch
        Called with the hash of a bundle that the folder does not hold, to bring it there.
    """

    def __init__(
        self,
        root: Path,
        hashes: Iterable[str] = (),
        cache: Path | None = None,
        try_out: Callable[[Bundle], object] = lambda bundle: None,
        fetch: Callable[[str], object] = lambda hash_: None,
    ) -> None:
        self._root = root
        self._cache = cache
        self._try_out = try_out
        self._fetch = fetch
        self._main: Mapping[str, Bundle] = {}
        self._all: Mapping[str, Bundle] = {}
        self.hold(hashes)

    def get(self, hash_: str) -> Bundle:
        """Return a bundle.

        Raises
        ------
        BundleUnknown
            When this process does not hold it.
        """
        try:
            return self._all[hash_]
        except KeyError:
            raise BundleUnknown(f"bundle {hash_[:12]} is not loaded here") from None

    def hold(self, hashes: Iterable[str]) -> None:
        """Load those that are not held yet; all or none of them come onto the shelf.

        May run in a thread beside those who ask: they see the shelf as it was until all is ready.

        Raises
        ------
        BundleError
            When one cannot be trusted or used; the shelf is as before.
        """
        missing = [hash_ for hash_ in dict.fromkeys(hashes) if hash_ not in self._main]
        new = {hash_: self._load(hash_) for hash_ in missing}
        for bundle in new.values():
            self._try_out(bundle)
        self._put({**self._main, **new})

    def keep(self, hashes: Iterable[str]) -> None:
        """Let go of all other bundles; their memory is free when the last request with one is answered."""
        kept = set(hashes)
        self._put({hash_: bundle for hash_, bundle in self._main.items() if hash_ in kept})

    @property
    def held(self) -> frozenset[str]:
        """Hashes of the bundles, without their fallbacks."""
        return frozenset(self._main)

    def __iter__(self) -> Iterator[Bundle]:
        """Iterate over the bundles and their fallbacks."""
        return iter(self._all.values())

    def _load(self, hash_: str) -> Bundle:
        folder = self._root / hash_
        if not folder.is_dir():
            self._fetch(hash_)
        require_room(folder)
        return load_bundle(folder, self._cache)

    def _put(self, main: Mapping[str, Bundle]) -> None:
        every = {
            bundle.hash: bundle
            for each in main.values()
            for bundle in (each, *each.fallbacks.values())
        }
        self._main, self._all = main, every
