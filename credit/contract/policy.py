"""From PD to decision, declared: costs, bands, rules, and what protected columns may do."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from credit.contract.part import Code, Name, Part

Decision = Literal["approve", "review", "decline"]
RiskLevel = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Rating = Literal["Excellent", "Good", "Average", "Poor"]

AGE_CAP_MAXIMUM = 62
"""Regulation B, 12 CFR 1002.6(b)(2): an applicant aged 62 or older may not be rated lower for age."""


class PolicyOption(Part):
    """An explicit choice to use a protected column, and within which bounds."""

    column: Name
    cap: float
    justification: str = Field(min_length=20)


class Rule(Part):
    """A policy rule: when its subject meets the condition, the decision is at least this severe.

    The subject is a raw column or a feature; one that is missing meets no rule. ``in`` lists numbers,
    or codes of a category column.
    """

    code: Code
    column: Name | None = None
    feature: Name | None = None
    test: Literal["below", "at_least", "in"]
    # Text before numbers: the code "1" would be read as a number otherwise.
    value: float | tuple[str, ...] | tuple[float, ...]
    decision: Literal["review", "decline"]
    text: str = Field(min_length=10)

    @property
    def subject(self) -> str:
        """Name of the column or feature."""
        return self.column or self.feature or ""

    @model_validator(mode="after")
    def _value_fits_test(self) -> Self:
        if (self.test == "in") != isinstance(self.value, tuple):
            raise ValueError(
                f"rule {self.code}: `in` takes a list of values, other tests one number"
            )
        if (self.column is None) == (self.feature is None):
            raise ValueError(f"rule {self.code}: name either a column or a feature")
        return self


class Band(Part):
    """PDs below ``below`` (and not in an earlier band) carry this risk level and rating.

    ``cutoff`` stands for the policy's cut-off, which has no exact decimal form.
    """

    below: Annotated[float, Field(gt=0, le=1)] | Literal["cutoff"]
    risk_level: RiskLevel
    rating: Rating


class Policy(Part):
    """From PD to decision: costs, review band, bands and rules, under one version.

    The cut-off is ``cost_false_positive / (cost_false_positive + cost_false_negative)`` (Elkan
    2001); PD at or above it declines. PDs from ``(1 - review_band)`` times the cut-off up to it go
    to a person.
    """

    version: str
    cost_false_negative: Annotated[float, Field(gt=0)]
    cost_false_positive: Annotated[float, Field(gt=0)]
    review_band: Annotated[float, Field(ge=0, lt=1)] = 0.0
    bands: tuple[Band, ...]
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _bands_cover_everything(self) -> Self:
        edges = self.band_edges
        if list(edges) != sorted(set(edges)) or not edges or edges[-1] != 1:
            raise ValueError(f"policy bands: `below` must rise strictly and end at 1, not {edges}")
        return self

    @cached_property
    def band_edges(self) -> tuple[float, ...]:
        """Upper end of each band, excluded, as PD."""
        return tuple(self.cutoff if b.below == "cutoff" else b.below for b in self.bands)

    @cached_property
    def cutoff(self) -> float:
        """PD at which an application is declined."""
        return self.cost_false_positive / (self.cost_false_positive + self.cost_false_negative)
