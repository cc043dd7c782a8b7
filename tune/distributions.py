"""Search spaces as data: what a YAML file can say, and what Ray Tune is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Constant = bool | int | float | str | None


class Distribution(BaseModel):
    """Where one parameter is drawn from: exactly one of the five kinds.

    Bounds are included, also the upper one of whole numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    uniform: tuple[float, float] | None = None
    loguniform: tuple[float, float] | None = None
    integer: tuple[int, int] | None = None
    log_integer: tuple[int, int] | None = None
    choice: tuple[Constant, ...] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = self.model_dump(exclude_none=True)
        if len(given) != 1:
            kinds = ", ".join(type(self).model_fields)
            raise ValueError(f"expected exactly one of {kinds}, came {len(given)}")
        kind, bounds = next(iter(given.items()))
        if kind != "choice" and bounds[0] >= bounds[1]:
            raise ValueError(f"{kind}: expected a lower and a higher bound, came {list(bounds)}")
        if kind in ("loguniform", "log_integer") and bounds[0] <= 0:
            raise ValueError(f"{kind}: bounds must be positive, came {list(bounds)}")
        return self

    def holds(self, value: Constant) -> bool:
        """Whether a value could have been drawn."""
        if self.choice is not None:
            return value in self.choice
        bounds = self.uniform or self.loguniform or self.integer or self.log_integer
        if bounds is None or isinstance(value, str | bool) or value is None:
            return False
        whole = self.integer is not None or self.log_integer is not None
        return bounds[0] <= value <= bounds[1] and (not whole or value == int(value))

    def to_tune(self) -> Any:
        """Ray Tune's distribution; its whole numbers exclude the upper bound."""
        import ray.tune

        if self.uniform is not None:
            return ray.tune.uniform(*self.uniform)
        if self.loguniform is not None:
            return ray.tune.loguniform(*self.loguniform)
        if self.integer is not None:
            return ray.tune.randint(self.integer[0], self.integer[1] + 1)
        if self.log_integer is not None:
            return ray.tune.lograndint(self.log_integer[0], self.log_integer[1] + 1)
        return ray.tune.choice(list(self.choice or ()))


Parameters = dict[str, Distribution | Constant]
"""Parameters that are searched, and those that stay as they are."""


def searched(parameters: Mapping[str, Distribution | Constant]) -> dict[str, Distribution]:
    """Those that are drawn."""
    return {name: d for name, d in parameters.items() if isinstance(d, Distribution)}
