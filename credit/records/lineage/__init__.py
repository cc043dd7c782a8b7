"""The whole story of one decision: asked, read, scored, explained, recorded, proven.

:func:`tell_story` gathers it; :mod:`credit.records.lineage.predictions` reads many decisions under the
names that earlier systems used.
"""

from credit.records.lineage.gather import find_decision, tell_story
from credit.records.lineage.story import Story

__all__ = ["Story", "find_decision", "tell_story"]
