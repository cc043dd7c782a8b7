"""Hold chains against what checkpoints signed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from credit.records.proof.findings import RECORDS, Finding, Order, Placed
from credit.records.proof.joining import Chains
from credit.records.proof.pages import CheckpointsPage


def cut_tails(chains: Chains, signed: Mapping[str, tuple[int, bytes]]) -> tuple[list[Placed], int]:
    """Find chains that end before what a checkpoint signed; also count what they lack."""
    findings, n_cut = [], 0
    for writer, (sequence, _) in signed.items():
        end = chains.ends.get(writer, 0)
        if end < sequence:
            n_cut += sequence - end
            finding = Finding(
                kind="tail-missing",
                message=f"Checkpoints signed {sequence:,} records of this chain, and it ends after {end:,}: "
                "its end was cut off.",
                writer=writer,
                sequence=end + 1,
            )
            place = chains.last_positions.get(writer, 0)
            findings.append((Order(RECORDS, place, end + 1), finding))
    return findings, n_cut


def rewritten_chains(chains: Chains, pages: Sequence[CheckpointsPage]) -> list[Placed]:
    """Of each chain that was written anew, take the first record that a checkpoint shows."""
    first: dict[str, tuple[int, int, Finding]] = {}
    for page in pages:
        for writer, sequence, finding in page.other_heads:
            if (writer, sequence) not in chains.wrong:
                found = (sequence, finding.number or 0, finding)
                first[writer] = min(first.get(writer, found), found, key=lambda each: each[:2])
    return [(Order(RECORDS, f.position or 0, s), f) for s, _, f in first.values()]
