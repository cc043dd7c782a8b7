"""Which records go into an export: those of a person, of a model, or of a period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from credit.errors import DecisionUnknown, SettingsInvalid
from credit.records.evidence.manifest import Filter
from credit.records.reading.reader import RecordReader
from credit.records.reading.selection import Period, count_in_period, id_at, in_period, whole_log
from credit.records.record import StoredRecord
from credit.records.sealing.keys import KeyProvider, applicant_digest
from credit.records.store.schema import subjects

SHORTEST_PREFIX = 12
"""How much of a bundle's hash must be given, as messages show it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Records that were asked for.

    Attributes
    ----------
    n
        How many will be read to find them, for a progress bar.
    """

    filter: Filter
    n: int
    _reader: RecordReader
    _period: Period

    def pages(self) -> Iterator[list[StoredRecord]]:
        """Read them, in pages; a page may be empty."""
        wanted = self.filter
        if wanted.kind == "period":
            yield from in_period(self._reader, self._period, tenant=wanted.tenant)
        elif wanted.kind == "subject":
            for ref in wanted.subject_refs:
                yield self._reader.of_subject(ref)
        else:
            for page in whole_log(self._reader, tenant=wanted.tenant):
                yield [record for record in page if record.clear.bundle.startswith(wanted.bundle)]


def of_subject(
    reader: RecordReader, keys: KeyProvider, *, tenant: str, applicant_id: str
) -> Chosen:
    """Choose all decisions about one applicant.

    Parameters
    ----------
    keys
        Prepared, of this store: applicant ids lie in it as keyed digests only.

    Raises
    ------
    DecisionUnknown
        Nothing is recorded under this id, or it was erased: then nothing links the id to records.
    """
    digest = applicant_digest(keys, tenant, applicant_id)
    statement = select(subjects.c.subject_ref).where(
        subjects.c.applicant_digest == digest, subjects.c.tenant == tenant
    )
    with reader.reading() as connection:
        refs = [] if connection is None else list(connection.execute(statement).scalars())
    if not refs:
        raise DecisionUnknown(
            f"No decision about this applicant is found for tenant {tenant}: expected the applicant_id of "
            "an application; check both."
        )
    found = Filter(kind="subject", tenant=tenant, subject_refs=tuple(refs))
    return Chosen(found, sum(len(reader.of_subject(ref)) for ref in refs), reader, Period())


def of_model(reader: RecordReader, bundle: str, *, tenant: str | None = None) -> Chosen:
    """Choose all decisions that one bundle made; reads the whole log.

    Parameters
    ----------
    bundle
        Its hash, or the first 12 digits or more.

    Raises
    ------
    SettingsInvalid
        That is no hash.
    """
    if len(bundle) < SHORTEST_PREFIX or not set(bundle) <= set("0123456789abcdef"):
        raise SettingsInvalid(
            f"{bundle!r} names no bundle; give at least the first {SHORTEST_PREFIX} digits of its hash"
        )
    return Chosen(
        Filter(kind="model", tenant=tenant, bundle=bundle), reader.count(), reader, Period()
    )


def of_period(reader: RecordReader, wanted: Period, *, tenant: str | None = None) -> Chosen:
    """Choose all decisions of a period, by the time in their ids."""
    found = Filter(
        kind="period",
        tenant=tenant,
        since_ms=None if wanted.since is None else _milliseconds(id_at(wanted.since)),
        until_ms=None if wanted.until is None else _milliseconds(id_at(wanted.until)),
    )
    return Chosen(found, count_in_period(reader, wanted, tenant=tenant), reader, wanted)


def _milliseconds(decision_id: str) -> int:
    return int(decision_id.replace("-", "")[:12], 16)
