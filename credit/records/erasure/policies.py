"""How long records must be kept, and how long they may be, by country: YAML, with sources."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from credit.contract.policy import Decision
from credit.errors import DataError, SettingsInvalid

ProductKind: TypeAlias = Literal["consumer", "business"]
"""Whom the credit is for: a person as such, or a business."""

_Text = Annotated[str, Field(min_length=10)]
_Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Period(_Part):
    """A number of months, or none, and where that is said.

    Attributes
    ----------
    months
        Calendar months from the day of notice; null: the source gives no number, and neither do we.
    """

    months: Annotated[int, Field(gt=0, le=1200)] | None
    source: _Text


class RetentionRule(_Part):
    """What holds for some products and decisions.

    Attributes
    ----------
    floor
        The records must be kept at least this long.
    ceiling
        The records are erased after this time.
    """

    products: tuple[ProductKind, ...] = Field(min_length=1)
    decisions: tuple[Decision, ...] = Field(min_length=1)
    floor: Period
    ceiling: Period

    @model_validator(mode="after")
    def _room_between(self) -> Self:
        low, high = self.floor.months, self.ceiling.months
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"the floor of {low} months lies above the ceiling of {high}; a lender cannot keep both"
            )
        return self


class Right(_Part):
    """A right of the person that erasure and restriction answer, in one sentence."""

    name: Literal["erasure", "restriction"]
    text: _Text
    source: _Text


class RetentionPolicy(_Part):
    """The retention policy of one country; every product and decision has exactly one rule.

    Attributes
    ----------
    notice_days
        Days from a decision to the notice of it, at most; periods begin then. 0 where the answer of
        the service is the notice.
    """

    policy: _Identifier
    version: str = Field(min_length=1)
    title: _Text
    notice_days: Annotated[int, Field(ge=0, le=366)]
    rights: tuple[Right, ...]
    rules: tuple[RetentionRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_case_once(self) -> Self:
        cases = [case for rule in self.rules for case in product(rule.products, rule.decisions)]
        for case in product(get_args(ProductKind), get_args(Decision)):
            if cases.count(case) != 1:
                kind, decision = case
                raise ValueError(
                    f"{kind}, {decision}: expected exactly one rule, found {cases.count(case)}"
                )
        return self

    def rule_for(self, kind: ProductKind, decision: str) -> RetentionRule:
        """Find the rule of a decision.

        Raises
        ------
        DataError
            The decision is none that a policy knows.
        """
        for rule in self.rules:
            if kind in rule.products and decision in rule.decisions:
                return rule
        raise DataError(
            f"retention policy {self.policy}: expected a decision among {', '.join(get_args(Decision))}, a "
            "record holds another; correct the policy of the contract that made it"
        )

    def must_keep_until(self, kind: ProductKind, decision: str, decided: date) -> date | None:
        """Last day on which a record must be kept; None when nothing demands it."""
        return self._end(self.rule_for(kind, decision).floor, decided)

    def may_keep_until(self, kind: ProductKind, decision: str, decided: date) -> date | None:
        """Last day on which a record may be kept; None when nothing is said."""
        return self._end(self.rule_for(kind, decision).ceiling, decided)

    def _end(self, period: Period, decided: date) -> date | None:
        if period.months is None:
            return None
        return add_months(decided + timedelta(days=self.notice_days), period.months)


def add_months(day: date, months: int) -> date:
    """Go forward by calendar months; a day that the month does not have becomes its last."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def available_policies() -> tuple[str, ...]:
    """Names of the policies that ship with the package."""
    folder = resources.files("credit.records.erasure") / "policies"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_policy(name_or_path: str | Path) -> RetentionPolicy:
    """Read and check a retention policy.

    Parameters
    ----------
    name_or_path
        A packaged one such as ``us``, or the path of a YAML file.

    Raises
    ------
    SettingsInvalid
        There is none, or it breaks a rule; every broken rule is named.
    """
    label, content = _read(str(name_or_path))
    try:
        return RetentionPolicy.model_validate(yaml.safe_load(content))
    except yaml.YAMLError as error:
        raise SettingsInvalid(f"{label} is not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'policy'}: {e['msg']}" for e in error.errors()
        )
        raise SettingsInvalid(f"{label} is not a valid retention policy: {problems}") from error


def _read(name: str) -> tuple[str, str]:
    if name in available_policies():
        file = resources.files("credit.records.erasure") / "policies" / f"{name}.yaml"
        return name, file.read_text(encoding="utf-8")
    path = Path(name)
    if not path.is_file():
        known = ", ".join(available_policies())
        raise SettingsInvalid(
            f"there is no retention policy {name!r}: give the path of a YAML file or one of: {known}"
        )
    try:
        return name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} cannot be read as text: {error}") from error
