"""One validated raw row: the only thing that is ever scored."""

from __future__ import annotations

import msgspec


class Application(msgspec.Struct, frozen=True, array_like=True):
    """A raw row that satisfies its contract.

    Attributes
    ----------
    application_id
        The lender's reference of this application.
    applicant_id
        The lender's reference of the person, or None: then the champion scores, outside any
        experiment.
    as_of
        ISO date the values were true on, or None. Scoring reads no clock.
    values
        The contract's input columns in the contract's order, as float64; NaN where the value is
        missing, the place of the code where it is a category, the ordinal where it is a date.
        Sentinel codes are still themselves here: the feature transform gives them their meaning.
    withheld
        Sources that the applicant has not consented to. Their values were dropped, unread.
    """

    application_id: str
    applicant_id: str | None
    as_of: str | None
    values: tuple[float, ...]
    withheld: tuple[str, ...] = ()
