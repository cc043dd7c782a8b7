"""The ``credit`` command as a process, as its user starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psutil

from serve_app.client import NO_RETRIES, ScoringClient

START_DEADLINE_S = 240.0
STOP_DEADLINE_S = 90.0


def credit(
    home: Path, *arguments: str, deadline_s: float = 600.0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with variables in its environment."""
    return subprocess.run(
        _command(arguments),
        env=_environment(home) | variables,
        capture_output=True,
        text=True,
        timeout=deadline_s,
        check=False,
    )


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "cluster.cli.main", *arguments]


def _environment(home: Path) -> dict[str, str]:
    """The environment of this process without what an earlier Ray left in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**kept, "CREDIT_HOME": str(home), "COLUMNS": "120", "NO_COLOR": "1"}


class Process:
    """A command that runs beside the test; its output is collected."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home = home
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            _command(arguments),
            env=_environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell that runs the tests in the background has them ignore Ctrl-C; a user has not.
            preexec_fn=lambda: signal.signal(  # noqa: PLW1509 - it takes no lock
                signal.SIGINT, signal.default_int_handler
            ),
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._family: list[psutil.Process] = []

    @property
    def pid(self) -> int:
        """The command's own process."""
        return self._process.pid

    @property
    def output(self) -> str:
        """All that was printed so far."""
        return "".join(self._lines)

    def wait_for(self, pattern: str, deadline_s: float) -> re.Match[str]:
        """Wait until the output holds a pattern; fail when the process ends before."""
        end = time.monotonic() + deadline_s
        with self._changed:
            while True:
                found = re.search(pattern, self.output)
                if found is not None:
                    return found
                gone = not self._reader.is_alive()  # it reads what was printed last, too
                left = end - time.monotonic()
                assert not gone, f"ended before {pattern!r} was printed:\n{self.output}"
                assert left > 0, f"{pattern!r} was not printed in time:\n{self.output}"
                self._changed.wait(min(left, 1.0))

    @property
    def started(self) -> list[psutil.Process]:
        """Every process that it was seen to have started, also those that have ended."""
        return self._family

    def family(self) -> list[psutil.Process]:
        """All processes that this command has started, Ray's included."""
        found = psutil.Process(self._process.pid).children(recursive=True)
        self._family = list({p.pid: p for p in [*self._family, *found]}.values())
        return found

    def replicas(self, deployment: str) -> list[psutil.Process]:
        """Processes of one deployment's replicas."""
        return [p for p in self.family() if f"ServeReplica:credit:{deployment}" in _title(p)]

    def interrupt(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.family()
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_DEADLINE_S)

    def kill(self) -> None:
        """Kill the process itself with SIGKILL; its children are left to find out."""
        self.family()
        self._process.kill()
        self._process.wait(STOP_DEADLINE_S)

    def end(self) -> None:
        """Leave nothing of it behind, whatever the test did; only its own processes are ended."""
        if self._process.poll() is None:
            self.family()
            self._process.kill()
            self._process.wait(STOP_DEADLINE_S)
        left = [p for p in self._family if p.is_running()]
        for process in left:
            process.kill()
        psutil.wait_procs(left, timeout=STOP_DEADLINE_S)
        self._reader.join(STOP_DEADLINE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def is_serving(process: psutil.Process) -> bool:
    """Tell whether a process answers requests or holds their port."""
    title = _title(process)
    return "ServeReplica" in title or "haproxy" in title.lower() or "ServeController" in title


class Service(Process):
    """``credit serve`` on a free port, ready to answer."""

    def __init__(self, home: Path, *arguments: str) -> None:
        super().__init__(home, "serve", "--port", "0", "--challenger", "challenger", *arguments)
        try:
            self.url = self.wait_for(r"at (http://\S+?)\.\s", START_DEADLINE_S).group(1)
        except BaseException:
            self.end()
            raise
        self.token = (home / "token").read_text().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def client(self) -> ScoringClient:
        """A client with the right token, which leaves it to the test what to repeat."""
        return ScoringClient(self.url, self.token, retry=NO_RETRIES)


def until(condition: Callable[[], bool], deadline_s: float, what: str) -> None:
    """Wait for another process to do something that tells nobody."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s:.0f} s: {what}"
        time.sleep(0.05)
