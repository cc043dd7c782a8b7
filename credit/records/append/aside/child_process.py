"""Start and end the child."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from credit.errors import RecordStoreUnavailable
from credit.records.append.aside.frames import Frames, frame
from credit.records.append.aside.messages import Opened, Opening
from credit.records.store.location import Location, name_of

_BUFFER_BYTES = 1 << 20
_opened = msgspec.msgpack.Decoder(Opened)


@dataclass(frozen=True)
class ChildProcess:
    """A child that writes, and the socket to it, which never blocks."""

    socket: socket.socket
    process: subprocess.Popen[bytes]

    def finish(self) -> None:
        """Let it write what it was sent, and wait for its end."""
        self.socket.shutdown(socket.SHUT_WR)
        self.process.wait()

    def abandon(self) -> None:
        """Take leave of a child that has closed its end, or is to end without an answer."""
        self.socket.close()
        self.process.kill()  # does nothing to one that has ended
        self.process.wait()


def start(location: Location, key_path: Path) -> ChildProcess:
    """Start a child and wait until it can write.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        As the child says.
    """
    ours, its = socket.socketpair()
    with its:
        for end in (ours, its):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        command = [sys.executable, "-m", "credit.records.append.aside.child", str(its.fileno())]
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL
        )
    child = ChildProcess(ours, process)
    try:
        ours.sendall(frame(msgspec.msgpack.encode(Opening.of(location, key_path))))
        _require_opened(ours, location)
    except BaseException:
        child.abandon()
        raise
    ours.setblocking(False)
    return child


def _require_opened(ours: socket.socket, location: Location) -> None:
    frames = Frames()
    while piece := ours.recv(4096):
        for message in frames.feed(piece):
            failed = _opened.decode(message).failed
            if failed is not None:
                raise failed.error()
            return
    raise RecordStoreUnavailable(
        f"The process that writes records to {name_of(location)} ended before it began; its reason is in "
        "the log above."
    )
