"""A store with a history that is worth exporting, and the script run on what was exported."""

from __future__ import annotations

import hashlib
import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.signing import LocalSigningKey
from tests.records.samples import clear_part, new_record

OTHER = "c" * 64


def fill(location: Location, keys: LocalKeyFile, signer: LocalSigningKey) -> None:
    """Two writers, two tenants, three people; three checkpoints, and a last record without one."""
    checkpointer = Checkpointer(location, signer, [])

    def add(into: RecordWriter, person: str, *, bundle: str = "b" * 64, **more: Any) -> None:
        record = new_record(applicant_id=person, clear=clear_part(bundle=bundle), **more)
        into.append(record).result(10)

    with RecordWriter(location, keys) as first:
        add(first, "anna")
        add(first, "ben", bundle=OTHER)
        add(first, "anna")
        add(first, "cleo")
        assert checkpointer.step() is not None
        with RecordWriter(location, keys) as second:
            add(second, "ben")
            add(second, "anna", tenant="other")
            add(second, "anna", bundle=OTHER)
            add(second, "cleo")
            assert checkpointer.step() is not None
        add(first, "cleo")
        add(first, "anna")
        assert checkpointer.step() is not None
        add(first, "anna")


def run_alone(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the script as a stranger would: a process of its own, without this product on its path."""
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "verify_evidence.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def run(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the script of a folder in this process, which need not load its libraries again."""
    script = str(folder / "verify_evidence.py")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [script, *arguments])
        with pytest.raises(SystemExit) as left:
            runpy.run_path(script, run_name="__main__")
    return int(left.value.code or 0), capsys.readouterr().out


def resealed(folder: Path) -> None:
    """Make the manifest fit what was changed, as somebody who knows the format would."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for name in manifest["files"]:
        manifest["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
