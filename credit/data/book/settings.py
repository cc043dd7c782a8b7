"""What a synthetic loan book should be like."""

from __future__ import annotations

import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0, le=1)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BookDrift(_Settings):
    """A change from one month on; everything before that month stays as it was, to the bit.

    The bad rate is calibrated on the book without drift, so that drift moves it, as it would in life.
    """

    from_month: int = Field(ge=0, description="First month that is different, counted from 0.")
    income_factor: float = Field(
        default=1.0, gt=0, description="Multiplies the income stated in applications."
    )
    utilization_shift: float = Field(
        default=0.0, ge=-1, le=1, description="Added to the utilization in reports of that time."
    )
    risk_shift: float = Field(
        default=0.0,
        description="Added to the log-odds of bad at equal columns: the relation itself moves.",
    )
    income_effect: float = Field(
        default=1.0,
        description="Multiplies the weight of income in the risk; 0: it no longer counts.",
    )


class BookBias(_Settings):
    """How the protected group B is treated differently; risk at equal columns is always equal."""

    group_share: Share = Field(default=0.3, description="Share of customers in group B.")
    income_factor: float = Field(
        default=1.0, gt=0, description="Multiplies the incomes of group B; below 1 they earn less."
    )
    false_bads: Share = Field(
        default=0.0, description="Share of good loans of group B that are recorded as bad."
    )


class BookSettings(_Settings):
    """Size, time, mix and switches of a book."""

    n_customers: int = Field(ge=1, description="Each has one to three loans.")
    seed: int = Field(ge=0, description="Same settings, same book.")
    start: datetime.date = Field(
        default=datetime.date(2022, 1, 1),
        description="First day of applications, a first of a month.",
    )
    months: int = Field(default=24, ge=1, le=240, description="Months of applications.")
    bad_rate: float = Field(
        default=0.08, gt=0, lt=1, description="Mean true PD over the book as it is without drift."
    )
    thin_file_share: Share = Field(
        default=0.1, description="Share of persons whom the bureau does not know."
    )
    small_business_share: Share = Field(
        default=0.0, description="Share of customers that are businesses."
    )
    drift: BookDrift | None = None
    bias: BookBias = BookBias()

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.start.day != 1:
            raise ValueError(f"start: expected the first day of a month, came day {self.start.day}")
        if self.drift is not None and self.drift.from_month >= self.months:
            raise ValueError(
                f"drift.from_month {self.drift.from_month} lies outside the {self.months} months of the book"
            )
        return self
