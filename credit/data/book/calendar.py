"""Days of a book as whole numbers, and back."""

from __future__ import annotations

import datetime
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.data.book.settings import BookSettings

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Period:
    """First day of applications, and the day after the last; days count from 1970-01-01."""

    first: int
    end: int


def period(settings: BookSettings) -> Period:
    """Days on which customers apply."""
    return Period(month_start(settings.start, 0), month_start(settings.start, settings.months))


def month_start(start: datetime.date, month: int) -> int:
    """First day of a month of the book, counted from 0."""
    first = np.datetime64(start, "M") + np.timedelta64(month, "M")
    return int(first.astype("datetime64[D]").astype(np.int64))


def as_dates(days: Integers) -> Dates:
    """Days as pandas holds dates."""
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def as_days(dates: npt.ArrayLike) -> Integers:
    """Inverse of :func:`as_dates`."""
    return np.asarray(dates).astype("datetime64[D]").astype(np.int64)


def stream(seed: int, name: str) -> np.random.Generator:
    """Random numbers of one table: a change in one leaves the others as they are."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
