"""What a person sees of a service that runs."""

from __future__ import annotations

import signal
import threading

import msgspec

from cluster.cli.terminal import console, near
from cluster.running import Running
from credit.contract import Contract
from serve_app.openapi import example_application
from serve_app.settings import ServiceArgs


def say_where(running: Running, args: ServiceArgs, contract: Contract) -> None:
    """Print the addresses and a request that works."""
    body = msgspec.json.encode(example_application(contract)).decode()
    token_path = near(args.settings.token_path)
    header = f'  -H "Authorization: Bearer $(cat {token_path})" \\\n' if running.token else ""
    console.print(f"Serving {args.product} ({args.placement}) at {running.url}. Ctrl-C stops it.")
    console.print(f"Routes for people: {running.url}/docs   metrics: {running.url}/metrics\n")
    console.print(
        f"curl -s {running.url}/v1/score \\\n{header}  -H 'Content-Type: application/json' \\\n  -d '{body}'",
        soft_wrap=True,
        markup=False,
    )


def wait_for_interrupt() -> None:
    """Return on Ctrl-C or on a polite request to end."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()
