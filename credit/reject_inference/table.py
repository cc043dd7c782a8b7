"""A comparison of reject inference for people to read."""

from __future__ import annotations

from credit.reject_inference.comparison import RejectComparison, RejectFigures

HEADER = (
    "method",
    "factor",
    "AUC on held-out accepts",
    "mean PD of rejects",
    "approved rejects",
    "as deployed",
)


def reject_table(comparison: RejectComparison) -> str:
    """Accepts-only first, then each factor, then the band and what it is not."""
    first = comparison.inferred[0].method
    rows = [
        HEADER,
        _row(comparison.accepts_only, "accepts only", "-"),
        *(_row(f, f.method, f"{f.factor:g}") for f in comparison.inferred),
        (
            f"{first}, band",
            "",
            str(comparison.band("auc")),
            str(comparison.band("mean_pd_of_rejects")),
            str(comparison.band("approval_rate_of_rejects")),
            str(comparison.band("approval_rate_as_deployed")),
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    auc = comparison.accepts_only.auc
    return "\n".join(
        [
            *lines,
            "",
            f"measured on {auc.n} held-out accepts with {auc.n_bads} bads; {comparison.n_rejects} rejects, "
            f"approved below PD {comparison.cutoff:.4g}",
            "the outcome of a reject is not known: the band shows what the factor does, not where the truth lies",
        ]
    )


def _row(figures: RejectFigures, name: str, factor: str) -> tuple[str, ...]:
    return (
        name,
        factor,
        str(figures.auc),
        f"{figures.mean_pd_of_rejects:.4f}",
        f"{figures.approval_rate_of_rejects:.4f}",
        f"{figures.approval_rate_as_deployed:.4f}",
    )
