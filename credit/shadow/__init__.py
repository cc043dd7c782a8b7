"""What another bundle would have said to the applicants that were answered.

:func:`score_records` scores recorded applications with a bundle; :class:`ShadowConsumer` does so behind a
cursor and keeps the results; :func:`read_rows` gives them back. How to read them is in
`credit.experiment.swapset`.
"""

from credit.shadow.consumer import ShadowConsumer, cursor_of
from credit.shadow.score import ShadowPage, ShadowScore, Unscored, score_records
from credit.shadow.store import ShadowRun, find_run, list_runs, read_rows

__all__ = [
    "ShadowConsumer",
    "ShadowPage",
    "ShadowRun",
    "ShadowScore",
    "Unscored",
    "cursor_of",
    "find_run",
    "list_runs",
    "read_rows",
    "score_records",
]
