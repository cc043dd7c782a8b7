"""A service that only a measurement has: two bundles, in a home that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credit.contract import load_contract
from credit.errors import SettingsInvalid
from credit.settings import Settings
from serve_app.rollout.prepare import prepare_bundle
from serve_app.settings import ServiceArgs


@contextmanager
def own_service(
    champion: str,
    challenger: str,
    product: str,
    placement: str,
    *,
    share: int,
    shadows: bool = False,
) -> Iterator[ServiceArgs]:
    """Give the arguments of a service of two bundles of this home, in a home below it.

    Parameters
    ----------
    champion, challenger
        Alias, hash or folder of a bundle.
    share
        Applicants out of 1,000 for the challenger.

    Raises
    ------
    RegistryUnavailable, BundleError
        When a bundle cannot be used.
    SettingsInvalid
        When databases are named that the service would share with others.
    """
    settings = Settings()
    shared = {"CREDIT_RECORDS_URL": settings.records_url, "CREDIT_STATE_URL": settings.state_url}
    named = [variable for variable, url in shared.items() if url is not None]
    if named:
        raise SettingsInvalid(
            f"{' and '.join(named)}: unset for this, for it changes who answers and records made-up applicants"
        )
    contract = load_contract(product)
    folders = [
        str(settings.bundles_path / prepare_bundle(settings, contract, name))
        for name in (champion, challenger)
    ]
    settings.home.mkdir(parents=True, exist_ok=True)
    # Below home, because a temporary folder is often in memory, where a sync costs nothing.
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="bench-") as folder:
        yield ServiceArgs.model_validate(
            {
                "product": product,
                "home": Path(folder),
                "placement": placement,
                "champion": folders[0],
                "challengers": (folders[1],),
                "challenger_share": share,
                "shadows": shadows,
            }
        )
