"""Whether a bundle fits into memory: asked before it is loaded, for afterwards nobody answers."""

from __future__ import annotations

from pathlib import Path

from credit.errors import BundleTooLarge

MEMORY_PER_BYTE = 48
"""Memory that a bundle takes, for each byte of its files: text becomes numbers, and these the tables that explain.

A LightGBM bundle of 200 trees of 15 leaves, 0.40 MB of files, took 19 MB of its process with its tables.
"""

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def require_room(folder: Path) -> None:
    """Refuse a bundle that takes more memory than there is; a folder that is not there passes.

    Raises
    ------
    BundleTooLarge
        Saying how much it takes and how much there is.
    """
    n_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    there = available_memory()
    if there is not None and n_bytes * MEMORY_PER_BYTE > there:
        raise BundleTooLarge(
            f"bundle {folder.name[:12]} may take {n_bytes * MEMORY_PER_BYTE / 1e6:,.0f} MB of memory, "
            f"and {there / 1e6:,.0f} MB are free here: train a smaller model, or give the service more"
        )


def available_memory() -> int | None:
    """Bytes that this process may still take; None where nobody tells."""
    found = [n for n in (_of_machine(), _of_group()) if n is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    if not _MEMORY.exists():  # only Linux tells
        return None
    for line in _MEMORY.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _of_group() -> int | None:
    """Bytes left of the limit that a container has, where there is one (cgroup v2)."""
    try:
        limit, used = (_GROUP / "memory.max").read_text(), (_GROUP / "memory.current").read_text()
    except OSError:
        return None
    return None if limit.strip() == "max" else max(0, int(limit) - int(used))
