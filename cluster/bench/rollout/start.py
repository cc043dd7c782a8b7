"""Start a service of its own for the measurement, and end it."""

from __future__ import annotations

from collections.abc import Callable

from cluster.bench.own_service import own_service
from cluster.bench.rollout.plan import Plan, RolloutMeasured
from cluster.local_ray import local_ray
from cluster.running import running_service
from credit.contract import load_contract
from serve_app.openapi import example_application


def measure_rollout(
    champion: str,
    challenger: str,
    product: str,
    placement: str,
    plan: Plan,
    *,
    advance: Callable[[str], None],
) -> RolloutMeasured:
    """Measure with two bundles of this home, in a home below it.

    Raises
    ------
    RegistryUnavailable, BundleError
        When a bundle cannot be used.
    SettingsInvalid
        When it would share databases with others.
    ServiceUnavailable
        When the service does not start.
    """
    with (
        own_service(champion, challenger, product, placement, share=250) as args,
        local_ray(serving=True),
        running_service(args, port=0) as running,
    ):
        # Ray reads its environment when it is imported, which this does.
        from cluster.bench.rollout.run import run_rollout

        advance("changing")
        row = example_application(load_contract(product))
        # From now on the rollout decides, as it does for a service that is deployed again.
        deployed = args.model_copy(update={"champion": None, "challengers": None})
        return run_rollout(running, deployed, [row], plan, advance=advance)
