"""The demo, step by step: what is done is in :mod:`cluster.demo`, what is said in ``demo_report``."""

from __future__ import annotations

from cluster import demo_report as report
from cluster.cli.terminal import counting_bar, errors_console, stage, sweep_bar
from cluster.demo import (
    FAMILIES,
    N_CLIENTS,
    choose_applicants,
    reusable,
    score_all,
    service_args,
    train,
    wait_for_report,
)
from cluster.local_ray import local_ray
from cluster.running import Running, require_startable, running_service
from cluster.serving import say_where, wait_for_interrupt
from credit.contract import Contract, FrameCheck, load_contract
from credit.data import give_me_some_credit
from credit.settings import Settings
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spaces import SPACES

PRODUCT = "give_me_some_credit"


def tell(*, once: bool, fresh: bool, port: int, placement: str, trials: int | None) -> None:
    """Train, serve, score, watch; then serve until Ctrl-C unless ``once``."""
    settings = Settings()
    contract = load_contract(PRODUCT)
    args = service_args(contract, settings, placement)
    require_startable(args, port)
    with stage("reading Give Me Some Credit"):
        rows, check = prepare(give_me_some_credit(), contract)
    report.say_data(check, contract.product)
    with local_ray(serving=True):
        for alias in FAMILIES:
            _train(alias, contract, rows, settings, fresh=fresh, trials=trials)
        with (
            stage("starting the graph") as started,
            running_service(args, port=port) as running,
        ):
            started()
            _score(contract, rows, check, running)
            report.say_where(running, settings, placement)
            if not once:
                say_where(running, args, contract)
                wait_for_interrupt()


def _train(
    alias: str,
    contract: Contract,
    rows: Rows,
    settings: Settings,
    *,
    fresh: bool,
    trials: int | None,
) -> None:
    found = None if fresh else reusable(alias, contract, rows, settings)
    if found is not None:
        report.say_bundle(alias, found, reused=True)
        return
    with sweep_bar(trials or SPACES[FAMILIES[alias]].trials) as show:
        bundle = train(
            alias,
            contract,
            rows,
            settings,
            n_trials=trials,
            on_progress=show,
            on_stage=errors_console.print,
        )
    report.say_bundle(alias, bundle, reused=False)


def _score(contract: Contract, rows: Rows, check: FrameCheck, running: Running) -> None:
    _, held_out = split_holdout(rows)
    applicants, recession, labels = choose_applicants(held_out, check, contract)
    with counting_bar("scoring held-out applicants", len(applicants)) as advance:
        scored = score_all(applicants, running, advance=advance)
    report.say_applicants(scored.answers)
    report.say_arms(scored.answers, labels)
    report.say_latency(scored, N_CLIENTS)
    with stage("waiting for the drift report"):
        first = wait_for_report(running, 1)
    report.say_drift(f"the {len(applicants)} applicants", first)
    with counting_bar("scoring shifted applicants", len(recession)) as advance:
        score_all(recession, running, advance=advance)
    with stage("waiting for the drift report"):
        second = wait_for_report(running, 2)
    report.say_drift(f"{len(recession)} others in a recession", second)
