"""One number of the feature vector, declared."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from credit.contract.part import Code, Name, Part

Risk = Literal["increasing", "decreasing", "any"]
Operation = Literal[
    "value",
    "cap",
    "ratio",
    "product",
    "sum",
    "difference",
    "maximum",
    "minimum",
    "count",
    "scaled",
    "coded",
    "missing",
    "category",
    "one_of",
    "calendar",
    "days",
]

N_COLUMNS: dict[Operation, int] = {
    "value": 1,
    "cap": 1,
    "ratio": 2,
    "product": 2,
    "difference": 2,
    "scaled": 1,
    "missing": 1,
    "category": 1,
    "one_of": 1,
    "calendar": 1,
    "days": 2,
}
"""Operations that take a fixed number of columns; the others take one or more."""

COLUMN_TYPES: dict[Operation, tuple[str, ...]] = {
    "missing": ("number", "integer", "category", "date"),
    "category": ("category",),
    "one_of": ("category",),
    "calendar": ("date",),
    "days": ("date",),
}
"""Types that an operation takes; number and integer where nothing is said."""

OWN_KEYS: dict[Operation, tuple[str, ...]] = {
    "cap": ("at",),
    "count": ("at",),
    "one_of": ("values",),
    "scaled": ("divide",),
    "calendar": ("part",),
}
"""Keys that an operation needs, and no other operation may have."""

FURTHER_KEYS: dict[Operation, tuple[str, ...]] = {"cap": ("divide",)}
"""Those that an operation may have as well."""


class Only(Part):
    """A feature exists only while a column lies above a bound; otherwise it is missing."""

    column: Name
    above: float


class Feature(Part):
    """One number of the feature vector, made of columns by one operation.

    ================ ==========================================================================
    ``value``        the column
    ``cap``          the smaller of ``at`` and the column, divided by ``divide`` where it is given
    ``ratio``        the first column divided by the second plus ``plus``; missing when that is 0
    ``product``      the two multiplied, or the first alone while ``only`` does not hold
    ``sum``          all added
    ``difference``   the first less the second
    ``maximum``      the largest, ``minimum`` the smallest
    ``count``        how many columns lie above ``at``
    ``scaled``       the column less ``subtract``, divided by ``divide``
    ``coded``        1 when any column holds a sentinel, else 0
    ``missing``      1 when the column is null, else 0
    ``category``     the category, nominal: models may not order it
    ``one_of``       1 when the category is one of ``values``, else 0
    ``calendar``     ``part`` of a date: year, month, day, weekday (Monday is 0)
    ``days``         days from the second date to the first
    ================ ==========================================================================

    A sentinel counts as missing everywhere but in ``coded``, and whatever touches a missing value
    is missing. With ``keep_codes`` a ``value`` keeps its sentinels: a scorecard gives each meaning
    a bin of its own, other families read them as missing.

    ``cap_quantile`` bounds the result by a quantile of the training rows, the only part that is
    fitted. ``risk`` is the direction of PD as the feature rises: models are constrained to it.
    """

    name: Name
    op: Operation
    columns: tuple[Name, ...] = Field(min_length=1)
    at: float | None = None
    plus: float = 0.0
    subtract: float = 0.0
    divide: float | None = None
    values: tuple[str, ...] | None = None
    part: Literal["year", "month", "day", "weekday"] | None = None
    keep_codes: bool = False
    only: Only | None = None
    cap_quantile: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    risk: Risk = "any"
    reason: Code

    @property
    def reads(self) -> frozenset[str]:
        """Every column that it depends on."""
        return frozenset(self.columns) | ({self.only.column} if self.only else set())

    @property
    def column_types(self) -> tuple[str, ...]:
        """Types of column that the operation takes."""
        return COLUMN_TYPES.get(self.op, ("number", "integer"))

    @model_validator(mode="after")
    def _operation_is_complete(self) -> Self:
        wanted = N_COLUMNS.get(self.op)
        if wanted is not None and len(self.columns) != wanted:
            raise ValueError(
                f"feature {self.name}: {self.op} takes {wanted} column(s), not {len(self.columns)}"
            )
        for key in ("at", "values", "divide", "part"):
            owners = [op for op, keys in OWN_KEYS.items() if key in keys]
            takers = owners + [op for op, keys in FURTHER_KEYS.items() if key in keys]
            given = getattr(self, key) is not None
            if (given and self.op not in takers) or (not given and self.op in owners):
                raise ValueError(
                    f"feature {self.name}: `{key}` goes with op {' or '.join(takers)}, and only with it"
                )
        if self.divide == 0:
            raise ValueError(f"feature {self.name}: `divide` may not be 0")
        if self.keep_codes and self.op != "value":
            raise ValueError(f"feature {self.name}: `keep_codes` goes with op value")
        if self.op == "category" and (self.risk != "any" or self.cap_quantile is not None):
            raise ValueError(f"feature {self.name}: a category has no direction and no cap")
        return self
