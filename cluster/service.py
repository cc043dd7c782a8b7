"""The composition root of the service: aliases to bundles, bundles to a rollout, nodes to a graph.

``cluster.service:build`` is the import path of every RayService manifest.
"""

# No postponed annotations in this module: Ray Serve reads the class of build's argument from its
# signature.

from functools import partial

from ray.serve import Application

from cluster.alias_keeper import AliasKeeper
from cluster.monitor import DriftConsumer
from cluster.rollout_guard import RolloutGuard
from cluster.shadow import ShadowHost
from credit.contract import load_contract
from credit.decision import Rollout
from credit.decision.assignment import CHAMPION
from credit.records import open_state
from serve_app.graph import bind_graph
from serve_app.rollout import read_rollout
from serve_app.rollout.operate import ensure_rollout
from serve_app.rollout.prepare import bring_bundle, prepare_bundle
from serve_app.settings import ServiceArgs


def build(args: ServiceArgs) -> Application:
    """Bind the graph for the bundles that the arguments name."""
    rollout = resolve_rollout(args)
    return bind_graph(
        args,
        rollout,
        partial(DriftConsumer, args),
        beside_monitor=(partial(_guard, args), partial(AliasKeeper, args)),
        make_shadows=partial(ShadowHost, args) if args.shadows else None,
    )


def _guard(args: ServiceArgs) -> RolloutGuard:
    settings = args.settings
    return RolloutGuard(settings, open_state(settings.state), args.product)


def resolve_rollout(args: ServiceArgs) -> Rollout:
    """Bring the bundles into place and make the rollout row name them.

    What the arguments do not name stays as the rollout has it: promotions outlive a restart.

    Raises
    ------
    RegistryUnavailable
        When an alias cannot be resolved.
    BundleError
        When a bundle cannot be trusted.
    """
    settings = args.settings
    contract = load_contract(args.product)
    state = open_state(settings.state)
    try:
        known = read_rollout(state, args.product)
        champion = args.champion or (None if known else CHAMPION)
        given = None if args.challengers is None else list(args.challengers)
        for hash_ in () if known is None else known.bundles:
            bring_bundle(settings, contract, hash_)
        return ensure_rollout(
            state,
            args.product,
            None if champion is None else prepare_bundle(settings, contract, champion),
            None if given is None else [prepare_bundle(settings, contract, name) for name in given],
            challenger_share=args.challenger_share,
        )
    finally:
        state.dispose()
