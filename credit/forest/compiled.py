"""How functions of the hot path are compiled: one decorator, one set of promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile on first call, and keep the machine code on disk beside the source.

    Sums are not reordered and products not fused (no ``fastmath``), so the bits are those that the
    source says. The interpreter is free meanwhile.

    Notes
    -----
    numba looks only at the file of a function to see whether its kept code is still good: a compiled
    function may call compiled functions, and use constants, of its own file alone.
    """
    return cast(Function, njit(cache=True, nogil=True)(function))
