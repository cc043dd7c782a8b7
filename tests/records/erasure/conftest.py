from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credit.records import LocalKeyFile, Location
from credit.records.erasure import ErasureOutcome, RetentionPolicy, erase
from credit.records.proof.signing import LocalSigningKey
from tests.records.erasure.policies import policy

TODAY = date(2027, 1, 15)

Erase = Callable[..., ErasureOutcome]


@pytest.fixture
def signer(tmp_path: Path) -> LocalSigningKey:
    return LocalSigningKey(tmp_path / "var" / "signing.json", tmp_path / "var" / "public.json")


@pytest.fixture
def free() -> RetentionPolicy:
    """A policy that demands nothing."""
    return policy()


@pytest.fixture
def erase_now(
    location: Location, keys: LocalKeyFile, signer: LocalSigningKey, free: RetentionPolicy
) -> Erase:
    """`erase` with what most tests give it."""

    def call(**changes: Any) -> ErasureOutcome:
        arguments: dict[str, Any] = {
            "tenant": "default",
            "policy": free,
            "today": TODAY,
            "bundles": (),
        }
        return erase(location, keys, signer, **(arguments | changes))

    return call
