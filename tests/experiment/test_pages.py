"""The pages are sound HTML files that need nothing else, and say first what matters most."""

from __future__ import annotations

import dataclasses
import functools
import re

import numpy as np
import pytest

from credit.experiment.arms import collect
from credit.experiment.comparison import compare
from credit.experiment.outcomes import compare_outcomes
from credit.experiment.pairedscores import PairedScores
from credit.experiment.report import (
    RolloutFindings,
    ShadowFindings,
    render_rollout,
    render_shadow,
    rollout_verdict,
    shadow_verdict,
)
from credit.experiment.swapset import swap_set
from credit.metrics import LoanTerms
from tests.experiment.made_up import EXPERIMENT, arm_decisions, paired
from tests.report.test_page import Outline

TERMS = LoanTerms(interest_income=0.1, loss_given_default=0.6)


def shadow_findings(book: PairedScores, terms: LoanTerms | None = TERMS) -> ShadowFindings:
    return ShadowFindings(
        name="next",
        product="retail",
        bundle="b" * 64,
        answered_by=("a" * 64,),
        first_created_at="2026-01-02T00:00:00.000000+00:00",
        last_created_at="2026-02-03T00:00:00.000000+00:00",
        unscored={"erased": 3, "other_contract": 1},
        n_skipped=2,
        n_own=4,
        note="bundle b reads <another> contract",
        exposure=None if book.exposure is None else "amount",
        swap=swap_set(book, terms),
    )


@functools.cache
def rollout_findings(
    n: int = 3_000, *, odds: float = 1.0, share: float = 0.3, outcomes: bool = False
) -> RolloutFindings:
    rows, counted = collect(
        EXPERIMENT, "champion", arm_decisions(n, seed=1, odds=odds, share=share)
    )
    first = rows.first()
    rng = np.random.default_rng(2)
    bad = np.where(rng.random(len(first)) < 0.5, np.nan, rng.random(len(first)) < first.pd)
    both = np.ones(len(first))
    return RolloutFindings(
        comparison=compare(EXPERIMENT, rows, counted),
        begun_at="2026-01-02T00:00:00+00:00",
        ended_at=None,
        outcomes=compare_outcomes(bad, first.approved, first.is_challenger, both)
        if outcomes
        else None,
        shadow=shadow_findings(paired(300, seed=3)),
        terms=TERMS,
    )


PAGES = {
    "shadow": lambda: render_shadow(
        shadow_findings(paired(400, seed=1, exposure=True, outcomes=True))
    ),
    "shadow without money": lambda: render_shadow(shadow_findings(paired(50, seed=1), None)),
    "shadow of few": lambda: render_shadow(shadow_findings(paired(6, seed=2))),
    "rollout": lambda: render_rollout(rollout_findings()),
    "rollout with outcomes": lambda: render_rollout(rollout_findings(odds=1.8, outcomes=True)),
    "rollout of few": lambda: render_rollout(
        dataclasses.replace(rollout_findings(60), shadow=None)
    ),
    "broken split": lambda: render_rollout(rollout_findings(share=0.2)),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_sound_and_needs_nothing_else(name: str) -> None:
    page = PAGES[name]()
    outline = Outline()
    outline.feed(page)

    assert (outline.open, outline.wrong) == ([], [])
    assert len(outline.ids) == len(set(outline.ids))
    assert all(reference.startswith("#") for reference in outline.references)
    assert {reference[1:] for reference in outline.references} <= set(outline.ids)
    assert outline.tags["script"] == 0
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page).replace("http-equiv", "")
    assert "{{" not in page
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", outline.text[""].lower())


def test_the_verdict_comes_first_and_words_of_others_are_escaped() -> None:
    found = shadow_findings(paired(400, seed=1))
    page = render_shadow(found)

    assert page.index(shadow_verdict(found).sentence[:60]) < page.index("<section")
    assert "reads &lt;another&gt; contract" in page


def test_a_broken_split_is_a_warning_in_red_before_anything_else() -> None:
    found = rollout_findings(share=0.2)
    page = render_rollout(found)

    assert rollout_verdict(found).tone == "stop"
    assert '<div class="verdict stop"' in page
    assert '<p class="note warn fail" id="ratio-warning">' in page
    assert page.index('class="verdict stop"') < page.index("<table")
    assert "ratio-warning" not in render_rollout(rollout_findings())


def test_a_planted_difference_is_in_the_verdict() -> None:
    verdict = rollout_verdict(rollout_findings(odds=1.8))

    assert verdict.tone == "seen"
    assert "challenger has a lower approval rate" in verdict.sentence
    assert "a higher mean PD" in verdict.sentence


def test_few_applicants_are_told_how_many_more_are_needed() -> None:
    found = rollout_findings(60)
    needed = found.comparison.needed
    assert needed is not None

    verdict = rollout_verdict(found)

    assert verdict.tone == "open"
    assert verdict.sentence.startswith("Nothing is shown yet, on ")
    assert (
        f"{needed.champion_still:,} and {needed.challenger_still:,} more are needed"
        in verdict.sentence
    )


def test_outcomes_are_in_the_verdict_when_they_are_known() -> None:
    without = rollout_verdict(rollout_findings(odds=1.8))
    known = rollout_verdict(rollout_findings(odds=1.8, outcomes=True))

    assert "No outcomes were given" in " ".join(without.more)
    assert "Bad rates that came among those approved" in " ".join(known.more)


def test_shares_that_changed_are_a_caution() -> None:
    found = rollout_findings()
    made = found.comparison
    ratio = dataclasses.replace(made.ratio, phases=made.ratio.phases * 2)
    changed = dataclasses.replace(found, comparison=dataclasses.replace(made, ratio=ratio))

    assert "Shares changed" not in " ".join(rollout_verdict(found).more)
    assert "Shares changed during the experiment" in " ".join(rollout_verdict(changed).more)


def test_a_verdict_goes_by_what_holds_at_every_look() -> None:
    """A single look would call this difference: its interval leaves zero out."""
    found = rollout_findings()
    line = found.comparison.lines[0]
    difference = dataclasses.replace(line.difference, estimate=0.04, low=0.01, high=0.07)
    lines = (dataclasses.replace(line, difference=difference), *found.comparison.lines[1:])
    once = dataclasses.replace(found, comparison=dataclasses.replace(found.comparison, lines=lines))

    assert rollout_verdict(once).tone == "open"


def test_a_verdict_on_money_says_whether_the_models_agree() -> None:
    book = paired(2_000, seed=4)
    # Both see the same low risk in those whom only the shadow approves.
    cheap = dataclasses.replace(
        book,
        answered_pd=np.full(2_000, 0.01),
        shadow_pd=np.full(2_000, 0.01),
        answered_decision=np.where(np.arange(2_000) < 500, "decline", "approve"),
        shadow_decision=np.full(2_000, "approve"),
    )
    dear = dataclasses.replace(
        cheap, answered_pd=np.full(2_000, 0.5), shadow_pd=np.full(2_000, 0.5)
    )

    assert "both expect more" in " ".join(shadow_verdict(shadow_findings(cheap)).more)
    assert "both expect less" in " ".join(shadow_verdict(shadow_findings(dear)).more)
    assert "only outcomes can tell" in " ".join(shadow_verdict(shadow_findings(book)).more)


def test_a_shadow_that_agrees_is_told_so() -> None:
    book = paired(100, seed=5)
    alike = dataclasses.replace(book, shadow_decision=book.answered_decision)

    assert shadow_verdict(shadow_findings(alike)).sentence == (
        "The shadow would decide all 100 decisions as they were answered."
    )
