"""Our engine under plain uvicorn, with the record: what Ray Serve adds can be read off beside it.

Started as ``python -m cluster.bench.serve.contenders.engine BUNDLE HOME PORT``.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from cluster.bench.records.server import serve


def main(bundle: str, home: str, port: str) -> None:
    """Answer until the process is ended."""
    with socket.create_server(("127.0.0.1", int(port)), backlog=128) as listening:
        serve(Path(bundle), Path(home), listening)


if __name__ == "__main__":
    main(*sys.argv[1:])
