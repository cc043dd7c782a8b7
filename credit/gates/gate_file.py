"""What a model must reach before it may be promoted, declared in a YAML file.

.. code-block:: yaml

    cutoff: policy          # the contract's, or a PD such as 0.0909
    gates:
      - {metric: auc, at_least: 0.75}
      - {metric: observed_expected, at_least: 0.97, at_most: 1.03}
      - {metric: cost_per_client, at_most: 0.40, cost_false_negative: 10, cost_false_positive: 1}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from credit.contract.policy import Policy
from credit.errors import SettingsInvalid
from credit.gates.measures import MEASURES, MetricName
from credit.metrics import Costs

Cost = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Gate(_Part):
    """Bounds of one figure; a figure on a bound passes.

    ``cost_false_negative`` and ``cost_false_positive`` belong to ``cost_per_client``; without them
    the costs of the policy hold.
    """

    metric: MetricName
    at_least: float | None = None
    at_most: float | None = None
    cost_false_negative: Cost | None = None
    cost_false_positive: Cost | None = None

    @model_validator(mode="after")
    def _bounds_can_fail_and_pass(self) -> Self:
        measure = MEASURES[self.metric]
        needed = {"higher": self.at_least, "lower": self.at_most}.get(measure.better)
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"{self.metric}: state `at_least`, `at_most` or both")
        if measure.better != "within" and needed is None:
            key = "at_least" if measure.better == "higher" else "at_most"
            raise ValueError(f"{self.metric}: {measure.better} is better, so state `{key}`")
        for key, bound in (("at_least", self.at_least), ("at_most", self.at_most)):
            if bound is not None and not measure.lowest <= bound <= measure.highest:
                raise ValueError(
                    f"{self.metric}: {key} {bound} lies outside its range, "
                    f"{measure.lowest} to {measure.highest}"
                )
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError(
                f"{self.metric}: no figure is at least {self.at_least} and at most {self.at_most}"
            )
        return self

    @model_validator(mode="after")
    def _costs_belong_to_cost(self) -> Self:
        stated = [cost is not None for cost in (self.cost_false_negative, self.cost_false_positive)]
        if any(stated) and self.metric != "cost_per_client":
            raise ValueError(f"{self.metric}: costs belong to cost_per_client only")
        if any(stated) and not all(stated):
            raise ValueError(f"{self.metric}: state both costs, or neither to take the policy's")
        return self

    def costs(self, policy: Policy) -> Costs:
        """Costs of this gate, else those of the policy."""
        return Costs(
            false_negative=self.cost_false_negative or policy.cost_false_negative,
            false_positive=self.cost_false_positive or policy.cost_false_positive,
        )

    def holds(self, value: float) -> bool:
        """Whether a value meets the bounds; NaN does not."""
        above = self.at_least is None or value >= self.at_least
        below = self.at_most is None or value <= self.at_most
        # Every gate has a bound, and NaN meets none.
        return above and below

    def excludes(self, low: float, high: float) -> bool:
        """Whether no value from ``low`` to ``high`` meets the bounds."""
        too_low = self.at_least is not None and high < self.at_least
        too_high = self.at_most is not None and low > self.at_most
        return too_low or too_high

    @property
    def required(self) -> str:
        """The bounds in words: ``at least 0.97, at most 1.03``."""
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


class GateFile(_Part):
    """The gates of one product, and the cut-off at which decisions are rated."""

    cutoff: Annotated[float, Field(gt=0, lt=1)] | Literal["policy"]
    gates: tuple[Gate, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_figure_once(self) -> Self:
        asked = [(g.metric, g.cost_false_negative, g.cost_false_positive) for g in self.gates]
        twice = sorted({gate[0] for gate in asked if asked.count(gate) > 1})
        if twice:
            raise ValueError(
                f"more than one gate for {', '.join(twice)}: put both bounds into one gate"
            )
        return self

    def cutoff_of(self, policy: Policy) -> float:
        """PD at and above which an application counts as declined."""
        return policy.cutoff if self.cutoff == "policy" else self.cutoff


def load_gates(path: str | Path) -> GateFile:
    """Read and check a gate file.

    Raises
    ------
    SettingsInvalid
        When there is no such file, it is not YAML, or it breaks a rule; every broken rule is named.
    """
    file = Path(path)
    if not file.is_file():
        raise SettingsInvalid(f"no gate file {file}: give the path of a YAML file")
    try:
        return GateFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{file} is not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()
        )
        raise SettingsInvalid(f"{file} is not a valid gate file: {problems}") from error
