"""Start a service of its own for the measurement, and end it."""

from __future__ import annotations

from collections.abc import Callable

from cluster.bench.own_home import own_home
from cluster.bench.shadowing.effect import ShadowingMeasured
from cluster.local_ray import local_ray
from cluster.running import running_service
from credit.contract import load_contract
from credit.settings import Settings
from serve_app.openapi import example_application
from serve_app.rollout.prepare import prepare_bundle
from serve_app.settings import ServiceArgs


def measure_shadowing(
    champion: str,
    shadow: str,
    product: str,
    placement: str,
    *,
    rounds: int,
    seconds: float,
    per_second: float,
    advance: Callable[[str], None],
) -> ShadowingMeasured:
    """Measure with two bundles of this home, in a home below it.

    Raises
    ------
    RegistryUnavailable, BundleError
        When a bundle cannot be used.
    SettingsInvalid
        When it would share databases with others.
    ServiceUnavailable
        When the service does not start, or its process for shadows does not come back.
    """
    settings = Settings()
    contract = load_contract(product)
    hashes = [prepare_bundle(settings, contract, name) for name in (champion, shadow)]
    folders = [str(settings.bundles_path / hash_) for hash_ in hashes]
    with own_home(settings) as home:
        args = ServiceArgs.model_validate(
            {
                "product": product,
                "home": home,
                "placement": placement,
                "champion": folders[0],
                # A challenger without applicants, so that its bundle is there.
                "challengers": (folders[1],),
                "challenger_share": 0,
                "shadows": True,
            }
        )
        with local_ray(serving=True), running_service(args, port=0) as running:
            # Ray reads its environment when it is imported, which this does.
            from cluster.bench.shadowing.run import run_shadowing

            return run_shadowing(
                running,
                args,
                example_application(contract),
                hashes[1],
                rounds=rounds,
                seconds=seconds,
                per_second=per_second,
                advance=advance,
            )
