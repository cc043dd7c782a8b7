"""What people and time add to a decision: a review by an officer, and how the loan went.

Both are kept in the state database beside the records, which never change: a correction is a row of its own,
and the newest counts. Nothing here describes a person: reasons are codes, no text.
"""

from credit.followup.outcomes import Outcome, latest_outcomes, record_outcome
from credit.followup.reviews import Review, latest_reviews, record_review

__all__ = [
    "Outcome",
    "Review",
    "latest_outcomes",
    "latest_reviews",
    "record_outcome",
    "record_review",
]
