"""A decision is a pure function of bundle and application, and gives no reasons that do not add up."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from credit.decision import Bundle, compose, score
from credit.decision.scorer import answer
from credit.errors import ExplanationInconsistent
from credit.explain import Explanation
from tests.loanbook import application
from tune.rows import Rows


def test_a_score_joins_what_every_part_says(any_bundle: Bundle) -> None:
    asked = any_bundle.validator.application(application(past_due_90=2))
    vector = any_bundle.transform.row(asked.values)

    found = score(any_bundle, any_bundle.explainer, asked)

    assert found.margin == any_bundle.model.margin(vector)
    assert found.probability_of_default == any_bundle.calibrator.probability(found.margin)
    odds = (1 - found.probability_of_default) / found.probability_of_default
    assert found.score == round(600 + 20 * math.log2(odds / 50), 2)
    assert found.shap_values == any_bundle.explainer.explain(vector).contributions
    assert found.reason_codes[0].code in any_bundle.contract.reason_texts


def test_the_published_point_of_the_scale(any_bundle: Bundle) -> None:
    """PD 1/11 is 553.56 points: 600 + 20 log2(10 / 50)."""
    assert round(any_bundle.scale.score_from_probability(1 / 11), 2) == 553.56


def test_scoring_again_and_in_any_order_gives_the_same_bytes(
    any_bundle: Bundle, rows: Rows
) -> None:
    asked = [
        any_bundle.validator.application(
            {
                "application_id": f"A-{i}",
                **{
                    c.name: None if math.isnan(v) else v
                    for c, v in zip(any_bundle.contract.inputs, values, strict=True)
                },
            }
        )
        for i, values in enumerate(rows.raw[:80].tolist())
    ]

    def encoded(i: int) -> bytes:
        return msgspec.json.encode(score(any_bundle, any_bundle.explainer, asked[i]))

    forwards = [encoded(i) for i in range(80)]
    order = np.random.default_rng(0).permutation(80).tolist()
    shuffled = {i: encoded(i) for i in order}

    assert [shuffled[i] for i in range(80)] == forwards
    assert {msgspec.json.decode(line)["decision"] for line in forwards} == {
        "approve",
        "review",
        "decline",
    }


def test_a_rule_decides_with_the_reason_first(any_bundle: Bundle) -> None:
    asked = any_bundle.validator.application(application(past_due_90=98))

    found = score(any_bundle, any_bundle.explainer, asked)

    assert found.decision in ("review", "decline")
    assert found.reason_codes[0].code == "PAYMENT_HISTORY_CODED"
    assert found.reason_codes[0].points is None


@pytest.mark.parametrize("gap", [2e-6, -2e-6, 1.0, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["margin", "base", "contribution"])
def test_reasons_that_do_not_add_up_are_not_given(
    any_bundle: Bundle, gap: float, where: str
) -> None:
    asked = any_bundle.validator.application(application())
    vector = any_bundle.transform.row(asked.values)
    margin = any_bundle.model.margin(vector)
    base, (first, *others), engine = msgspec.structs.astuple(any_bundle.explainer.explain(vector))
    bent = Explanation(
        base + gap if where == "base" else base,
        (first + gap if where == "contribution" else first, *others),
        engine,
    )

    with pytest.raises(
        ExplanationInconsistent, match="contributions miss the raw score by .* no sc"
    ):
        compose(any_bundle, asked, margin + gap if where == "margin" else margin, bent)


def test_a_gap_of_rounding_is_no_gap(any_bundle: Bundle) -> None:
    asked = any_bundle.validator.application(application())
    vector = any_bundle.transform.row(asked.values)
    explanation = any_bundle.explainer.explain(vector)

    compose(any_bundle, asked, any_bundle.model.margin(vector) + 5e-7, explanation)


def test_an_answer_names_shap_values_by_feature_and_only_when_asked(any_bundle: Bundle) -> None:
    asked = any_bundle.validator.application(application())
    scored = score(any_bundle, any_bundle.explainer, asked)

    told = {
        wanted: msgspec.to_builtins(
            answer(
                any_bundle,
                asked,
                scored,
                arm="champion",
                generation=3,
                decision_id=None,
                with_shap_values=wanted,
            )
        )
        for wanted in (True, False)
    }

    assert tuple(told[True].pop("shap_values")) == any_bundle.contract.feature_names
    assert told[True] == told[False]
    assert told[False]["bundle"] == any_bundle.hash
    assert told[False]["model"] == any_bundle.manifest.family
