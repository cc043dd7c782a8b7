"""The composition root of the service: aliases to bundles, bundles to a rollout, nodes to a graph.

``cluster.service:build`` is the import path of every RayService manifest.
"""

# No postponed annotations in this module: Ray Serve reads the class of build's argument from its
# signature.

from functools import partial
from pathlib import Path

from ray.serve import Application

from cluster.monitor import DriftConsumer
from credit.contract import load_contract
from credit.decision import Rollout, load_bundle
from credit.decision.bundle_files import install_bundle
from credit.records import open_state
from credit.settings import Settings
from serve_app.graph import bind_graph
from serve_app.registry import fetch_alias
from serve_app.rollout import ensure_rollout
from serve_app.settings import ServiceArgs


def build(args: ServiceArgs) -> Application:
    """Bind the graph for the bundles that the arguments name."""
    rollout = resolve_rollout(args)
    make_monitor = partial(DriftConsumer, args, rollout.champion.bundle)
    return bind_graph(args, rollout, make_monitor)


def resolve_rollout(args: ServiceArgs) -> Rollout:
    """Bring the bundles into place and make the rollout row name them.

    Raises
    ------
    RegistryUnavailable
        When an alias cannot be resolved.
    BundleError
        When a bundle cannot be trusted.
    """
    settings = args.settings
    champion = _bundle_hash(args.champion, args.product, settings)
    challengers = [_bundle_hash(name, args.product, settings) for name in args.challengers]
    state = open_state(settings.state)
    try:
        return ensure_rollout(
            state, args.product, champion, challengers, challenger_share=args.challenger_share
        )
    finally:
        state.dispose()


def _bundle_hash(name: str, product: str, settings: Settings) -> str:
    """Hash of a bundle that is named by its folder or by a registry alias."""
    path = Path(name)
    if path.is_dir():
        hash_ = path.resolve().name
        install_bundle(path, settings.bundles_path, hash_)
        return load_bundle(settings.bundles_path / hash_).hash
    return fetch_alias(settings, load_contract(product).registry_name, name)
