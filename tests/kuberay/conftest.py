"""The manifests, read anew for each test: controls break them."""

from __future__ import annotations

import pytest

from tests.kuberay.manifests import Manifests, read_manifests


@pytest.fixture
def manifests() -> Manifests:
    return read_manifests()
