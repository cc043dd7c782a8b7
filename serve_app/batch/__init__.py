"""Many applications in one request: how a body becomes rows, and how rows are decided beside everything else."""

from serve_app.batch.decide import Asked, ManyDecisions, Outcome
from serve_app.batch.refusals import RefusedRow
from serve_app.batch.rows import BatchKind, batch_rows, read_row

__all__ = [
    "Asked",
    "BatchKind",
    "ManyDecisions",
    "Outcome",
    "RefusedRow",
    "batch_rows",
    "read_row",
]
