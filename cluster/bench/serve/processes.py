"""Processes that the bench starts, and all that those start: their memory, their CPU time, their end.

Read from ``/proc`` of Linux, see proc(5).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from credit.errors import ServiceUnavailable

POLITE_S = 30.0
"""How long a contender may take to end by itself; Ray takes about five seconds."""

SETTLE_S = 30.0
AT_REST = 0.25
"""Share of one core below which a family counts as at rest; an idle Ray takes about a tenth."""

_MARK = "CREDIT_BENCH_FAMILY"
"""Variable of the environment that all processes of a family have, each family a value of its own."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE_S = 0.05
_LAST_LINES = 3


@dataclass(frozen=True)
class Memory:
    """Memory of a family of processes in MiB.

    Attributes
    ----------
    rss
        Sum of the resident sets; pages that processes share count once for each.
    pss
        Sum of the proportional shares, shared pages counted once in all; None where it cannot be read.
    """

    rss: float
    pss: float | None


class Family:
    """A process and all that it has started.

    Parameters
    ----------
    log
        Takes what they print.

    Raises
    ------
    ServiceUnavailable
        When the program cannot be started.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        self._log = log
        self._mark = secrets.token_hex(16)
        self.started = time.perf_counter()
        try:
            with log.open("wb") as output:
                # A session of its own: Ctrl-C reaches the bench alone, which then ends all in order.
                self._process = subprocess.Popen(  # noqa: S603 - the bench's own command lines
                    list(command),
                    env={**environment, _MARK: self._mark},
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise ServiceUnavailable(
                f"{Path(command[0]).name} could not be started ({error.strerror}): is it installed?"
            ) from error
        # Those whose parent has ended belong to it still, so all that were ever seen are kept; with the
        # time of their start, for numbers of processes are used again.
        self._seen: dict[int, int] = {}
        self._strangers: set[tuple[int, int]] = set()

    def require_alive(self) -> None:
        """Raise when the process has ended.

        Raises
        ------
        ServiceUnavailable
            With the last lines that it printed.
        """
        code = self._process.poll()
        if code is not None:
            raise ServiceUnavailable(f"it ended with code {code}: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last lines that were printed."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in lines[-_LAST_LINES:]) or "it printed nothing"

    def members(self) -> list[int]:
        """Numbers of all its processes that live."""
        known = _all_processes()
        own = {self._process.pid, *self._marked(known)}
        while more := {n for n, stat in known.items() if stat.parent in own} - own:
            own |= more
        self._seen |= {n: known[n].start for n in own if n in known}
        self._seen = {n: s for n, s in self._seen.items() if n in known and known[n].start == s}
        return sorted(self._seen)

    def _marked(self, known: Mapping[int, _Stat]) -> set[int]:
        """Find those that were started with its mark, also where they have left their parent on purpose."""
        found = set()
        for number, stat in known.items():
            if (number, stat.start) in self._strangers:
                continue
            if _environment(number).get(_MARK.encode()) == self._mark.encode():
                found.add(number)
            else:
                self._strangers.add((number, stat.start))
        return found

    def memory(self) -> Memory:
        """Memory of them all."""
        parts = [_memory(number) for number in self.members()]
        shares = [pss for _, pss in parts]
        known = None not in shares
        return Memory(
            rss=sum(rss for rss, _ in parts),
            pss=sum(pss for pss in shares if pss is not None) if known else None,
        )

    def settle(self) -> None:
        """Wait until what it does on its own, such as starting workers that nobody needs yet, has ended.

        At most :data:`SETTLE_S`: who never comes to rest is measured as it is.
        """
        end = time.perf_counter() + SETTLE_S
        while time.perf_counter() < end:
            before = self.cpu_s()
            time.sleep(1.0)
            if self.cpu_s() - before < AT_REST:
                return

    def cpu_s(self) -> float:
        """CPU seconds that the processes that live have used."""
        known = _all_processes()
        return sum(known[n].ticks for n in self.members() if n in known) / _TICKS

    def end(self) -> None:
        """Ask it to end, wait, then kill what is left; nothing else is touched."""
        self.members()
        self._process.terminate()
        try:
            self._process.wait(POLITE_S)
        except subprocess.TimeoutExpired:
            self.members()
            self._process.kill()
            self._process.wait()
        end = time.monotonic() + POLITE_S
        while (left := self.members()) and time.monotonic() < end:
            for number in left:
                _kill(number)
            time.sleep(_PAUSE_S)


@dataclass(frozen=True)
class _Stat:
    parent: int
    ticks: int
    start: int


def _all_processes() -> dict[int, _Stat]:
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(name)) is not None:
            found[int(name)] = stat
    return found


def _stat(name: str) -> _Stat | None:
    try:
        text = Path("/proc", name, "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has just ended
        return None
    # The name of the program stands in brackets and may hold any character.
    state, parent, *rest = text[text.rindex(")") + 2 :].split()
    return None if state == "Z" else _Stat(int(parent), int(rest[9]) + int(rest[10]), int(rest[17]))


def _environment(number: int) -> dict[bytes, bytes]:
    """Read what a process was started with; empty for one that has ended or is somebody else's."""
    try:
        entries = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return {name: value for name, _, value in (entry.partition(b"=") for entry in entries)}


def _memory(number: int) -> tuple[float, float | None]:
    for file, names in (("smaps_rollup", ("Rss:", "Pss:")), ("status", ("VmRSS:",))):
        try:
            lines = Path("/proc", str(number), file).read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        found = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines if "kB" in line}
        if names[0] in found:
            return found[names[0]], found.get(names[-1]) if len(names) > 1 else None
    return 0.0, 0.0


def _kill(number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)
