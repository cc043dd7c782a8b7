"""``credit shadow`` and ``credit rollout report`` as their user runs them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
from msgspec.structs import replace
from typer.testing import CliRunner, Result

from cluster.cli.rollout_report import report
from cluster.cli.shadow import app as shadow_app
from cluster.cli.terminal import console
from cluster.rollout_report import find_span
from cluster.shadow_report import read_outcomes
from credit.decision import Bundle, Rollout
from credit.decision.assignment import CHAMPION, slot_of
from credit.decision.rollout_changes import paused, with_bundle, with_share, without
from credit.errors import (
    BundleIncompatible,
    CreditError,
    DataError,
    RolloutRefused,
    SettingsInvalid,
)
from credit.records import LocalKeyFile, RecordReader
from credit.settings import Settings
from serve_app.rollout.change import Change
from serve_app.rollout.store import Past
from tests.cluster.shadows import PRODUCT, answer, begin, made_rollout
from tests.records.samples import destroy_keys

Command = Callable[..., Result]
N = 400

app = typer.Typer()
app.add_typer(shadow_app, name="shadow")
app.command("report")(report)


@pytest.fixture(scope="module")
def rollout(lightgbm_bundle: Bundle, scorecard_bundle: Bundle) -> Rollout:
    return made_rollout(lightgbm_bundle, scorecard_bundle)


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory,
    rollout: Rollout,
    lightgbm_bundle: Bundle,
    scorecard_bundle: Bundle,
) -> Path:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    bundles = [lightgbm_bundle, scorecard_bundle]
    begin(settings, rollout, bundles)
    answer(settings, rollout, bundles, N)
    return settings.home


@pytest.fixture
def command(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("CREDIT_HOME", str(home))
    # It has read COLUMNS when it was imported, whichever test that was for.
    monkeypatch.setattr(console, "_width", 200)

    def run(*arguments: object) -> Result:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if isinstance(done.exception, CreditError):
            raise done.exception
        return done

    return run


@pytest.fixture
def scored(command: Command, scorecard_bundle: Bundle) -> None:
    assert command("shadow", "run", "next", "--bundle", scorecard_bundle.hash[:12]).exit_code == 0


def by_hand(home: Path, bundle: Bundle) -> list[tuple[str, str]]:
    """Decide again, one by one, what the other arm answered."""
    from credit.decision import score
    from credit.records.replay.replay import received

    settings = Settings(home=home)
    pairs: list[tuple[str, str]] = []
    with RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader:
        for record in reader.after():
            if record.clear.bundle != bundle.hash:
                application = received(bundle, reader.open(record))
                now = score(bundle, bundle.explainer, application).decision
                pairs.append((record.clear.decision, now))
    return pairs


def test_the_swap_set_is_the_one_that_deciding_again_gives(
    command: Command, home: Path, scored: None, scorecard_bundle: Bundle
) -> None:
    done = command("shadow", "report", "next", "--json")

    found = json.loads(done.stdout)
    pairs = Counter(by_hand(home, scorecard_bundle))
    assert {
        (then, now): n
        for then, row in found["swap"]["matrix"].items()
        for now, n in row.items()
        if n
    } == pairs
    groups = {group["name"]: group["n"] for group in found["swap"]["groups"]}
    assert groups["swap-in"] == sum(n for (a, b), n in pairs.items() if a != "approve" == b)
    assert groups["swap-out"] == sum(n for (a, b), n in pairs.items() if a == "approve" != b)
    assert found["n_own"] == N - sum(pairs.values()) > 50
    assert command("shadow", "report", "next", "--json").stdout == done.stdout


def test_people_get_a_sentence_and_tables_and_a_page(
    command: Command, scored: None, tmp_path: Path
) -> None:
    page = tmp_path / "shadow.html"
    terms = ("--interest-income", "0.1", "--loss-given-default", "0.6")

    done = command(
        "shadow", "report", "next", "--out", page, *terms, "--exposure", "monthly_income"
    )

    assert done.stdout.startswith("The shadow would decide ")
    assert "in the unit of monthly_income" in done.stdout
    assert "Exposure not known, so in no sum of money: " in done.stdout
    assert page.read_text().startswith("<!DOCTYPE html>")
    listed = command("shadow", "list")
    assert "next" in listed.stdout
    assert json.loads(command("shadow", "list", "--json").stdout)[0]["n_scored"] == N


def test_running_it_again_scores_nothing_twice_and_again_begins_anew(
    command: Command, scored: None, scorecard_bundle: Bundle
) -> None:
    for more in ((), ("--again",)):
        done = command("shadow", "run", "next", "--bundle", scorecard_bundle.hash, *more)
        assert f"{N} decisions scored, 0 not" in done.stdout


def test_a_run_that_is_interrupted_goes_on(
    command: Command, scorecard_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credit.shadow import ShadowConsumer
    from credit.shadow import consumer as module

    monkeypatch.setattr(module, "PAGE", 100)
    real, n_steps = ShadowConsumer.step, []

    def step(self: ShadowConsumer) -> bool:
        n_steps.append(1)
        if len(n_steps) == 3:
            raise KeyboardInterrupt
        return real(self)

    arguments = ("shadow", "run", "interrupted", "--bundle", scorecard_bundle.hash)
    with monkeypatch.context() as patch:
        patch.setattr(ShadowConsumer, "step", step)
        assert command(*arguments).exit_code == 130
    [run] = [
        r
        for r in json.loads(command("shadow", "list", "--json").stdout)
        if r["name"] == "interrupted"
    ]
    assert run["n_scored"] == 200

    assert f"{N} decisions scored" in command(*arguments).stdout


def test_money_and_names_that_make_no_sense_are_refused(
    command: Command, scored: None, scorecard_bundle: Bundle
) -> None:
    with pytest.raises(
        SettingsInvalid, match="give both --interest-income and --loss-given-default"
    ):
        command("shadow", "report", "next", "--interest-income", "0.1")
    with pytest.raises(SettingsInvalid, match="--exposure weighs money"):
        command("shadow", "report", "next", "--exposure", "monthly_income")
    terms = ("--interest-income", "0.1", "--loss-given-default", "0.6")
    with pytest.raises(
        SettingsInvalid, match=r"--exposure colour: expected a column of .* one of "
    ):
        command("shadow", "report", "next", *terms, "--exposure", "colour")
    with pytest.raises(SettingsInvalid, match="--exposure weighs the swap set"):
        command("report", *terms, "--exposure", "monthly_income")
    with pytest.raises(RolloutRefused, match="'Next' is no name of an arm"):
        command("shadow", "run", "Next", "--bundle", scorecard_bundle.hash)
    with pytest.raises(SettingsInvalid, match="shadows here: "):
        command("shadow", "report", "nothing")
    with pytest.raises(DataError, match="has scored no decision of another bundle in this choice"):
        command("shadow", "report", "next", "--until", "2020-01-01")


def test_a_bundle_of_another_contract_is_refused(
    command: Command, home: Path, scorecard_bundle: Bundle, tmp_path: Path
) -> None:
    from credit.decision import save_bundle

    changed = scorecard_bundle.contract.model_copy(update={"version": "other"})
    other = Bundle(
        hash_="",
        contract=changed,
        transform=scorecard_bundle.transform,
        model=scorecard_bundle.model,
        calibrator=scorecard_bundle.calibrator,
        scale=scorecard_bundle.scale,
        background=scorecard_bundle.background,
        golden=scorecard_bundle.golden,
        manifest=scorecard_bundle.manifest,
    )
    folder = save_bundle(other, tmp_path)

    with pytest.raises(BundleIncompatible, match="with another contract than the champion"):
        command("shadow", "run", "other", "--bundle", folder)


def test_the_report_of_a_rollout_counts_each_applicant_in_its_arm(
    command: Command, home: Path, rollout: Rollout, scored: None, tmp_path: Path
) -> None:
    page = tmp_path / "rollout.html"

    done = command("report", "--shadow", "next", "--out", page)
    found = json.loads(command("report", "--shadow", "next", "--json").stdout)

    slots = [slot_of(rollout.salt, f"P-1-{i}") for i in range(N)]
    n_challenger = sum(slot in rollout.arms[1].slots for slot in slots)
    made = found["comparison"]
    assert (made["n_champion"], made["n_challenger"]) == (N - n_challenger, n_challenger)
    assert made["ratio"]["failed"] is False
    assert found["shadow"]["swap"]["n"] == N - n_challenger
    assert "approval rate" in done.stdout
    assert "still missing" in done.stdout
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_outcomes_are_compared_where_both_models_approve(
    command: Command, home: Path, scored: None, lightgbm_bundle: Bundle, tmp_path: Path
) -> None:
    command("shadow", "run", "before", "--bundle", lightgbm_bundle.hash)
    with RecordReader(Settings(home=home).records) as reader:
        records = reader.after()
    rng = np.random.default_rng(1)
    file = tmp_path / "outcomes.csv"
    pd.DataFrame(
        {
            "decision_id": [record.decision_id for record in records],
            "defaulted": np.where(rng.random(N) < 0.2, np.nan, rng.random(N) < 0.1),
        }
    ).to_csv(file, index=False)

    one = json.loads(command("report", "--shadow", "next", "--outcomes", file, "--json").stdout)
    two = json.loads(
        command(
            "report", "--shadow", "next", "--shadow", "before", "--outcomes", file, "--json"
        ).stdout
    )

    assert one["outcomes"]["both_approve"] is None
    assert "the challenger's applicants by the champion" in one["outcomes"]["note"]
    known = read_outcomes(file)
    approved = [r for r in records if r.clear.arm == "champion" and r.clear.decision == "approve"]
    told = two["outcomes"]
    assert told["champion"]["n_approved"] == len(approved)
    assert told["champion"]["n_bad"] == sum(known.get(r.decision_id, 0) for r in approved)
    champion, challenger, difference = told["both_approve"]
    assert 0 < champion["n"] < told["champion"]["n_known"]
    assert difference["estimate"] == pytest.approx(challenger["estimate"] - champion["estimate"])


def test_a_broken_split_is_told_by_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lightgbm_bundle: Bundle,
    scorecard_bundle: Bundle,
) -> None:
    """The records say 40%, the slots of the rollout 10%."""
    settings = Settings(home=tmp_path / "broken")
    bundles = [lightgbm_bundle, scorecard_bundle]
    begin(settings, made_rollout(*bundles, per_mille=100), bundles)
    answer(settings, made_rollout(*bundles, per_mille=400), bundles, 200)
    monkeypatch.setenv("CREDIT_HOME", str(settings.home))

    done = CliRunner().invoke(app, ["report"])

    assert done.exit_code == 1
    assert done.stdout.startswith("The arms did not get the applicants")


def test_erased_people_stay_in_the_report_and_their_money_does_not(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lightgbm_bundle: Bundle,
    scorecard_bundle: Bundle,
) -> None:
    """What is left of them is what the clear part of a record keeps, too; amounts are sealed."""
    settings = Settings(home=tmp_path / "erased")
    bundles = [lightgbm_bundle, scorecard_bundle]
    rollout = made_rollout(*bundles, per_mille=0)
    begin(settings, rollout, bundles)
    answer(settings, rollout, bundles, 30)
    monkeypatch.setenv("CREDIT_HOME", str(settings.home))
    runner = CliRunner()
    assert (
        runner.invoke(app, ["shadow", "run", "next", "--bundle", scorecard_bundle.hash]).exit_code
        == 0
    )
    destroy_keys(settings.records)

    terms = ["--interest-income", "0.1", "--loss-given-default", "0.6"]
    done = runner.invoke(
        app, ["shadow", "report", "next", "--json", *terms, "--exposure", "monthly_income"]
    )

    found = json.loads(done.stdout)["swap"]
    assert found["n"] == 30
    assert sum(group["money"]["n_unknown"] for group in found["groups"]) == 30
    assert found["terms"] == {"interest_income": 0.1, "loss_given_default": 0.6}


def history(*rollouts: Rollout) -> list[Past]:
    """Newest first, numbered and dated by their place."""
    return [
        Past(replace(r, generation=i), Change("test", "test"), f"2026-01-{i:02}T00:00:00+00:00")
        for i, r in reversed(list(enumerate(rollouts, start=1)))
    ]


def test_an_experiment_is_the_span_in_which_both_arms_kept_their_bundles(rollout: Rollout) -> None:
    before = with_bundle(rollout, "challenger", "c" * 64)
    less = with_share(rollout, "challenger", 100)
    after = with_bundle(less, CHAMPION, "d" * 64)

    span = find_span(history(before, rollout, paused(rollout), less), PRODUCT, "challenger")
    assert [(p.generation, p.challenger_share) for p in span.experiment.phases] == [
        (2, 0.4),
        (4, 0.1),
    ]
    assert (span.begun_at[:10], span.ended_at) == ("2026-01-02", None)

    span = find_span(history(rollout, less, after), PRODUCT, "challenger")
    assert [p.generation for p in span.experiment.phases] == [3]
    assert span.experiment.champion == "d" * 64


def test_an_arm_that_is_gone_or_has_no_slots_left_is_reported_as_it_was_last(
    rollout: Rollout,
) -> None:
    gone = without(rollout, "challenger")
    off = with_share(rollout, "challenger", 0)

    for last in (gone, off):
        span = find_span(history(rollout, last, last), PRODUCT, "challenger")
        assert [p.generation for p in span.experiment.phases] == [1]
        assert span.ended_at == "2026-01-02T00:00:00+00:00"


def test_an_arm_that_never_had_applicants_is_refused(rollout: Rollout) -> None:
    with pytest.raises(SettingsInvalid, match="no challenger 'other' .* so far: challenger"):
        find_span(history(rollout), PRODUCT, "other")
    with pytest.raises(SettingsInvalid, match="ever had applicants"):
        find_span(history(with_share(rollout, "challenger", 0)), PRODUCT, "challenger")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"decision_id": ["a"], "bad": [1]}, "defaulted is missing"),
        ({"decision_id": ["a", "b"], "defaulted": [1, 2]}, "1 of 2 rows are neither"),
        (
            {"decision_id": ["a", "a"], "defaulted": [1, 0]},
            "1 decisions have two different outcomes",
        ),
    ],
)
def test_outcomes_that_cannot_be_used_are_refused(
    tmp_path: Path, columns: dict[str, list[Any]], message: str
) -> None:
    file = tmp_path / "outcomes.parquet"
    pd.DataFrame(columns).to_parquet(file)

    with pytest.raises(DataError, match=message):
        read_outcomes(file)
    with pytest.raises(DataError, match="expected a CSV or Parquet file of outcomes"):
        read_outcomes(tmp_path / "nothing.csv")
