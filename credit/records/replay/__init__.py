"""Decide again what was decided: the same bundle, the same application, the same bits.

:func:`replay_records` takes records and gives one :class:`ReplayResult` each; :class:`BundleFolder`
finds the bundle that a record was pinned to; :class:`Tally` counts.
"""

from credit.records.replay.bundles import BundleFolder
from credit.records.replay.replay import replay_records
from credit.records.replay.result import Difference, Outcome, ReplayResult, Tally

__all__ = ["BundleFolder", "Difference", "Outcome", "ReplayResult", "Tally", "replay_records"]
