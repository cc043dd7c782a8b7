"""Explaining a row, compiled: its cells, its row in every table, and their sum."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from credit.forest.compiled import compiled

_READ, _KEEP, _DATA = 0, 3, 1


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Ask the processor for ``array[index]`` before it is needed (LLVM's ``llvm.prefetch``).

    The rows of the tables lie far apart: waiting for one after the other costs more than all the
    arithmetic.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, arguments[0]).data
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(function, [address, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, index), generate


@compiled
def cells_of(row: Any, features: Any, first: Any, thresholds: Any, out: Any) -> None:
    """Find the cells of one row, numbered over all features: the first whose threshold is not passed."""
    for k in range(len(features)):
        value = row[features[k]]
        missing = first[k + 1] - 1
        if np.isnan(value):
            out[k] = missing
            continue
        low, high = first[k], missing - 1
        while low < high:
            middle = (low + high) >> 1
            if value <= thresholds[middle]:
                high = middle
            else:
                low = middle + 1
        out[k] = low


@compiled
def explain_row(
    row: Any,
    out: Any,
    features: Any,
    first: Any,
    thresholds: Any,
    steps: Any,
    starts: Any,
    first_column: Any,
    columns: Any,
    values: Any,
) -> None:
    """Find the row of every table, then add them up to ``out`` in the order of the groups."""
    n_groups = len(starts)
    cells = np.empty(len(features), dtype=np.int32)
    cells_of(row, features, first, thresholds, cells)
    numbers = np.zeros(n_groups, dtype=np.uint16)
    for cell in cells:
        step = steps[cell]
        for g in range(n_groups):
            numbers[g] += step[g]
    # Unsigned from here on: what may be negative might count from the end of an array, which every access
    # would look after. This took a third of the time.
    places = np.empty(n_groups, dtype=np.uint64)
    for g in range(n_groups):
        width = np.uint64(first_column[g + 1] - first_column[g])
        places[g] = np.uint64(starts[g]) + np.uint64(numbers[g]) * width
        # A row of a table may reach into a second line.
        prefetch(values, places[g])
        prefetch(values, places[g] + width - np.uint64(1))
    for g in range(n_groups):
        begin, end = np.uint64(first_column[g]), np.uint64(first_column[g + 1])
        for c in range(begin, end):
            out[np.uint64(columns[c])] += values[places[g] + c - begin]


@compiled
def explain_rows(
    rows: Any,
    out: Any,
    features: Any,
    first: Any,
    thresholds: Any,
    steps: Any,
    starts: Any,
    first_column: Any,
    columns: Any,
    values: Any,
) -> None:
    """Explain row after row."""
    for i in range(len(rows)):
        explain_row(
            rows[i],
            out[i],
            features,
            first,
            thresholds,
            steps,
            starts,
            first_column,
            columns,
            values,
        )
