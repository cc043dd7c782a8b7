"""Golden rows: made with the bundle, checked before it may answer anybody."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from credit.contract.column import Column
from credit.contract.model import Contract
from credit.decision.bundle import Bundle, Golden, GoldenRow, golden_application, same
from credit.decision.fingerprint import fingerprint
from credit.decision.scorer import compose
from credit.errors import BundleIncompatible

N_GOLDEN = 20


def golden_applications(
    contract: Contract, raw: npt.NDArray[np.float64], *, seed: int
) -> list[dict[str, object]]:
    """Make applications up: each column is drawn from the training rows by itself, so none is a person.

    Training rows lack what was withheld. Made-up applicants consent to every source that any row has
    values of, so that nothing they must send is drawn as missing.
    """
    generator = np.random.default_rng(seed)
    drawn = np.column_stack(
        [
            generator.choice(_drawable(raw[:, j], column), N_GOLDEN)
            for j, column in enumerate(contract.inputs)
        ]
    )
    unknown = {
        column.source
        for j, column in enumerate(contract.inputs)
        if not column.nullable and np.isnan(raw[:, j]).all()
    }
    given = [source for source in contract.consent_sources if source not in unknown]
    consents = {"consents": given} if contract.consents else {}
    return [
        {
            "application_id": f"golden-{i}",
            **consents,
            **{c.name: c.plain(v) for c, v in zip(contract.inputs, row, strict=True)},
        }
        for i, row in enumerate(drawn.tolist())
    ]


def _drawable(values: npt.NDArray[np.float64], column: Column) -> npt.NDArray[np.float64]:
    known = ~np.isnan(values)
    return values if column.nullable or not known.any() else values[known]


def compute_golden(bundle: Bundle, applications: list[dict[str, object]]) -> Golden:
    """Score made-up applications and keep every number."""
    rows = []
    for raw in applications:
        application = bundle.validator.application(raw)
        vector = bundle.transform.row(application.values)
        margin = bundle.model.margin(vector)
        explanation = bundle.explainer.explain(vector)
        scored = compose(bundle, application, margin, explanation)
        rows.append(
            GoldenRow(
                application=raw,
                vector=tuple(None if math.isnan(v) else v for v in vector),
                margin=margin,
                probability_of_default=scored.probability_of_default,
                decision=scored.decision,
                base=explanation.base,
                contributions=explanation.contributions,
            )
        )
    return Golden(fingerprint=fingerprint(), rows=tuple(rows), engine=bundle.explainer.engine)


def check_scores(bundle: Bundle) -> None:
    """Compute features, margins and PDs of the golden rows again.

    To the bit within the fingerprint of the bundle, within 1e-12 in another one.

    Raises
    ------
    BundleIncompatible
        Naming the first row and stage that differ.
    """
    exactly = bundle.golden.fingerprint == fingerprint()
    for i, row in enumerate(bundle.golden.rows):
        vector = bundle.transform.row(golden_application(bundle, row).values)
        expected = [math.nan if v is None else v for v in row.vector]
        _require(same(expected, vector, exactly=exactly), bundle, i, "features")
        margin = bundle.model.margin(vector)
        _require(same([row.margin], [margin], exactly=exactly), bundle, i, "margin")
        found = bundle.calibrator.probability(margin)
        _require(
            same([row.probability_of_default], [found], exactly=exactly), bundle, i, "probability"
        )


def check_explanations(bundle: Bundle) -> None:
    """Compute contributions and decisions of the golden rows again; needs the explainer.

    Raises
    ------
    BundleIncompatible
        Naming the first row and stage that differ.
    """
    exactly = bundle.golden.fingerprint == fingerprint()
    for i, row in enumerate(bundle.golden.rows):
        application = golden_application(bundle, row)
        vector = bundle.transform.row(application.values)
        explanation = bundle.explainer.explain(vector)
        found = (explanation.base, *explanation.contributions)
        equal = same((row.base, *row.contributions), found, exactly=exactly)
        _require(equal, bundle, i, "explanation")
        scored = compose(bundle, application, row.margin, explanation)
        _require(scored.decision == row.decision, bundle, i, "decision")


def _require(equal: bool, bundle: Bundle, row: int, stage: str) -> None:
    if not equal:
        raise BundleIncompatible(
            f"bundle {bundle.hash[:12]}: golden row {row} gives another {stage} here than when the bundle "
            f"was made (then {bundle.golden.fingerprint}, now {fingerprint()}); it may not score"
        )
