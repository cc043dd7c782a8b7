"""Results of gates for people to read."""

from __future__ import annotations

from collections.abc import Sequence

from credit.gates.evaluate import GateResult, gates_passed
from credit.metrics import MINIMUM_BADS

HEADER = ("gate", "required", "measured", "passed", "confidence")


def gate_table(results: Sequence[GateResult]) -> str:
    """One line per gate, then the sample, the answer, and what weakens it."""
    rows = [HEADER] + [
        (
            f"{r.metric} ({r.condition})" if r.condition else r.metric,
            r.required,
            str(r.measured),
            "yes" if r.passed else "NO",
            r.confidence,
        )
        for r in results
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", *_summary(results)])


def _summary(results: Sequence[GateResult]) -> list[str]:
    if not results:
        return ["no gates: NOT passed"]
    first = results[0]
    n_passed = sum(result.passed for result in results)
    n_sure = sum(result.surely for result in results)
    answer = "passed" if gates_passed(results) else "NOT passed"
    lines = [
        f"{n_passed} of {len(results)} gates passed, {n_sure} of them with the whole interval: {answer}",
        f"on {first.n} rows with {first.n_bads} bads; each interval covers {first.measured.level:.0%} by itself",
    ]
    if first.n_bads < MINIMUM_BADS:
        lines.append(f"fewer than {MINIMUM_BADS} bads: do not lean on these figures")
    return lines
