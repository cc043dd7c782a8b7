"""A real S3 protocol server on loopback, reached as a program would reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer
from pyarrow import fs


@contextmanager
def object_store() -> Iterator[str]:
    """Start a server in a thread, on a free port; gives its address."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    try:
        yield f"{host}:{port}"
    finally:
        moto.stop()


def make_bucket(address: str, name: str, monkeypatch: pytest.MonkeyPatch) -> fs.FileSystem:
    """Make a bucket, and let ``s3://`` be this server: through the environment alone."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{address}")
    store = fs.S3FileSystem(endpoint_override=address, scheme="http", allow_bucket_creation=True)
    store.create_dir(name)
    return store
