"""MLflow's aliases follow the rollout: whoever asks the registry for the champion gets the one that answers."""

from __future__ import annotations

from credit.contract import Contract
from credit.decision import Rollout
from credit.settings import Settings
from serve_app.registry import point_alias


def follow_aliases(settings: Settings, contract: Contract, rollout: Rollout) -> list[str]:
    """Point the alias of each arm at the version that holds its bundle.

    Returns
    -------
    Arms whose bundle no version holds, such as one that was named by its folder.

    Raises
    ------
    RegistryUnavailable
        When the registry is not there: the rollout holds all the same.
    """
    return [
        arm.name
        for arm in rollout.arms
        if not point_alias(settings, contract.registry_name, arm.name, arm.bundle)
    ]
