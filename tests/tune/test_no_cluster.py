"""A test that is not marked ``ray`` cannot start a cluster, not even by accident."""

from __future__ import annotations

import pytest
import ray
import ray.tune


def test_starting_ray_by_name_is_refused() -> None:
    with pytest.raises(AssertionError, match="this test started Ray: mark it `ray`"):
        ray.init()


def test_starting_ray_by_the_way_is_refused() -> None:
    """Ray starts itself on first use of many of its functions."""
    with pytest.raises(AssertionError, match="this test started Ray"):
        ray.put(1)
