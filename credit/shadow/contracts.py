"""Under which contract a bundle decided."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from credit.contract import Contract
from credit.decision.bundle_files import FALLBACK_FOLDER


class ContractDigests:
    """Digest of the contract of each bundle in a folder, read once; the bundle itself is not loaded.

    A fallback's is that of the bundle that it lies in, for it reads the same application.

    Parameters
    ----------
    root
        Folder that holds bundles by hash.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[str, str] = {}

    def __call__(self, hash_: str) -> str | None:
        """Return the digest; None while the bundle is not here."""
        if hash_ not in self._known:
            found = self._read(hash_)
            if found is None:
                return None
            self._known[hash_] = found
        return self._known[hash_]

    def _read(self, hash_: str) -> str | None:
        if not hash_.isalnum():
            return None
        outer = sorted(
            path.parent.parent for path in self._root.glob(f"*/{FALLBACK_FOLDER}/{hash_}")
        )
        for folder in (self._root / hash_, *outer):
            try:
                return Contract.model_validate_json(
                    (folder / "contract.json").read_bytes()
                ).digest()
            except (OSError, ValidationError):
                continue
        return None
