"""Importing the package opens nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(event) if event.startswith("sqlite3.") else None)
import credit.records
import threading
assert threading.active_count() == 1, threading.enumerate()
assert not opened, opened
import sqlite3
sqlite3.connect(":memory:").close()
assert opened, "the hook sees a connection: the check can fail"
"""


def test_importing_opens_no_database_and_starts_no_thread(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True, cwd=tmp_path)

    assert list(tmp_path.iterdir()) == []
