"""One column of the raw data."""

from __future__ import annotations

import datetime
import math
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from credit.contract.part import Name, Part

Role = Literal["feature", "target", "id", "applicant_id", "time", "weight", "protected", "ignored"]
CategoryCode = Annotated[str, Field(min_length=1, max_length=64)]

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
"""Dates of an application lie between these; anything else is a slip of the keyboard."""


class Column(Part):
    """One column of the raw data.

    In memory every value is a float64: a category is the place of its code among ``categories``, a
    date its proleptic ordinal, what is missing NaN.

    Attributes
    ----------
    role
        ``protected`` columns never become a feature unless a policy option names them; ``ignored``
        ones are known to be in files and are never read.
    categories
        Codes of a category column and what they mean. Codes are text, also those that look like
        numbers.
    sentinels
        Codes that are not amounts or counts (such as 98) and what they mean.
    bad
        On a target that is not 0 and 1: the value, as text, that means bad. The one other value means good.
    source
        Where the column comes from, such as ``bureau``; see ``Contract.consents``.
    """

    name: Name
    role: Role
    type: Literal["number", "integer", "text", "date", "category"] = "number"
    description: str
    unit: str | None = None
    source_names: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = False
    categories: dict[CategoryCode, str] = Field(default_factory=dict)
    sentinels: dict[int, str] = Field(default_factory=dict)
    bad: str | None = None
    source: Name | None = None
    example: float | str | None = None
    privacy: Literal["personal", "internal"] = "personal"

    @cached_property
    def category_places(self) -> dict[str, float]:
        """Place of each category code, as the float that stands for it."""
        return {code: float(i) for i, code in enumerate(self.categories)}

    @cached_property
    def category_codes(self) -> tuple[str, ...]:
        """Category codes in order."""
        return tuple(self.categories)

    def plain(self, value: float) -> float | int | str | None:
        """Turn a value in memory back into what a client sends."""
        if math.isnan(value):
            return None
        if self.type == "category":
            return self.category_codes[int(value)]
        if self.type == "date":
            return datetime.date.fromordinal(int(value)).isoformat()
        return int(value) if self.type == "integer" else value

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"column {self.name}: minimum {self.minimum} lies above maximum {self.maximum}"
            )
        return self

    @model_validator(mode="after")
    def _keys_fit_type(self) -> Self:
        if (self.type == "category") != bool(self.categories):
            raise ValueError(
                f"column {self.name}: `categories` go with type category, and only with it"
            )
        if self.sentinels and self.type not in ("number", "integer"):
            raise ValueError(f"column {self.name}: sentinels are codes among numbers")
        if self.bad is not None and self.role != "target":
            raise ValueError(f"column {self.name}: `bad` goes with the target")
        return self

    @property
    def is_number(self) -> bool:
        """Whether values are numbers, with bounds."""
        return self.type in ("number", "integer")
