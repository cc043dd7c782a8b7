"""The typed contract of a lending product."""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Code = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
Probability = Annotated[float, Field(gt=0, lt=1)]
Risk = Literal["increasing", "decreasing", "any"]
Decision = Literal["approve", "review", "decline"]
RiskLevel = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
Rating = Literal["Excellent", "Good", "Average", "Poor"]

AGE_CAP_MAXIMUM = 62
"""Regulation B, 12 CFR 1002.6(b)(2): an applicant aged 62 or older may not be rated lower for age."""


class _Part(BaseModel):
    """A frozen part of a contract; an unknown key is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Column(_Part):
    """One column of the raw data.

    ``sentinels`` maps codes that are not amounts or counts (such as 98) to what they mean.
    ``protected`` columns never become a feature unless a policy option of the contract names them.
    """

    name: Name
    role: Literal["feature", "target", "id", "applicant_id", "time", "weight", "protected"]
    type: Literal["number", "integer", "text", "date"] = "number"
    description: str
    unit: str | None = None
    source_names: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = False
    sentinels: dict[int, str] = {}
    example: float | None = None
    privacy: Literal["personal", "internal"] = "personal"

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"column {self.name}: minimum {self.minimum} lies above maximum {self.maximum}"
            )
        return self


class Only(_Part):
    """A feature exists only while a column lies above a bound; otherwise it is missing."""

    column: Name
    above: float


class Feature(_Part):
    """One number of the feature vector, made of columns by one operation.

    ``value`` takes the column; ``cap`` the smaller of column and ``at``; ``ratio`` divides the
    first column by the second plus ``plus``; ``product`` multiplies the two columns, or takes the
    first alone while ``only`` does not hold; ``sum`` adds; ``coded`` is 1 when any column holds a
    sentinel, else 0. A sentinel counts as missing everywhere but in ``coded``, and whatever touches
    a missing value is missing. ``cap_quantile`` bounds the result by a quantile of the training
    rows, the only part that is fitted. ``risk`` is the direction of PD as the feature rises: models
    are constrained to it.
    """

    name: Name
    op: Literal["value", "cap", "ratio", "product", "sum", "coded"]
    columns: tuple[Name, ...] = Field(min_length=1)
    at: float | None = None
    plus: float = 0.0
    only: Only | None = None
    cap_quantile: Annotated[float, Field(gt=0.5, lt=1)] | None = None
    risk: Risk = "any"
    reason: Code

    @model_validator(mode="after")
    def _operation_is_complete(self) -> Self:
        wanted = {"value": 1, "cap": 1, "ratio": 2, "product": 2}.get(self.op)
        if wanted is not None and len(self.columns) != wanted:
            raise ValueError(
                f"feature {self.name}: {self.op} takes {wanted} column(s), not {len(self.columns)}"
            )
        if (self.op == "cap") != (self.at is not None):
            raise ValueError(f"feature {self.name}: `at` goes with op cap, and only with it")
        return self


class PolicyOption(_Part):
    """An explicit choice to use a protected column, and within which bounds."""

    column: Name
    cap: float
    justification: str = Field(min_length=20)


class ReasonGroup(_Part):
    """Features that tell an applicant the same thing share one code and one sentence."""

    code: Code
    text: str = Field(min_length=10)


class Rule(_Part):
    """A policy rule: when the raw column meets the condition, the decision is at least this severe."""

    code: Code
    column: Name
    test: Literal["below", "at_least", "in"]
    value: float | tuple[float, ...]
    decision: Literal["review", "decline"]
    text: str = Field(min_length=10)

    @model_validator(mode="after")
    def _value_fits_test(self) -> Self:
        if (self.test == "in") != isinstance(self.value, tuple):
            raise ValueError(
                f"rule {self.code}: `in` takes a list of values, other tests one number"
            )
        return self


class Band(_Part):
    """PDs below ``below`` (and not in an earlier band) carry this risk level and rating.

    ``cutoff`` stands for the policy's cut-off, which has no exact decimal form.
    """

    below: Annotated[float, Field(gt=0, le=1)] | Literal["cutoff"]
    risk_level: RiskLevel
    rating: Rating


class Policy(_Part):
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


class Contract(_Part):
    """One lending product: its columns, features, reasons and policy."""

    product: Name
    version: str
    description: str
    columns: tuple[Column, ...]
    policy_options: tuple[PolicyOption, ...] = ()
    features: tuple[Feature, ...] = Field(min_length=1)
    reasons: tuple[ReasonGroup, ...]
    policy: Policy

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def inputs(self) -> tuple[Column, ...]:
        """The columns of an application: features, and protected ones that an option lets in."""
        let_in = {option.column for option in self.policy_options}
        return tuple(c for c in self.columns if c.role == "feature" or c.name in let_in)

    @cached_property
    def input_positions(self) -> dict[str, int]:
        """Place of each input column in the values of an application."""
        return {column.name: i for i, column in enumerate(self.inputs)}

    @cached_property
    def target(self) -> Column:
        """The outcome, 1 = bad."""
        return next(column for column in self.columns if column.role == "target")

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the feature vector, in order."""
        return tuple(feature.name for feature in self.features)

    @cached_property
    def reason_texts(self) -> dict[str, str]:
        """Reason sentences by code, of reason groups and of policy rules."""
        texts = {group.code: group.text for group in self.reasons}
        return texts | {rule.code: rule.text for rule in self.policy.rules}

    @property
    def registry_name(self) -> str:
        """Name of the registered model."""
        return "credit-" + self.product.replace("_", "-")

    @property
    def directions(self) -> tuple[int, ...]:
        """Sign of PD along each feature: 1 rises, -1 falls, 0 free."""
        sign = {"increasing": 1, "decreasing": -1, "any": 0}
        return tuple(sign[feature.risk] for feature in self.features)

    def canonical_json(self) -> bytes:
        """One byte string per meaning, for hashing and for the bundle."""
        document = self.model_dump(mode="json")
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical_json()).hexdigest()

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = [
            *_duplicates("column", [c.name for c in self.columns]),
            *_duplicates("feature", [f.name for f in self.features]),
            *_duplicates(
                "code", [g.code for g in self.reasons] + [r.code for r in self.policy.rules]
            ),
            *self._one_per_role(),
            *self._bounds(),
            *self._references(),
            *self._protected_columns(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _one_per_role(self) -> list[str]:
        count = {
            role: sum(c.role == role for c in self.columns)
            for role in ("target", "id", "applicant_id", "time", "weight")
        }
        problems = [f"expected one {r} column, found {n}" for r, n in count.items() if n > 1]
        return problems + [f"there is no {r} column" for r in ("target", "id") if count[r] == 0]

    def _bounds(self) -> list[str]:
        return [
            f"column {c.name}: an input column needs a numeric type, a minimum and a maximum"
            for c in self.inputs
            if c.minimum is None or c.maximum is None or c.type not in ("number", "integer")
        ]

    def _references(self) -> list[str]:
        inputs = {column.name for column in self.inputs}
        codes = {group.code for group in self.reasons}
        problems = []
        for feature in self.features:
            used = {*feature.columns, *([feature.only.column] if feature.only else [])}
            problems += [
                f"feature {feature.name}: {name} is not an input column"
                for name in sorted(used - inputs)
            ]
            if feature.reason not in codes:
                problems.append(f"feature {feature.name}: no reason group {feature.reason}")
        problems += [
            f"rule {rule.code}: {rule.column} is not an input column"
            for rule in self.policy.rules
            if rule.column not in inputs
        ]
        return problems

    def _protected_columns(self) -> list[str]:
        """Age is a feature only by an explicit option: capped, PD not rising with it, in no ratio, gate or rule."""
        problems = []
        options = {option.column: option for option in self.policy_options}
        for option in self.policy_options:
            column = self.by_name.get(option.column)
            if column is None or column.role != "protected":
                problems.append(f"policy option: {option.column} is not a protected column")
            if option.cap > AGE_CAP_MAXIMUM:
                problems.append(
                    f"policy option {option.column}: cap {option.cap:g} > {AGE_CAP_MAXIMUM}"
                )
        for feature in self.features:
            gate = {feature.only.column} if feature.only else set()
            for name in sorted(options.keys() & {*feature.columns, *gate}):
                capped = feature.op == "cap" and (feature.at or 0) <= options[name].cap
                allowed = capped and name not in gate
                if not allowed or feature.risk != "decreasing":
                    problems.append(
                        f"feature {feature.name}: {name} may be used only as op cap, at most "
                        f"{options[name].cap:g}, with risk decreasing"
                    )
        problems += [
            f"rule {rule.code}: {rule.column} is protected and may not decide"
            for rule in self.policy.rules
            if rule.column in options
        ]
        return problems


def _duplicates(kind: str, names: list[str]) -> list[str]:
    return [
        f"{kind} {name} appears twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]
