"""The service as the product deploys it on this machine, on a Ray of its own.

Started as ``python -m cluster.bench.serve.contenders.ours BUNDLE PLACEMENT PORT [--workers N] [--unrecorded]``;
the folder of the records is CREDIT_HOME, the token CREDIT_TOKEN.
"""

from __future__ import annotations

import argparse

from cluster.local_ray import local_ray
from cluster.running import require_startable, running_service
from cluster.serving import wait_for_interrupt
from credit.settings import Settings
from serve_app.settings import NodeArgs, ServiceArgs


def main() -> None:
    """Serve until the process is asked to end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("placement")
    parser.add_argument("port", type=int)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--unrecorded", action="store_true")
    given = parser.parse_args()
    args = ServiceArgs.model_validate(
        {
            "home": Settings().home,
            "placement": given.placement,
            "champion": given.bundle,
            "challengers": (),
            "gateway": NodeArgs(replicas=given.workers),
        }
    )
    require_startable(args, given.port)
    with local_ray(serving=True):
        if given.unrecorded:
            # Importing it imports Ray, which reads its environment then.
            from cluster.bench.serve.contenders.unrecorded import deploy_unrecorded

            deploy_unrecorded()
        with running_service(args, port=given.port):
            wait_for_interrupt()


if __name__ == "__main__":
    main()
