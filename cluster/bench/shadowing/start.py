"""Start a service of its own for the measurement, and end it."""

from __future__ import annotations

from collections.abc import Callable

from cluster.bench.own_service import own_service
from cluster.bench.shadowing.effect import ShadowingMeasured
from cluster.local_ray import local_ray
from cluster.running import running_service
from credit.contract import load_contract
from serve_app.openapi import example_application


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
    with (
        # The challenger has no applicants: it is there so that its bundle is.
        own_service(champion, shadow, product, placement, share=0, shadows=True) as args,
        local_ray(serving=True),
        running_service(args, port=0) as running,
    ):
        # Ray reads its environment when it is imported, which this does.
        from cluster.bench.shadowing.run import run_shadowing

        return run_shadowing(
            running,
            args,
            example_application(load_contract(product)),
            rounds=rounds,
            seconds=seconds,
            per_second=per_second,
            advance=advance,
        )
