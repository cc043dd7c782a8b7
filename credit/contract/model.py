"""The typed contract of a lending product."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from functools import cached_property
from typing import Any, Self

from pydantic import Field, model_validator

from credit.contract.column import Column
from credit.contract.feature import Feature
from credit.contract.part import Code, Name, Part
from credit.contract.policy import AGE_CAP_MAXIMUM, Policy, PolicyOption, Rule
from credit.errors import ContractError


class ReasonGroup(Part):
    """Features that tell an applicant the same thing share one code and one sentence."""

    code: Code
    text: str = Field(min_length=10)


class Consent(Part):
    """A source whose columns may be read only with the applicant's consent."""

    source: Name
    text: str = Field(min_length=10)


class Contract(Part):
    """One lending product: its columns, features, reasons and policy.

    Columns of a source under ``consents`` are read only when the application lists the source. A
    contract may also leave out such sources: :meth:`without`.
    """

    product: Name
    version: str
    description: str
    columns: tuple[Column, ...]
    policy_options: tuple[PolicyOption, ...] = ()
    # Each set of sources that can be withheld has a fallback model: 15 of them for four.
    consents: tuple[Consent, ...] = Field(default=(), max_length=4)
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
    def consent_sources(self) -> tuple[str, ...]:
        """Sources that need consent, in the contract's order."""
        return tuple(consent.source for consent in self.consents)

    def without(self, sources: Collection[str]) -> Contract:
        """Leave out every feature and rule that reads a column of these sources.

        Columns stay: applications look the same, but nothing of these sources is read.

        Raises
        ------
        ContractError
            When a source needs no consent here, or no feature would be left.
        """
        unknown = sorted(set(sources) - set(self.consent_sources))
        if unknown:
            raise ContractError(f"{self.product}: {', '.join(unknown)} needs no consent")
        gone = {c.name for c in self.columns if c.source in sources}
        features = tuple(f for f in self.features if not gone & f.reads)
        if not features:
            raise ContractError(
                f"{self.product}: without {', '.join(sorted(sources))} no feature is left"
            )
        unread = gone | {f.name for f in self.features if f not in features}
        rules = tuple(r for r in self.policy.rules if r.subject not in unread)
        return self.model_copy(
            update={
                "features": features,
                "policy": self.policy.model_copy(update={"rules": rules}),
            }
        )

    @cached_property
    def reason_texts(self) -> dict[str, str]:
        """Reason sentences by code, of reason groups and of policy rules."""
        texts = {group.code: group.text for group in self.reasons}
        return texts | {rule.code: rule.text for rule in self.policy.rules}

    @cached_property
    def reason_groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Reason codes in the order of the features, each with the places of its features in the vector."""
        places: dict[str, list[int]] = {}
        for place, feature in enumerate(self.features):
            places.setdefault(feature.reason, []).append(place)
        return tuple((code, tuple(of_code)) for code, of_code in places.items())

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
        document = _ordered(self.model_dump(mode="json"))
        return json.dumps(document, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.canonical_json()).hexdigest()

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        problems = [
            *_duplicates("column", [c.name for c in self.columns]),
            *_duplicates("feature", [f.name for f in self.features]),
            *_duplicates("consent", [c.source for c in self.consents]),
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
        problems = [
            f"column {c.name}: an input column needs a numeric type, a minimum and a maximum"
            for c in self.inputs
            if c.type == "text" or (c.is_number and (c.minimum is None or c.maximum is None))
        ]
        sources = {column.source for column in self.columns}
        return problems + [
            f"consent {name}: no column comes from this source"
            for name in self.consent_sources
            if name not in sources
        ]

    def _references(self) -> list[str]:
        inputs = {column.name: column for column in self.inputs}
        codes = {group.code for group in self.reasons}
        problems = []
        for feature in self.features:
            problems += [
                f"feature {feature.name}: {name} is not an input column"
                for name in sorted(feature.reads - inputs.keys())
            ]
            problems += _misfits(feature, inputs)
            if feature.reason not in codes:
                problems.append(f"feature {feature.name}: no reason group {feature.reason}")
        for rule in self.policy.rules:
            known = self.feature_names if rule.column is None else inputs
            if rule.subject not in known:
                kind = "a feature" if rule.column is None else "an input column"
                problems.append(f"rule {rule.code}: {rule.subject} is not {kind}")
            elif not _comparable(rule, inputs, self.features):
                problems.append(
                    f"rule {rule.code}: compare a category column with a list of its codes, a number with "
                    "numbers; of a date, compare a feature"
                )
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
                elif not _rises_past(options[name].cap, self.by_name[name], feature.divide or 1.0):
                    problems.append(
                        f"feature {feature.name}: {name} must come out in years from 0 up to more than "
                        f"{options[name].cap:g}; divide it by what one year adds, such as -365.25"
                    )
        barred = options.keys() | {f.name for f in self.features if options.keys() & f.reads}
        problems += [
            f"rule {rule.code}: {rule.subject} is protected and may not decide"
            for rule in self.policy.rules
            if rule.subject in barred
        ]
        return problems


def _rises_past(cap: float, column: Column, divide: float) -> bool:
    """Whether an age counts forwards and can reach the cap: counted backwards, cap and direction turn around."""
    years = [bound / divide for bound in (column.minimum, column.maximum) if bound is not None]
    return bool(years) and min(years) >= 0 and max(years) > cap


def _ordered(part: Any) -> Any:
    """Sort keys all the way down, save those of categories: their order gives each code its number."""
    if isinstance(part, list):
        return [_ordered(item) for item in part]
    if isinstance(part, dict):
        return {k: part[k] if k == "categories" else _ordered(part[k]) for k in sorted(part)}
    return part


def _duplicates(kind: str, names: list[str]) -> list[str]:
    return [
        f"{kind} {name} appears twice" for name in sorted({n for n in names if names.count(n) > 1})
    ]


def _misfits(feature: Feature, inputs: dict[str, Column]) -> list[str]:
    """Columns whose type the operation cannot take, and codes that a column does not have."""
    problems = []
    for name in feature.columns:
        column = inputs.get(name)
        if column is None:
            continue
        if column.type not in feature.column_types:
            expected = " or ".join(feature.column_types)
            problems.append(
                f"feature {feature.name}: {feature.op} takes {expected}, {name} is {column.type}"
            )
        unknown = [code for code in feature.values or () if code not in column.categories]
        if unknown:
            problems.append(f"feature {feature.name}: {name} has no category {', '.join(unknown)}")
    gate = inputs.get(feature.only.column) if feature.only else None
    if gate is not None and not gate.is_number:
        problems.append(f"feature {feature.name}: `only` needs a number, {gate.name} is not")
    return problems


def _comparable(rule: Rule, inputs: dict[str, Column], features: tuple[Feature, ...]) -> bool:
    column = inputs.get(rule.column or "")
    values = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    if column is not None and column.type == "category":
        return all(value in column.categories for value in values)
    nominal = any(f.name == rule.feature and f.op == "category" for f in features)
    is_number = not nominal if column is None else column.is_number
    return is_number and all(isinstance(value, float) for value in values)
