"""The work that all contenders do, and the answers that they must give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import lightgbm
import msgspec
import numpy as np
import numpy.typing as npt

from cluster.bench.serve.contenders.handwork import FEATURES, MODEL, WORK
from credit.contract import Contract
from credit.decision import Bundle, load_bundle, save_bundle, score
from credit.decision.score import Score
from credit.decision.scorer import compose
from credit.errors import SettingsInvalid
from credit.explain import Explanation
from credit.models.calibration import calibrator_to_json
from credit.models.lightgbm import LightGBMModel
from tune.plan import split_holdout
from tune.rows import Rows
from tune.spec import Candidate
from tune.winner import make_winner

PARAMETERS = {
    "num_iterations": 200,
    "num_leaves": 15,
    "learning_rate": 0.05,
    "min_data_in_leaf": 50,
}
"""The size that the promised ratios are stated for."""

SEED = 6
N_APPLICANTS = 500


def make_bundle(rows: Rows, contract: Contract, root: Path, *, num_threads: int) -> Path:
    """Train the model of the bench and save it as a bundle below ``root``."""
    train, held_out = split_holdout(rows)
    bundle, _ = make_winner(
        train,
        held_out,
        contract,
        Candidate(family="lightgbm"),
        parameters=PARAMETERS,
        seed=SEED,
        num_threads=num_threads,
    )
    return save_bundle(bundle, root)


def choose_applicants(rows: Rows, contract: Contract) -> list[dict[str, Any]]:
    """Pick rows that the model has not learned from, as clients send them, without references."""
    held_out = split_holdout(rows)[1].raw
    chosen = np.random.default_rng(SEED).permutation(len(held_out))[:N_APPLICANTS]
    columns = contract.inputs
    return [
        {column.name: column.plain(value) for column, value in zip(columns, row, strict=True)}
        for row in held_out[chosen].tolist()
    ]


@dataclass(frozen=True)
class Expected:
    """What one applicant must be told.

    Attributes
    ----------
    ours
        By :func:`credit.decision.score`.
    path_dependent
        The same decision with the reasons of LightGBM's own ``pred_contrib``, asked of it directly.
    """

    ours: Score
    path_dependent: Score


@dataclass(frozen=True)
class Work:
    """A bundle and applicants.

    Attributes
    ----------
    applicants
        Raw values by column, all different; at least one.
    """

    folder: Path
    applicants: Sequence[Mapping[str, Any]]

    @cached_property
    def bundle(self) -> Bundle:
        """The loaded bundle.

        Raises
        ------
        SettingsInvalid
            When it does not hold the work that the contenders were written for.
        """
        bundle = load_bundle(self.folder)
        if not isinstance(bundle.model, LightGBMModel) or bundle.contract.feature_names != FEATURES:
            raise SettingsInvalid(
                f"bundle {bundle.hash[:12]}: the contenders were written by hand for a LightGBM model on the "
                "packaged contract give_me_some_credit; name such a bundle, or none to have one trained"
            )
        return bundle

    @property
    def booster(self) -> lightgbm.Booster:
        """LightGBM's own form of the model."""
        text = self.bundle.model.to_files()["model.lightgbm.txt"].decode()
        return lightgbm.Booster(model_str=text)

    def application(self, number: int) -> dict[str, Any]:
        """Application of one applicant, under references of its own."""
        values = self.applicants[number % len(self.applicants)]
        return {"application_id": f"A-{number}", "applicant_id": f"P-{number}", **values}

    def vectors(self, n: int) -> npt.NDArray[np.float64]:
        """Feature vectors of the first `n` applicants, shape (n, n_features)."""
        validator, transform = self.bundle.validator, self.bundle.transform
        return np.array(
            [transform.row(validator.application(self.application(i)).values) for i in range(n)]
        )

    def expected(self, n: int) -> list[Expected]:
        """Answers to the first `n` applicants."""
        bundle = self.bundle
        contributions = self.booster.predict(self.vectors(n), pred_contrib=True, num_threads=1)
        found = []
        for i, (*values, base) in enumerate(np.asarray(contributions).tolist()):
            application = bundle.validator.application(self.application(i))
            ours = score(bundle, bundle.explainer, application)
            explanation = Explanation(base, tuple(values), "pred_contrib")
            found.append(Expected(ours, compose(bundle, application, ours.margin, explanation)))
        return found

    def write(self, folder: Path) -> None:
        """Write what contenders read that do not know this product: the model and plain facts.

        Raises
        ------
        SettingsInvalid
            When the policy has rules that the contenders were not written for.
        """
        bundle, contract = self.bundle, self.bundle.contract
        policy = contract.policy
        if any(rule.test != "in" or rule.column is None for rule in policy.rules):
            raise SettingsInvalid(
                f"bundle {bundle.hash[:12]}: the contenders know policy rules of the form `column in values` "
                "only; name a bundle of the packaged contract, or none to have one trained"
            )
        facts = {
            "columns": [
                {
                    "name": c.name,
                    "type": c.type,
                    "minimum": c.minimum,
                    "maximum": c.maximum,
                    "nullable": c.nullable,
                    "codes": list(c.sentinels),
                }
                for c in contract.inputs
            ],
            "codes": sorted({code for c in contract.inputs for code in c.sentinels}),
            "caps": bundle.transform.caps,
            "calibrator": msgspec.json.decode(calibrator_to_json(bundle.calibrator)),
            "reasons": [feature.reason for feature in contract.features],
            "texts": contract.reason_texts,
            "policy": {
                "cutoff": policy.cutoff,
                "review_from": (1.0 - policy.review_band) * policy.cutoff,
                "edges": list(policy.band_edges),
                "bands": [{"rating": b.rating, "risk_level": b.risk_level} for b in policy.bands],
                "rules": [
                    {
                        "code": r.code,
                        "column": r.column,
                        "values": r.value,
                        "decision": r.decision,
                        "text": r.text,
                    }
                    for r in policy.rules
                ],
            },
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / WORK).write_bytes(msgspec.json.encode(facts))
        (folder / MODEL).write_bytes(bundle.model.to_files()["model.lightgbm.txt"])
