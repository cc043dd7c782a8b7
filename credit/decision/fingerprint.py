"""What bits depend on: within one fingerprint the same input gives the same bits."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path

ENGINE_VERSION = "1"
"""Raise it whenever the arithmetic of the decision path changes."""

LIBRARIES = ("lightgbm", "msgspec", "numba", "numpy", "shap")


@functools.cache
def versions() -> dict[str, str]:
    """Versions of everything that computes a score."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"engine": ENGINE_VERSION, "python": platform.python_version(), **found}


@functools.cache
def fingerprint() -> str:
    """Hash of library versions, C library, machine and CPU features, 16 hexadecimal digits."""
    facts = {
        **versions(),
        "libc": "-".join(platform.libc_ver()),
        "machine": platform.machine(),
        "cpu": _cpu_features(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _cpu_features() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return " ".join(sorted(flags.partition(":")[2].split()))
