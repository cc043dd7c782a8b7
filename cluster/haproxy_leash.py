"""Start HAProxy so that it ends with whoever started it.

Ray starts HAProxy from an actor. When Ray's processes are killed, HAProxy alone would live on and keep the
port. Linux can tie a child to its parent (``prctl(2)``, ``PR_SET_PDEATHSIG``); the tie outlasts ``exec``.

Run as a script, with the path of the real binary and its arguments.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def write_launcher(folder: Path, binary: str) -> Path:
    """Write an executable that starts ``binary`` on the leash, and return its path."""
    launcher = folder / "haproxy"
    command = shlex.join([sys.executable, "-SE", str(Path(__file__).resolve()), binary])
    launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    launcher.chmod(0o700)
    return launcher


def main() -> None:
    """Become HAProxy, tied to the parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # the parent ended before the tie was made
        sys.exit(1)
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the arguments are Ray's own


if __name__ == "__main__":
    main()
