"""The work of the bench on a small bundle, and a tiny real server to load."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cluster.bench.serve.work import Work, choose_applicants
from credit.contract import Contract
from tests.bench.serve.servers import Answer, TinyServer
from tune.rows import Rows

Serve = Callable[[Answer], TinyServer]


@pytest.fixture(scope="session")
def work(lightgbm_folder: Path, rows: Rows, contract: Contract) -> Work:
    return Work(lightgbm_folder, choose_applicants(rows, contract))


@pytest.fixture(scope="session")
def work_folder(work: Work, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What contenders read that do not know the product."""
    folder = tmp_path_factory.mktemp("work")
    work.write(folder)
    return folder


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that end with the test."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(TinyServer(answer))
