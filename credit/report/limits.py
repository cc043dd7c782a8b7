"""What a card cannot say, in sentences that follow from the model and the rows."""

from __future__ import annotations

from collections.abc import Sequence

from credit.contract.model import Contract
from credit.decision.families import family
from credit.metrics import MINIMUM_BADS
from credit.report.performance import Discrimination
from credit.report.sample import CardData, Identity
from credit.report.segments import Segment


def card_limits(
    who: Identity,
    data: CardData,
    found: Discrimination,
    segments: Sequence[Segment],
    contract: Contract,
) -> tuple[str, ...]:
    """Say what the figures rest on and what they leave out."""
    return (
        *_of_the_rows(data, found),
        *_of_time(data),
        *_of_the_model(who, contract),
        *_of_groups(segments, contract),
    )


def _of_the_rows(data: CardData, found: Discrimination) -> list[str]:
    n, n_bads = data.measured.n, data.measured.n_bads
    said = []
    if n_bads < MINIMUM_BADS:
        said.append(
            f"There are only {n_bads} bads among the measured rows, fewer than {MINIMUM_BADS}: do not decide "
            "anything by these figures."
        )
    else:
        said.append(
            f"Every figure rests on {n_bads:,} bads among {n:,} rows. With so many the AUC is known from "
            f"{found.auc.low:.3f} to {found.auc.high:.3f}, and a difference between two models within such a "
            "width is no difference."
        )
    if not data.is_held_out:
        said.append(
            "The rows that the model learned from are not in this file, so nobody can tell here whether it has "
            "seen some of the measured ones. If it has, the figures are too good."
        )
    said.append(
        "An outcome is known only of loans that were granted. If the rows are such loans, nothing here says how "
        "the model would do on applicants who were turned away, and a lender who accepts others than before "
        "leaves the ground that was measured."
    )
    if data.n_refused:
        said.append(
            f"{data.n_refused:,} of {data.n_rows:,} rows break the contract and are left out; in "
            "service such applications are refused, too."
        )
    said.append(
        "Intervals cover 95% each, by itself, for this model as it is. Of twenty figures one may be expected "
        "outside; what another training sample would have given is not in them."
    )
    return said


def _of_time(data: CardData) -> list[str]:
    if data.measured.last is None:
        return [
            "The rows carry no dates, so nothing here says how old they are or whether the model ages."
        ]
    training = data.training
    if training is not None and training.last is not None and data.measured.first is not None:
        if data.measured.first <= training.last:
            return [
                f"The measured rows are from {data.measured.first} to {data.measured.last}, the same time as those "
                "learned from: the figures are not a forecast of a later time."
            ]
        return [
            f"The measured rows are later than those learned from ({data.measured.first} to {data.measured.last}). "
            "What happened since is not in them."
        ]
    return [
        f"The last measured row is from {data.measured.last}; what happened since is not in it."
    ]


def _of_the_model(who: Identity, contract: Contract) -> list[str]:
    said = []
    directed = sum(direction != 0 for direction in contract.directions)
    if directed and not family(who.family).monotone:
        said.append(
            f"The family {who.family} does not keep the contract's directions: for {directed} features the "
            "contract says which way risk moves, and this model may say otherwise."
        )
    said.append(
        "Reasons are contributions to the raw log-odds against stored background applicants near the cut-off. "
        "They say what moved this model, not what causes a default."
    )
    if who.fallbacks:
        told = ", ".join(f"{name} (AUC {auc:.3f} when made)" for name, _, auc in who.fallbacks)
        said.append(
            f"Applicants who withhold a source are answered by other models, not measured here: {told}."
        )
    if any(column.role == "weight" for column in contract.columns):
        said.append("The contract has a weight column. Here every row counts once.")
    return said


def _of_groups(segments: Sequence[Segment], contract: Contract) -> list[str]:
    protected = [column.name for column in contract.columns if column.role == "protected"]
    missing = [name for name in protected if name not in {s.column for s in segments}]
    said = []
    if not protected:
        said.append(
            "The contract knows no protected column: differences between groups were not measured."
        )
    elif missing:
        said.append(f"Not measured by group, as the rows do not say: {', '.join(missing)}.")
    if segments:
        said.append(
            "Equal rates between groups, or unequal ones, prove neither fairness nor its lack: groups may differ "
            "in what they can repay, and outcomes are known of granted loans only."
        )
    return said
