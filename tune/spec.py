"""What one sweep is: a YAML file, checked before anything starts."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from credit.errors import SettingsInvalid
from tune.distributions import Parameters
from tune.spaces import SPACES, Space, space

Resampling = Literal["none", "undersample", "smote_tomek", "class_weights"]
Objective = Literal["auc", "calibration", "fairness"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Candidate(_Part):
    """One family to search.

    Attributes
    ----------
    name
        How the leaderboard calls it; the family, and the resampling where there is one.
    trials
        How many sets of parameters; the family's own number when not given.
    parameters
        Replaces parts of the family's space: a constant fixes a parameter, a distribution searches
        it.
    resampling
        Done to the training rows of each fold alone. Whatever is chosen, the calibrator learns from
        untouched rows.
    impute
        Fill missing values with medians before resampling: SMOTE cannot do without values.
    bags
        Models of different seeds whose margins are averaged.
    """

    family: str
    name: str = ""
    trials: Annotated[int, Field(ge=1)] | None = None
    parameters: Parameters = Field(default_factory=dict)
    resampling: Resampling = "none"
    impute: Literal["none", "median"] = "none"
    bags: Annotated[int, Field(ge=1, le=50)] = 1

    @model_validator(mode="after")
    def _family_is_known(self) -> Self:
        if self.family not in SPACES:
            raise ValueError(
                f"unknown family {self.family!r}; choose one of {', '.join(sorted(SPACES))}"
            )
        return self

    @property
    def label(self) -> str:
        """Name on the leaderboard."""
        plain = self.family if self.resampling == "none" else f"{self.family}+{self.resampling}"
        return self.name or plain

    @property
    def space(self) -> Space:
        """The family's space with this candidate's own parameters."""
        default = space(self.family)
        return Space(
            {**default.parameters, **self.parameters},
            default.max_steps,
            default.grace_steps,
            self.trials or default.trials,
        )


class FoldsSpec(_Part):
    """How rows are split.

    Attributes
    ----------
    kind
        ``kfold`` shuffles groups; ``rolling`` trains on the past and validates on what comes next,
        by the contract's time column.
    inner
        Folds that rank parameters within a search.
    outer
        1 holds one part in ``holdout_parts`` out; more repeats the whole search in each of so many
        outer folds, which are reported together.
    calibration
        Folds whose out-of-fold margins the calibrator learns from: more than the search has, so that
        they come from models close in size to the final one.
    embargo_days
        Days left out between training and validation of a rolling split, so that no outcome of
        the training rows lies in the validation period.
    """

    kind: Literal["kfold", "rolling"] = "kfold"
    inner: Annotated[int, Field(ge=2, le=20)] = 3
    outer: Annotated[int, Field(ge=1, le=20)] = 1
    holdout_parts: Annotated[int, Field(ge=2, le=20)] = 5
    calibration: Annotated[int, Field(ge=2, le=20)] = 5
    embargo_days: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _embargo_needs_time(self) -> Self:
        if self.embargo_days and self.kind != "rolling":
            raise ValueError("embargo_days goes with kind rolling")
        return self


class SweepSpec(_Part):
    """A whole sweep.

    Attributes
    ----------
    data, contract
        Where the rows are and what they mean; options of the command come first.
    objectives
        ``auc`` alone, or with ``calibration`` (expected calibration error of cross-fitted PDs) or
        ``fairness`` (gap of approval rates between the groups of ``fairness_column``, a protected
        column). With two, the Pareto front is kept and its best AUC wins.
    scheduler
        ``asha`` stops bad trials early; it needs a single objective.
    concurrent
        Trials at a time; 1 makes a sweep with a seed repeatable to the trial.
    warm_start
        Begin with the best parameters of the last sweep of this product and family.
    joblib
        Also write the winner as a scikit-learn estimator, for systems that read joblib.
    """

    description: str = ""
    data: str | None = None
    contract: str | None = None
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    folds: FoldsSpec = FoldsSpec()
    objectives: tuple[Objective, ...] = ("auc",)
    fairness_column: str | None = None
    scheduler: Literal["asha", "none"] = "asha"
    concurrent: Annotated[int, Field(ge=1)] | None = None
    warm_start: bool = False
    seed: int = 42
    joblib: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        labels = [candidate.label for candidate in self.candidates]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise ValueError(f"candidates called {', '.join(twice)} twice: give each a name")
        if "auc" not in self.objectives or len(set(self.objectives)) != len(self.objectives):
            raise ValueError("objectives: name auc, and at most one of calibration and fairness")
        if len(self.objectives) > 2:  # noqa: PLR2004 - a front of three cannot be looked at
            raise ValueError("objectives: expected at most two")
        if ("fairness" in self.objectives) != (self.fairness_column is not None):
            raise ValueError("fairness_column goes with the objective fairness")
        return self

    @property
    def n_trials(self) -> int:
        """Trials of one search over all candidates."""
        return sum(candidate.space.trials for candidate in self.candidates)


def presets() -> tuple[str, ...]:
    """Names of the sweeps that ship with the package."""
    folder = resources.files("tune") / "presets"
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_sweep(name_or_path: str | Path) -> SweepSpec:
    """Read and check a sweep.

    Raises
    ------
    SettingsInvalid
        When there is no such preset or file, or it breaks a rule; every broken rule is named.
    """
    name = str(name_or_path)
    if name in presets():
        text = (resources.files("tune") / "presets" / f"{name}.yaml").read_text(encoding="utf-8")
    elif Path(name).is_file():
        text = Path(name).read_text(encoding="utf-8")
    else:
        raise SettingsInvalid(
            f"no sweep {name!r}: give the path of a YAML file or one of: {', '.join(presets())}"
        )
    try:
        return SweepSpec.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SettingsInvalid(f"{name} is not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'sweep'}: {e['msg']}" for e in error.errors()
        )
        raise SettingsInvalid(f"{name} is not a valid sweep: {problems}") from error


def with_changes(spec: SweepSpec, **changes: object) -> SweepSpec:
    """Lay options of a command over a sweep; None leaves what is there.

    ``outer`` belongs to the folds, ``trials`` to every candidate.

    Raises
    ------
    SettingsInvalid
        When the result breaks a rule.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    document = spec.model_dump()
    if "outer" in given:
        document["folds"]["outer"] = given.pop("outer")
    if "trials" in given:
        trials = given.pop("trials")
        document["candidates"] = [{**c, "trials": trials} for c in document["candidates"]]
    try:
        return SweepSpec.model_validate({**document, **given})
    except ValidationError as error:
        raise SettingsInvalid("; ".join(e["msg"] for e in error.errors())) from error
