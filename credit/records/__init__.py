"""The decision record store: written before the answer, read by everything else.

A record enters at :meth:`RecordWriter.append` (``writer``). Its thread encodes it (``prepare``)
and, in one transaction for all that wait (``batch``), claims idempotency keys (``idempotency``),
finds subject and key (``subjects``), seals the personal part (``seal``) and links it (``chain``).
Gateways hand records to a process beside them, which does the same (``RecordWriterAside``).
It is durable when the future gives a :class:`Receipt`: SQLite has committed and synced by then.
Consumers read with :meth:`RecordReader.after` (``reader``) and move a cursor (``cursor``) in the
transaction of their result in the state database (``state``). Who holds the keys (``keys``) can
open sealed parts; destroying the key of a subject erases that person and leaves the chain intact.
Importing this package opens nothing, and a forked child inherits no connection.
"""

from credit.records.append.aside.writer import RecordWriterAside
from credit.records.append.writer import RecordWriter
from credit.records.order import START, Cursor
from credit.records.reading.cursor import CursorMoved, advance_cursor, read_cursor, rebuild
from credit.records.reading.lease import Lease
from credit.records.reading.reader import RecordReader
from credit.records.record import (
    ClearPart,
    NewRecord,
    Receipt,
    SealedPart,
    StoredRecord,
    new_decision_id,
)
from credit.records.sealing.keys import KeyProvider, LocalKeyFile
from credit.records.store.engine import begin_write
from credit.records.store.location import Location
from credit.records.store.state import open_state

__all__ = [
    "START",
    "ClearPart",
    "Cursor",
    "CursorMoved",
    "KeyProvider",
    "Lease",
    "LocalKeyFile",
    "Location",
    "NewRecord",
    "Receipt",
    "RecordReader",
    "RecordWriter",
    "RecordWriterAside",
    "SealedPart",
    "StoredRecord",
    "advance_cursor",
    "begin_write",
    "new_decision_id",
    "open_state",
    "read_cursor",
    "rebuild",
]
