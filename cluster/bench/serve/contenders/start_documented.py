"""Start Ray Serve as documented: ``python -m cluster.bench.serve.contenders.start_documented SHAPE PORT``.

A module of its own, so that replicas import the deployments by their name.
"""

from __future__ import annotations

import sys

from cluster.bench.serve.contenders.documented import bound
from cluster.local_ray import local_ray
from cluster.serving import wait_for_interrupt


def main(shape: str, port: str) -> None:
    """Serve until the process is asked to end."""
    with local_ray(serving=False):
        from ray import serve

        serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
        serve.run(bound(shape), name="documented", route_prefix="/")
        wait_for_interrupt()


if __name__ == "__main__":
    main(*sys.argv[1:])
