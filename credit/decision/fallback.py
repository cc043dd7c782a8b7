"""Which sources an applicant may withhold, and how the fallback model of each case is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from credit.contract.model import Contract
from credit.errors import ContractError

SEPARATOR = "+"


def fallback_name(sources: Iterable[str]) -> str:
    """Name of the fallback that does without these sources."""
    return SEPARATOR.join(sorted(sources))


def withheld_cases(contract: Contract) -> Iterator[tuple[str, ...]]:
    """Every set of sources that can be withheld and still leaves something to score by."""
    sources = contract.consent_sources
    for n in range(1, len(sources) + 1):
        for case in combinations(sources, n):
            try:
                contract.without(case)
            except ContractError:
                continue
            yield case
