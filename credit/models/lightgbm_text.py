"""The text form of a booster, looked at before LightGBM reads it.

LightGBM trusts its text: a tree that is not where the header says ends the whole process, and a
child that does not exist is followed out of memory. Whoever reads a model from outside checks it
here first.
"""

from __future__ import annotations

import math
import re

THREADS = re.compile(r"^\[num_threads: \d+\]$", re.MULTILINE)


def without_threads(text: str) -> str:
    """Leave out how many threads trained: the trees do not depend on it, so their hash must not."""
    return THREADS.sub("[num_threads: 1]", text)


def check_text(text: str) -> None:
    """Check that every tree stands where the header says, and that its nodes form a tree.

    Raises
    ------
    ValueError
        Naming the first part that is wrong.
    """
    head, _, rest = text.partition("\n\n")
    if not head.startswith("tree\n"):
        raise ValueError("it does not begin with a header")
    header = _fields(head)
    n_features = int(header["max_feature_idx"]) + 1
    start = 0
    for k, size in enumerate(map(int, header["tree_sizes"].split())):
        block = rest[start : start + size]
        if not block.startswith(f"Tree={k}\n") or len(block) != size:
            raise ValueError(f"tree {k} is not where the header says")
        try:
            _check_tree(_fields(block), n_features)
        except (KeyError, ValueError) as error:
            raise ValueError(f"tree {k} is not a tree ({error})") from error
        start += size
    if not rest.startswith("end of trees\n", start):
        raise ValueError("the trees do not end after the last one")
    if "\nend of parameters\n" not in rest[start:]:
        raise ValueError("it was cut off")


def _check_tree(tree: dict[str, str], n_features: int) -> None:
    n_leaves = int(tree["num_leaves"])
    n_splits = n_leaves - 1
    values = [float(v) for v in tree["leaf_value"].split()]
    if tree["num_cat"] != "0" or len(values) != n_leaves or not all(map(math.isfinite, values)):
        raise ValueError("leaves")
    if n_splits == 0:  # a booster that found no split keeps a tree of one leaf
        return
    features = [int(v) for v in tree["split_feature"].split()]
    if len(features) != n_splits or not set(features) <= set(range(n_features)):
        raise ValueError("features")
    thresholds = [float(v) for v in tree["threshold"].split()]
    decisions = [int(v) for v in tree["decision_type"].split()]
    if not len(thresholds) == len(decisions) == n_splits or any(map(math.isnan, thresholds)):
        raise ValueError("thresholds")
    # Leaves count down from -1, splits up from the root 0: all but the root have one parent.
    children = [int(v) for side in ("left_child", "right_child") for v in tree[side].split()]
    if sorted(children) != [*range(-n_leaves, 0), *range(1, n_splits)]:
        raise ValueError("children")


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
