"""A card says of its rows what the metrics say of them, and knows which rows they are."""

from __future__ import annotations

import datetime
import json
import math
from collections import Counter
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from credit import metrics
from credit.contract.application import Application
from credit.decision import Bundle, score
from credit.decision.score import Score
from credit.errors import DataError
from credit.gates import evaluate_gates
from credit.report import CardRows, measure_card, report_values
from credit.report.search import search_log
from credit.report.segments import category_groups, number_bands
from tests.report.conftest import FEW, TERMS, Case, outcome

SAME: dict[str, Any] = {"n_resamples": 100}


@pytest.fixture(params=["booster", "scorecard"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


def probabilities(case: Case) -> np.ndarray[Any, np.dtype[np.float64]]:
    bundle = case.bundle
    vectors = bundle.transform.matrix(case.measured.raw)
    return bundle.calibrator.probabilities(bundle.model.margins(vectors))


def scored_alone(case: Case) -> list[Score]:
    """Every measured row through the scorer, as production would answer it."""
    bundle = case.bundle
    return [
        score(bundle, bundle.explainer, Application("x", None, None, tuple(row)))
        for row in case.measured.raw.tolist()
    ]


def test_figures_are_those_of_the_metrics_on_the_same_rows(case: Case) -> None:
    y, prob = case.measured.labels, probabilities(case)
    found, pds, n = case.card.discrimination, case.card.calibration, SAME

    assert found.auc == metrics.auc_interval(y, prob)
    assert found.gini == metrics.gini_interval(y, prob)
    assert found.ks == metrics.ks_interval(y, prob, **n)
    assert found.pr_auc == metrics.pr_auc_interval(y, prob, **n)
    assert found.h_measure == metrics.h_measure_interval(y, prob, **n)
    assert found.partial_auc == metrics.partial_auc_interval(y, prob, found.max_fpr, **n)
    assert found.lift == metrics.lift_table(y, prob)
    assert pds.brier == metrics.brier_interval(y, prob)
    assert pds.log_loss == metrics.log_loss_interval(y, prob)
    assert pds.ece == metrics.ece_interval(y, prob, **n)
    assert pds.parts == metrics.brier_parts(y, prob, **n)
    assert pds.decomposition == metrics.brier_decomposition(y, prob, 10)
    assert pds.line == metrics.calibration_line(y, prob)
    assert pds.observed_expected == metrics.observed_expected(y, prob)
    assert pds.bins == metrics.reliability_table(y, prob)


def test_the_roc_curve_holds_the_auc_beneath_it_and_the_gain_curve_its_area(case: Case) -> None:
    """Of the gain curve: area = bad rate / 2 + (1 - bad rate) x AUC."""
    found, rate = case.card.discrimination, case.card.data.measured.bad_rate.estimate

    assert (found.roc.x[0], found.roc.y[0], found.roc.x[-1], found.roc.y[-1]) == (0, 0, 1, 1)
    assert _area(found.roc.x, found.roc.y) == pytest.approx(found.auc.estimate, abs=0.01)
    assert _area(found.gain.x, found.gain.y) == pytest.approx(
        rate / 2 + (1 - rate) * found.auc.estimate, abs=0.01
    )


def _area(x: tuple[float, ...], y: tuple[float, ...]) -> float:
    return math.fsum(
        (b - a) * (c + d) / 2 for a, b, c, d in zip(x[:-1], x[1:], y[:-1], y[1:], strict=True)
    )


def test_histograms_hold_every_row(case: Case) -> None:
    found = case.card.discrimination

    assert math.fsum(found.goods.shares) == pytest.approx(1)
    assert math.fsum(found.bads.shares) == pytest.approx(1)
    assert found.goods.edges == found.bads.edges


def test_decisions_are_those_of_the_scorer_row_by_row(case: Case) -> None:
    decided: list[str] = [told.decision for told in scored_alone(case)]
    count, bads = (
        Counter(decided),
        Counter(d for d, bad in zip(decided, case.measured.labels, strict=True) if bad),
    )

    for found in case.card.decisions.outcomes:
        assert found.share.n_bads == count[found.decision]
        assert found.share.n == len(decided)
        assert found.bad_rate is not None
        assert (found.bad_rate.n, found.bad_rate.n_bads) == (
            count[found.decision],
            bads[found.decision],
        )
    assert len(count) == 3


def test_costs_and_cut_offs_are_those_of_the_metrics(case: Case) -> None:
    y, prob, policy = case.measured.labels, probabilities(case), case.bundle.contract.policy
    costs = metrics.Costs(
        false_negative=policy.cost_false_negative, false_positive=policy.cost_false_positive
    )
    found = case.card.decisions

    assert found.cutoff == policy.cutoff
    assert found.classification == metrics.classify(y, prob, policy.cutoff)
    assert found.report == metrics.classification_report(y, prob, policy.cutoff)
    assert found.empirical == metrics.empirical_cutoff(y, prob, costs, n_resamples=100)
    assert found.empirical.analytic_cutoff == pytest.approx(policy.cutoff)
    whole = metrics.cost_curve(y, prob, costs)
    assert set(found.cost.x) <= set(whole.cutoffs.tolist())
    assert min(found.cost.y) >= whole.cost.min()


def test_profit_is_measured_where_terms_are_given(booster: Case, scorecard: Case) -> None:
    y, prob = booster.measured.labels, probabilities(booster)
    found = booster.card.decisions.profit

    assert found is not None
    assert found.at_policy == metrics.profit(y, prob, 1 / 11, TERMS)
    assert found.break_even == pytest.approx(0.1 / 0.7)
    assert scorecard.card.decisions.profit is None


# Which rows.


def test_the_training_rows_are_recognised_by_their_hash(case: Case) -> None:
    data = case.card.data

    assert data.is_held_out
    assert data.training is not None
    assert data.training.n == len(case.training)
    assert (data.measured.n, data.measured.n_bads) == (
        len(case.measured),
        int(case.measured.labels.sum()),
    )
    assert data.n_rows == data.training.n + data.measured.n
    assert not any("has seen some" in limit for limit in case.card.limits)


def test_other_rows_are_said_to_be_other_rows(booster: Case) -> None:
    labels = booster.training.labels.copy()
    labels[0] = 1 - labels[0]
    other = CardRows(booster.training.raw, labels)

    for training in (other, None):
        card = measure_card(
            booster.bundle, booster.measured, booster.check, training=training, **FEW
        )
        assert not card.data.is_held_out
        assert any("nobody can tell here whether it has seen" in limit for limit in card.limits)


def test_without_training_rows_nothing_is_compared_with_them(scorecard: Case) -> None:
    card = measure_card(scorecard.bundle, scorecard.measured, scorecard.check, **FEW)

    assert card.data.training is None
    assert card.stability.features == ()
    assert card.stability.score is None
    assert "not at hand" in card.stability.compared_with
    assert card.bins.made_on == "the measured rows"
    assert card.discrimination == scorecard.card.discrimination


def test_dates_give_the_window_and_the_periods(booster: Case, scorecard: Case) -> None:
    times = scorecard.measured.times
    assert times is not None
    found, window = scorecard.card.stability.periods, scorecard.card.data.measured

    assert window.first == datetime.date.fromordinal(int(times.min())).isoformat()
    assert window.last == datetime.date.fromordinal(int(times.max())).isoformat()
    assert len(found) == 6
    assert sum(period.n for period in found) == len(scorecard.measured)
    assert [p.first for p in found] == sorted(p.first for p in found)
    assert all(a.last < b.first for a, b in pairwise(found))
    first = datetime.date.fromisoformat(found[0].last).toordinal()
    chosen = times <= first
    assert found[0].bad_rate == metrics.wilson_interval(
        int(scorecard.measured.labels[chosen].sum()), int(chosen.sum())
    )
    assert booster.card.stability.periods == ()
    assert booster.card.data.measured.first is None
    assert any("carry no dates" in limit for limit in booster.card.limits)
    assert any("the same time as those learned from" in limit for limit in scorecard.card.limits)


def test_stability_is_csi_against_the_training_rows(case: Case) -> None:
    transform, contract = case.bundle.transform, case.bundle.contract
    nominal = [f.name for f in contract.features if f.op == "category"]

    expected = metrics.characteristic_stability(
        transform.matrix(case.training.raw),
        transform.matrix(case.measured.raw),
        contract.feature_names,
        categories=nominal,
        n_resamples=100,
    )

    assert case.card.stability.features == expected
    assert case.card.stability.score is not None
    assert case.card.stability.score.index.estimate == pytest.approx(
        metrics.population_stability_index(
            -_log_odds(case, case.training), -_log_odds(case, case.measured)
        )
    )


def _log_odds(case: Case, rows: CardRows) -> np.ndarray[Any, np.dtype[np.float64]]:
    """PSI knows only the order, and a score falls strictly with the log-odds."""
    bundle = case.bundle
    prob = bundle.calibrator.probabilities(bundle.model.margins(bundle.transform.matrix(rows.raw)))
    logit: np.ndarray[Any, np.dtype[np.float64]] = np.log(prob / (1 - prob))
    return logit


# Groups.


def test_groups_are_those_of_the_protected_columns(scorecard: Case) -> None:
    frame = pd.DataFrame(
        {
            "group": scorecard.measured.segments["group"],
            "bad": scorecard.measured.labels,
            "kept": [told.decision != "decline" for told in scored_alone(scorecard)],
            "prob": probabilities(scorecard),
        }
    )
    [segment] = scorecard.card.segments

    assert segment.column == "group"
    assert [g.name for g in segment.groups] == ["A", "B"]
    for found in segment.groups:
        own = frame[frame["group"] == found.name]
        assert found.n == len(own)
        assert found.bad_rate == metrics.wilson_interval(int(own["bad"].sum()), len(own))
        assert found.approved == metrics.wilson_interval(int(own["kept"].sum()), len(own))
        assert found.mean_probability == pytest.approx(own["prob"].mean())
        enough = own["bad"].sum() >= metrics.MINIMUM_BADS
        expected = metrics.auc_interval(own["bad"], own["prob"]) if enough else None
        assert found.auc == expected
    labels = frame["group"].to_numpy()
    assert segment.parity == metrics.demographic_parity_gap(labels, frame["kept"])
    assert segment.opportunity == metrics.equal_opportunity_gap(labels, frame["kept"], frame["bad"])


def test_ages_are_measured_in_four_bands_and_few_bads_give_no_auc(booster: Case) -> None:
    [segment] = booster.card.segments

    assert segment.column == "age"
    assert len(segment.groups) == 4
    assert sum(group.n for group in segment.groups) == len(booster.measured)
    for group in segment.groups:
        assert (group.auc is None) == (group.bad_rate.n_bads < metrics.MINIMUM_BADS)


def test_bands_run_from_low_to_high_and_hold_what_they_say() -> None:
    """Twelve ages: the quarters end at 30, 40 and 50; a missing one is in none."""
    values = np.array([20.0, 25, 30, 31, 35, 40, 41, 45, 50, 51, 70, 90, math.nan])

    labels, order = number_bands(values)

    assert order == ["up to 30", "above 30, up to 40", "above 40, up to 50", "above 50"]
    assert [order.index(label) for label in labels[:-1]] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert labels[-1] is None


def test_a_flag_keeps_its_values_and_a_category_its_codes() -> None:
    assert number_bands(np.array([0.0, 1.0, 1.0, math.nan]))[1] == ["0", "1"]
    labels, order = category_groups(np.array(["b", None, "a"], dtype=object))
    assert labels.tolist() == ["b", None, "a"]
    assert order == ["a", "b"]


# Reasons.


def test_reasons_are_counted_as_the_scorer_gives_them(case: Case) -> None:
    declined = [told for told in scored_alone(case) if told.decision == "decline"]
    few = min(len(declined), 60)
    card = measure_card(
        case.bundle, case.measured, case.check, n_resamples=100, n_explained=len(case.measured)
    )
    told = [[reason.code for reason in one.reason_codes] for one in declined]
    first, any_place = (
        Counter(codes[0] for codes in told),
        Counter(c for codes in told for c in codes),
    )

    assert case.card.reasons.n_declined == few
    if len(declined) <= 200:
        assert card.reasons.n_declined == len(declined)
        assert {r.code: r.first.n_bads for r in card.reasons.reasons} == {
            code: first[code] for code in any_place
        }
        assert {r.code: r.any_place.n_bads for r in card.reasons.reasons} == dict(any_place)
    shares = [r.first.estimate for r in card.reasons.reasons]
    assert shares == sorted(shares, reverse=True)


def test_weights_are_mean_contributions_in_points(case: Case) -> None:
    """Twenty points double the odds, so a unit of log-odds is 20 / ln 2."""
    card = measure_card(
        case.bundle, case.measured, case.check, n_resamples=100, n_explained=len(case.measured)
    )
    values = np.abs([told.shap_values for told in scored_alone(case)]).mean(axis=0)

    expected = dict(zip(case.bundle.contract.feature_names, values * 20 / math.log(2), strict=True))
    found = {weight.feature: weight.points for weight in card.reasons.weights}
    assert found == pytest.approx(expected)
    assert list(found.values()) == sorted(found.values(), reverse=True)


# Bins, search, gates.


def test_bins_add_up_to_the_rows_and_to_their_information_value(case: Case) -> None:
    n = len(case.training)
    n_bads = int(case.training.labels.sum())

    for feature in case.card.bins.features:
        assert sum(b.n for b in feature.bins) == n
        rates = [(b.n, b.bad_rate.n_bads, b.woe) for b in feature.bins if b.bad_rate is not None]
        iv = sum(((rows - bads) / (n - n_bads) - bads / n_bads) * woe for rows, bads, woe in rates)
        assert feature.iv == pytest.approx(iv)
    assert {f.feature for f in case.card.bins.features} == set(case.bundle.contract.feature_names)


def test_only_a_scorecard_has_points(booster: Case, scorecard: Case) -> None:
    model: Any = scorecard.bundle.model

    assert booster.card.bins.points == ()
    assert scorecard.card.bins.points == model.card.points_table(scorecard.bundle.scale)
    assert all(feature.verdict for feature in scorecard.card.bins.features)


def test_the_search_is_that_of_the_bundle(booster: Case, scorecard: Case) -> None:
    found = booster.card.search

    assert found is not None
    assert (found.sweep, found.candidate, found.rank, found.n_candidates) == (
        "made up",
        "lightgbm",
        2,
        2,
    )
    assert [trial.auc for trial in found.trials] == [0.8, 0.79, 0.78]
    assert found.outer_auc == (0.79, 0.77, 0.81)
    assert scorecard.card.search is None
    assert search_log(outcome(booster.bundle), scorecard.bundle.hash) is None


@pytest.mark.parametrize("damaged", [{}, {"leaderboard": [{}]}, {"leaderboard": 3, "sweep": "x"}])
def test_what_is_no_outcome_of_a_sweep_is_refused(damaged: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="the outcome of a sweep cannot be read"):
        search_log(damaged, "0" * 64)


def test_gates_are_held_against_the_measured_rows(booster: Case, gates: Any) -> None:
    results = evaluate_gates(
        gates, booster.measured.labels, probabilities(booster), booster.bundle.contract.policy
    )

    assert booster.card.gates is not None
    assert not booster.card.gates.passed
    assert [(g.metric, g.measured, g.passed) for g in booster.card.gates.lines] == [
        (r.metric, r.measured, r.passed) for r in results
    ]


# Limits.


def test_few_bads_are_the_first_limit(booster: Case) -> None:
    kept = np.flatnonzero((booster.measured.labels == 0) | (np.arange(len(booster.measured)) < 300))
    few = CardRows(booster.measured.raw[kept], booster.measured.labels[kept])
    assert 1 < few.labels.sum() < 50

    card = measure_card(booster.bundle, few, booster.check, **FEW)

    assert card.limits[0].startswith(f"There are only {int(few.labels.sum())} bads")
    assert "Every figure rests on" in booster.card.limits[0]


def test_the_limits_name_fallbacks_and_groups_that_were_not_measured(scorecard: Case) -> None:
    said = " ".join(scorecard.card.limits)

    assert "answered by other models, not measured here: digital (AUC" in said
    assert "Not measured by group, as the rows do not say: region." in said


def test_a_family_that_ignores_directions_says_so(booster: Case, bundle_of: Any) -> None:
    free: Bundle = bundle_of("gradient_boosting")

    card = measure_card(free, booster.measured, booster.check, **FEW)

    assert any(
        "gradient_boosting does not keep the contract's directions" in s for s in card.limits
    )
    assert not any("does not keep the contract's directions" in s for s in booster.card.limits)


# For machines.


def test_the_values_are_json_and_hold_no_row_of_a_person(case: Case) -> None:
    text = msgspec.json.encode(report_values(case.card))

    values = json.loads(text)
    assert values["discrimination"]["auc"]["estimate"] == case.card.discrimination.auc.estimate
    assert set(values["reasons"]) == {
        "engine",
        "n_explained",
        "n_declined",
        "reasons",
        "weights",
    }
    references = {str(reference) for reference in case.rows.references}
    assert references
    assert not references & set(text.decode().split('"'))


def test_the_same_rows_give_the_same_values(booster: Case) -> None:
    again = measure_card(
        booster.bundle, booster.measured, booster.check, training=booster.training, **FEW
    )

    first = report_values(booster.card)
    second = report_values(again)
    for part in ("discrimination", "calibration", "stability", "reasons", "bins"):
        assert first[part] == second[part]
