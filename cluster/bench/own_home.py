"""A home that only a measurement has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credit.errors import SettingsInvalid
from credit.settings import Settings


@contextmanager
def own_home(settings: Settings) -> Iterator[Path]:
    """Make a home below the one of these settings, which is gone when the block ends.

    Raises
    ------
    SettingsInvalid
        When databases are named that a service of that home would share with others.
    """
    shared = {"CREDIT_RECORDS_URL": settings.records_url, "CREDIT_STATE_URL": settings.state_url}
    named = [variable for variable, url in shared.items() if url is not None]
    if named:
        raise SettingsInvalid(
            f"{' and '.join(named)}: unset for this, for it changes who answers and records made-up applicants"
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    # Below home, because a temporary folder is often in memory, where a sync costs nothing.
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="bench-") as folder:
        yield Path(folder)
