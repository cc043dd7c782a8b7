"""Both clients."""

from __future__ import annotations

import pytest

from tests.serve_app.client.faults import Kind


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found
