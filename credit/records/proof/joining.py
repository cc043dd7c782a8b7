"""Join what the stretches of a store say about its chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from credit.records.proof.chain import GENESIS
from credit.records.proof.findings import RECORDS, Finding, FindingKind, Order, Placed
from credit.records.proof.pages import RecordsPage, Run

_BEFORE_ALL = (-1, -(2**63))


@dataclass(slots=True)
class Chains:
    """All chains, walked from end to end.

    Attributes
    ----------
    ends
        The last sequence of each chain.
    last_positions
        Where the last whole record of each chain lies.
    n_missing
        How many records are missing inside chains.
    wrong
        Places of the records that are reported already.
    """

    n_records: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    last_positions: dict[str, int] = field(default_factory=dict)
    n_missing: int = 0
    wrong: set[tuple[str, int]] = field(default_factory=set)
    findings: list[Placed] = field(default_factory=list)
    n_findings: int = 0


def join_pages(pages: Iterable[RecordsPage]) -> Chains:
    """Walk all chains over the borders of the stretches, in whichever order these come."""
    chains = Chains()
    runs: dict[bytes, list[Run]] = defaultdict(list)
    wrong: dict[bytes, set[int]] = defaultdict(set)
    for page in pages:
        chains.n_records += page.n_records
        chains.n_findings += len(page.wrong)
        chains.findings += page.findings
        for run in page.runs:
            runs[run.writer].append(run)
        for writer, sequence in page.wrong:
            # What has no usable sequence cannot fill a gap.
            if isinstance(writer, bytes) and isinstance(sequence, int):
                wrong[writer].add(sequence)
    for writer in {*runs, *wrong}:
        _join(chains, writer.decode(errors="replace"), runs[writer], wrong[writer])
    return chains


def _join(chains: Chains, writer: str, runs: list[Run], wrong: set[int]) -> None:
    end, end_hash, end_place = 0, GENESIS, _BEFORE_ALL
    for run in sorted(runs, key=lambda run: (run.first_sequence, run.first_place)):
        gap = range(end + 1, run.first_sequence)
        n_missing = len(gap) - _n_within(gap, wrong)
        finding = None
        if run.first_sequence <= end:
            finding = _at(run, writer, "fork", _FORK)
        elif n_missing:
            chains.n_missing += n_missing
            first = next(sequence for sequence in gap if sequence not in wrong)
            finding = _before(run, writer, first, n_missing)
        elif not gap and run.previous_hash != end_hash:
            finding = _at(run, writer, "link-broken", _LINK)
        elif run.first_place <= end_place:
            finding = _at(run, writer, "order-broken", _ORDER)
        if finding is not None:
            chains.n_findings += 1
            chains.findings.append(
                (Order(RECORDS, run.first_place[1], run.first_sequence), finding)
            )
        end, end_hash, end_place = run.last_sequence, run.last_hash, run.last_place
    while end + 1 in wrong:
        end += 1
    chains.ends[writer] = end
    chains.last_positions[writer] = end_place[1]
    chains.wrong.update((writer, sequence) for sequence in wrong)


def _n_within(gap: range, wrong: set[int]) -> int:
    """Count the wrong records that lie in a gap: there, but in no run."""
    if len(gap) <= len(wrong):
        return sum(sequence in wrong for sequence in gap)
    return sum(sequence in gap for sequence in wrong)


_FORK = "Its place in the chain is taken twice: one of the two records was added, or its index is broken."
_LINK = (
    "It does not follow on the record before it in its chain: one of the two was exchanged for another, "
    "with its hash."
)
_ORDER = "It lies before the record that its writer wrote before it: their places were exchanged."


def _at(run: Run, writer: str, kind: FindingKind, message: str) -> Finding:
    return Finding(
        kind=kind,
        message=message,
        decision_id=run.decision_id.decode(errors="replace"),
        position=run.first_place[1],
        writer=writer,
        sequence=run.first_sequence,
    )


def _before(run: Run, writer: str, sequence: int, n_missing: int) -> Finding:
    records = "record is" if n_missing == 1 else "records are"
    return Finding(
        kind="records-missing",
        message=f"{n_missing:,} {records} missing in the chain before decision "
        f"{run.decision_id.decode(errors='replace')} at position {run.first_place[1]}; the first of them had "
        f"sequence {sequence}.",
        position=run.first_place[1],
        writer=writer,
        sequence=sequence,
    )
