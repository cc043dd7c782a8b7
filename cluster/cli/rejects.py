"""``credit model rejects``: how much hangs on what is assumed of the rejects."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from cluster.cli.options import DATA_HELP, ContractOption, Family
from cluster.cli.terminal import console, errors_console, stage

if TYPE_CHECKING:
    from cluster.rejects import RejectStudy
    from credit.contract import FrameCheck


class MethodName(StrEnum):
    """Methods of reject inference; `none` leaves the accepts as they are."""

    NONE = "none"
    PARCELLING = "parcelling"
    FUZZY = "fuzzy"
    REWEIGHTING = "reweighting"


def rejects(
    data: Annotated[str, typer.Option(help=f"Accepts, with outcomes. {DATA_HELP}")],
    rejects: Annotated[
        str, typer.Option(help="Rejects: the same columns without the outcome; read as --data is.")
    ],
    contract: ContractOption = "give_me_some_credit",
    method: Annotated[
        MethodName, typer.Option(help="What is made of the rejects; none shows accepts only.")
    ] = MethodName.FUZZY,
    model: Annotated[
        Family, typer.Option(help="Family to fit, with parameters in the middle of its space.")
    ] = Family.LIGHTGBM,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Fit with and without reject inference, and show what rests on the assumption.

    The outcome of a reject is not known: the factor says how many times as bad rejects are taken to
    be as accepts who look alike, and the band is what follows over several factors. All is measured
    on accepts. Nothing is registered.
    """
    import msgspec

    from cluster.datasets import read_data
    from cluster.local_ray import training_threads
    from cluster.reject_rows import check_rejects
    from cluster.rejects import study_rejects
    from credit.contract import load_contract
    from credit.settings import Settings
    from tune.rows import prepare

    settings = Settings()
    terms = load_contract(contract)
    with stage(f"reading {data} and {rejects}"):
        accepts, check = prepare(read_data(data, settings), terms)
        rejected = check_rejects(read_data(rejects, settings), terms)
    for label, found in (("accepts", check), ("rejects", rejected)):
        _tell_left_out(label, found)
    with stage(f"fitting {model.value}, {method.value}"):
        study = study_rejects(
            accepts,
            rejected.raw,
            terms,
            family_name=model.value,
            method=method.value,
            num_threads=training_threads(),
        )
    if json:
        document = {"contract": terms.product, **_document(study)}
        typer.echo(msgspec.json.encode(document))
        return
    _show(study)


def _tell_left_out(label: str, check: FrameCheck) -> None:
    if check.n_bad_rows:
        errors_console.print(
            f"{check.n_bad_rows:,} of {check.n_rows:,} {label} break the contract and are left out: "
            + "; ".join(str(failure) for failure in check.failures[:MOST_FAILURES_SHOWN]),
            markup=False,
            soft_wrap=True,
        )


MOST_FAILURES_SHOWN = 3


def _show(study: RejectStudy) -> None:
    from credit.reject_inference import reject_table

    how = "by date, the oldest first" if study.by_time else "at random"
    used = study.n_learning + study.n_calibration + study.n_held_out
    told = [
        f"{study.n_accepts:,} accepts, split {how}: {study.n_learning:,} to learn from, {study.n_calibration:,} to "
        f"calibrate on, {study.n_held_out:,} to measure on."
    ]
    if used < study.n_accepts:
        told.append(
            f"{study.n_accepts - used:,} more are not used: their applicants are already among the earlier ones."
        )
    if study.n_left_out:
        rules = ", ".join(f"{code} {n:,}" for code, n in study.declined_by_rule.items())
        told.append(
            f"{study.n_left_out:,} rejects are left out: a policy rule declines them whatever they score ({rules})."
        )
    fixed = ", ".join(f"{k} {_number(v)}" for k, v in study.parameters.items())
    told.append(f"Every fit: {study.family}, {fixed}.")
    found = study.comparison
    if study.method == "none":
        alone = found.accepts_only
        told += [
            "",
            f"accepts only: AUC on held-out accepts {alone.auc}, mean PD of rejects "
            f"{alone.mean_pd_of_rejects:.4f}, approved rejects {alone.approval_rate_of_rejects:.4f}",
            "",
            f"measured on {alone.auc.n} held-out accepts with {alone.auc.n_bads} bads; {found.n_rejects} rejects, "
            f"approved below PD {found.cutoff:.4g}",
            "that rejects are no worse than accepts who look alike is an assumption, too: see --method fuzzy",
        ]
    else:
        told += ["", reject_table(found)]
    console.print("\n".join(told), markup=False, soft_wrap=True)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _document(study: RejectStudy) -> dict[str, Any]:
    from credit.reject_inference.comparison import Figure

    found = study.comparison
    return {
        "family": study.family,
        "method": study.method,
        "parameters": study.parameters,
        "by_time": study.by_time,
        "n_accepts": study.n_accepts,
        "n_learning": study.n_learning,
        "n_calibration": study.n_calibration,
        "n_held_out": study.n_held_out,
        "n_rejects": found.n_rejects,
        "n_left_out": study.n_left_out,
        "declined_by_rule": study.declined_by_rule,
        "cutoff": found.cutoff,
        "accepts_only": found.accepts_only,
        "inferred": found.inferred,
        "band": {name: found.band(name) for name in get_args(Figure)} if found.inferred else None,
    }
