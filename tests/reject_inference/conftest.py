"""Two books: a lender who saw what the features say, and one who saw more."""

from __future__ import annotations

import pytest

from tests.reject_inference.book import Book


@pytest.fixture(scope="session")
def fair_book() -> Book:
    return Book.drawn(hidden=0.0)


@pytest.fixture(scope="session")
def knowing_book() -> Book:
    return Book.drawn(hidden=1.0)
