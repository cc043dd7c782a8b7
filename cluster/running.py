"""A running service on this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cluster.ports import free_port, require_free_port
from credit.errors import ServiceUnavailable
from credit.records import LocalKeyFile, RecordWriter
from credit.settings import Settings
from serve_app.auth import service_token
from serve_app.settings import ServiceArgs

APPLICATION = "credit"


@dataclass(frozen=True)
class Running:
    """Where a service answers, and the token that it asks for (None when it asks for none)."""

    url: str
    token: str | None


def require_startable(args: ServiceArgs, port: int) -> None:
    """Find out what would stop a service, before anything is started.

    Raises
    ------
    SettingsInvalid
        When the port is taken.
    RecordStoreUnavailable
        When decisions could not be recorded: without a record there are no scores.
    """
    if port:
        require_free_port(args.host, port)
    require_record_store(args.settings)


def require_record_store(settings: Settings) -> None:
    """Open the record store once and write to it.

    Raises
    ------
    RecordStoreUnavailable
        Saying which path cannot be written.
    """
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        writer.probe()


@contextmanager
def running_service(args: ServiceArgs, *, port: int) -> Iterator[Running]:
    """Deploy the graph on the Ray that runs; take it down when the block ends.

    Parameters
    ----------
    port
        HTTP port; 0 takes any free one.

    Raises
    ------
    ServiceUnavailable
        When a node does not start.
    """
    from ray import serve
    from ray.serve.config import ProxyLocation

    from cluster.service import build

    # Importing Serve sets its level to INFO again, for messages that `credit` words itself.
    logging.getLogger("ray.serve").setLevel(logging.WARNING)
    application = build(args)
    port = port or free_port()
    try:
        # An explicit host keeps HAProxy and the replicas' own ports on it; without, they listen
        # everywhere.
        serve.start(
            proxy_location=ProxyLocation.HeadOnly, http_options={"host": args.host, "port": port}
        )
    except RuntimeError as error:
        raise ServiceUnavailable(
            f"Ray Serve did not start listening on {args.host}:{port} ({_first_alert(error)}); "
            "Ray's logs of this session, below /tmp/ray/session_latest/logs/serve, say more"
        ) from error
    try:
        try:
            serve.run(application, name=APPLICATION, route_prefix="/")
        except RuntimeError as error:
            raise ServiceUnavailable(f"the graph did not start: {error}") from error
        token = service_token(args.settings) if args.auth else None
        yield Running(f"http://{args.host}:{port}", token)
    finally:
        # Requests under way are finished; Serve itself ends with Ray.
        serve.delete(APPLICATION)


def _first_alert(error: RuntimeError) -> str:
    """Return what HAProxy said first, out of the traces of a remote call; else the last line of these."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return next((line for line in lines if line.startswith("[ALERT]")), lines[-1])
