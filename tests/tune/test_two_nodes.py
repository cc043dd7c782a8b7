"""Where a trial runs is of no account: two nodes find what one finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cluster.local_ray import local_ray, prepare_environment
from credit.contract import Contract
from tests.tune.folds import folds_of
from tune.rows import Rows
from tune.spec import SweepSpec

pytestmark = [pytest.mark.ray, pytest.mark.full]


def test_two_nodes_find_the_same_best_trial_as_one(
    rows: Rows, contract: Contract, tmp_path: Path
) -> None:
    prepare_environment(None)
    import ray
    from ray.cluster_utils import Cluster

    folds = folds_of(rows, contract, n_folds=3, seed=1)
    with local_ray(serving=False):
        alone = _figures(folds, contract, tmp_path / "one")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        assert len([node for node in ray.nodes() if node["Alive"]]) == 3
        together = _figures(folds, contract, tmp_path / "two")
    finally:
        ray.shutdown()
        cluster.shutdown()

    assert together == alone


def _figures(folds: list[Any], contract: Contract, storage: Path) -> list[Any]:
    from tune.sweep import Search, run_search

    spec = SweepSpec.model_validate(
        {
            "candidates": [
                {
                    "family": "lightgbm",
                    "trials": 3,
                    "parameters": {"max_depth": 3, "num_leaves": {"integer": [3, 7]}},
                }
            ],
            "concurrent": 1,
            "seed": 5,
        }
    )
    search = Search(spec, spec.candidates[0], contract, storage, "same")
    board = run_search(search, folds, on_progress=lambda progress: None)
    return [(trial.steps, trial.best) for trial in board]
