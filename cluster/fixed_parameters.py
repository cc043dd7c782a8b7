"""Parameters of a family without a search: the middle of its space."""

from __future__ import annotations

import math
from typing import Any

from tune.distributions import Constant, Distribution
from tune.spaces import BOOSTING_STEP, space


def fixed_parameters(name: str) -> dict[str, Any]:
    """Parameters in the middle of a family's search space; one that learns in steps takes half of them."""
    searched = space(name)
    fixed: dict[str, Any] = {
        key: middle(value) if isinstance(value, Distribution) else value
        for key, value in searched.parameters.items()
    }
    if searched.max_steps > 1:
        fixed["num_iterations"] = BOOSTING_STEP * (searched.max_steps // 2)
    return fixed


def middle(distribution: Distribution) -> Constant:
    """Middle of a distribution, on its own scale; of an even number of choices the earlier one."""
    if distribution.choice is not None:
        return distribution.choice[(len(distribution.choice) - 1) // 2]
    if distribution.uniform is not None:
        return sum(distribution.uniform) / 2
    if distribution.loguniform is not None:
        return math.sqrt(math.prod(distribution.loguniform))
    if distribution.integer is not None:
        return round(sum(distribution.integer) / 2)
    return round(math.sqrt(math.prod(distribution.log_integer or ())))
