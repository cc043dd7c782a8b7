"""Start a child, connect to it, take leave of it."""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from credit.errors import RecordStoreUnavailable
from credit.records.append.aside.frames import Frames, frame
from credit.records.append.aside.messages import Opened, Opening
from credit.records.append.aside.parents import BUFFER_BYTES
from credit.records.store.location import Location, name_of

_START_S = 60.0
# A child imports for a second; on a machine that is busy with many of them it takes longer.
_opened = msgspec.msgpack.Decoder(Opened)


class ChildEnded(Exception):
    """A child has closed its end before it said that it writes."""


@dataclass(frozen=True)
class ChildProcess:
    """A child that writes, and the socket to it, which never blocks.

    Attributes
    ----------
    process
        None where it writes for others, too, and ends by itself.
    """

    socket: socket.socket
    pid: int
    process: subprocess.Popen[bytes] | None = None

    def finish(self) -> None:
        """Let it write what it was sent, and wait until it has told what became of it."""
        # A socket of our own: the event loop closes the other one as soon as it hears of the end.
        try:
            ours = self.socket.dup()
        except OSError:  # it has heard, or no descriptor is left
            ours = self.socket
        with contextlib.suppress(OSError, ValueError):
            ours.shutdown(socket.SHUT_WR)
            hung_up = select.poll()
            hung_up.register(ours, 0)
            hung_up.poll()
        if ours is not self.socket:
            ours.close()
        if self.process is not None:
            self.process.wait()

    def abandon(self) -> None:
        """Take leave of a child that has closed its end, or is to end without an answer."""
        self.socket.close()
        if self.process is not None:
            self.process.kill()  # does nothing to one that has ended
            self.process.wait()


def start(location: Location, key_path: Path) -> ChildProcess:
    """Start a child that writes for this process alone, and wait until it can.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        As the child says.
    """
    ours, its = socket.socketpair()
    with its:
        process = spawn("parent", [its.fileno()])
    try:
        pid = open_on(ours, location, key_path)
    except ChildEnded:
        ChildProcess(ours, process.pid, process).abandon()
        raise ended(location) from None
    except BaseException:
        ChildProcess(ours, process.pid, process).abandon()
        raise
    return ChildProcess(ours, pid, process)


def spawn(kind: str, descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """Start a child of a kind, with the descriptors that it takes."""
    module = "credit.records.append.aside.child"
    command = [sys.executable, "-m", module, kind, *map(str, descriptors)]
    return subprocess.Popen(  # noqa: S603 - our own module
        command, pass_fds=descriptors, stdin=subprocess.DEVNULL, start_new_session=kind == "shared"
    )


def open_on(ours: socket.socket, location: Location, key_path: Path) -> int:
    """Tell a child what it is to write to, wait until it can, and give its number; never blocks after that.

    Raises
    ------
    ChildEnded
        It has ended before it said so, or does not say anything.
    RecordStoreUnavailable, KeyUnavailable
        As the child says.
    """
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    ours.settimeout(_START_S)
    try:
        ours.sendall(frame(msgspec.msgpack.encode(Opening.of(location, key_path))))
        opened = _first_message(ours)
    except OSError as error:
        raise ChildEnded from error
    if opened.failed is not None:
        raise opened.failed.error()
    ours.setblocking(False)
    return opened.pid


def ended(location: Location) -> RecordStoreUnavailable:
    """Say that a child did not even begin."""
    return RecordStoreUnavailable(
        f"The process that writes records to {name_of(location)} ended before it began; its reason is in "
        "the log above."
    )


def _first_message(ours: socket.socket) -> Opened:
    frames = Frames()
    while piece := ours.recv(4096):
        for message in frames.feed(piece):
            return _opened.decode(message)
    raise ChildEnded
