"""A process that starts where all was compiled before compiles nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
import numpy as np
from credit.explain.tables import build, games, lookup
from credit.explain.tables.explainer import TableExplainer
from credit.explain.warm import warm
from credit.forest import forest, walk
if sys.argv[1] == "warm":
    warm()
else:
    from tests.explain.tables.test_cache import BACKGROUND, MODEL, VECTOR
    TableExplainer(MODEL, BACKGROUND).explain(VECTOR)
    MODEL.margin(VECTOR)
functions = [f for m in (build, games, lookup, walk) for f in vars(m).values() if hasattr(f, "stats")]
print(sum(sum(f.stats.cache_misses.values()) for f in functions), len(functions))
"""


def _misses(folder: Path, what: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, what],
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    misses, n_functions = map(int, done.stdout.split())
    assert n_functions > 5
    return misses


def test_what_is_warm_is_not_compiled_again(tmp_path: Path) -> None:
    assert _misses(tmp_path, "warm") > 5
    assert _misses(tmp_path, "serve") == 0
