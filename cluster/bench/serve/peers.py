"""Environments of other servers, each of its own, made on demand below ``CREDIT_HOME/peers``."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from credit.errors import ServiceUnavailable

PINS: dict[str, tuple[str, ...]] = {
    "mlserver": ("mlserver==1.7.1",),
    "bentoml": ("bentoml==1.4.38",),
    "mlflow": (),
}
"""By peer; one without pins runs from the product's own environment."""

SHARED = ("lightgbm", "msgspec", "numpy")
"""What the handwork needs, in the versions of the product."""

_DONE = "installed.json"
_LAST_LINES = 3


def pins(name: str) -> tuple[str, ...]:
    """Return what is installed for a peer; nothing for one that needs no environment."""
    own = PINS[name]
    return (*own, *(f"{p}=={importlib.metadata.version(p)}" for p in SHARED)) if own else ()


def install_peer(name: str, folder: Path, advance: Callable[[str], None]) -> None:
    """Make the environment of a peer unless it is there already with just these pins.

    Parameters
    ----------
    folder
        Of all environments.
    advance
        Is told what is being done.

    Raises
    ------
    ServiceUnavailable
        When it cannot be installed, with what pip said last; half an environment is removed.
    """
    wanted, home = pins(name), folder / name
    if not wanted or _installed(home) == list(wanted):
        return
    shutil.rmtree(home, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        advance(f"{name}: an environment of its own")
        _run(name, [sys.executable, "-m", "venv", str(home)], advance)
        advance(f"{name}: {wanted[0]}")
        pip = [str(home / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run(name, [*pip, "install", "--no-input", *wanted], advance)
        (home / _DONE).write_bytes(msgspec.json.encode(wanted))
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise


def _installed(home: Path) -> list[str] | None:
    try:
        return msgspec.json.decode((home / _DONE).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return None


def _run(name: str, command: Sequence[str], advance: Callable[[str], None]) -> None:
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - pip, with pins of our own
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.strip())
            if line.startswith(("Collecting", "Processing")):
                advance(f"{name}: {line.split()[1].rpartition('/')[2][:40]}")
    if process.returncode:
        raise ServiceUnavailable(
            f"{name} could not be installed: {' / '.join(lines[-_LAST_LINES:])}; it is left out of this run"
        )
