"""Ports for the parts of one service."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from cluster import ports
from credit.errors import SettingsInvalid


@pytest.fixture(autouse=True)
def _nothing_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_taken", set())


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three ports, drawn again and again: without a memory the second draw gives one twice in three runs
    # of four, and Ray Serve's fallback proxy then sits where HAProxy is to listen.
    monkeypatch.setattr(ports, "_PORTS", few := _few_free_ports(3))
    assert {ports.free_port() for _ in few} == set(few)
    with pytest.raises(SettingsInvalid, match=f"no port from {few[0]} to {few[-1]} is free"):
        ports.free_port()


def test_a_port_that_was_asked_for_is_not_given_to_another_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_PORTS", few := _few_free_ports(2))
    ports.require_free_port("127.0.0.1", few[0])
    assert ports.free_port() == few[1]


def test_a_port_that_somebody_listens_on_is_neither_given_nor_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ports, "_PORTS", few := _few_free_ports(2))
    with closing(socket.create_server(("127.0.0.1", few[0]))):
        assert ports.free_port() == few[1]
        with pytest.raises(SettingsInvalid, match=rf"cannot listen on 127\.0\.0\.1:{few[0]}"):
            ports.require_free_port("127.0.0.1", few[0])


def _few_free_ports(count: int) -> list[int]:
    """Return neighbours that nobody listens on."""
    for first in range(20000, 30000, count):
        few = list(range(first, first + count))
        if all(_is_free(port) for port in few):
            return few
    raise AssertionError("the machine has no ports left")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
