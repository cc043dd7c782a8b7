"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import contextlib
import random
import socket
from contextlib import closing

from credit.errors import SettingsInvalid

# Above those of Ray's workers, which end at 19999, and below those that Ray Serve gives to replicas, from
# 30000, and that Linux gives to whoever asks for any, from 32768.
_PORTS = range(20000, 30000)

_taken: set[int] = set()
"""What this process was given or asked for: not listened on yet, and no longer to be given."""


def free_port() -> int:
    """Return a port that is free now and stays so until it is used.

    It is none of those that the system gives to whoever asks for any: between the choice and its use, one
    of the many processes of Ray would get it sooner or later. Nor is it one that this process was given
    before, or that it required with :func:`require_free_port`.

    Raises
    ------
    SettingsInvalid
        No port is free.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        if port in _taken:
            continue
        with closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            _taken.add(port)
            return port
    raise SettingsInvalid(
        f"no port from {_PORTS[0]} to {_PORTS[-1]} is free: end what listens there"
    )


def require_free_port(host: str, port: int) -> None:
    """Refuse an address that somebody listens on; :func:`free_port` never returns its port from now on.

    Raises
    ------
    SettingsInvalid
        Saying what to do.
    """
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsInvalid(
                f"cannot listen on {host}:{port} ({error.strerror}): choose another port with --port, "
                "or 0 for any free one"
            ) from error
    _taken.add(port)
