"""A store that is proven, as its owner and its attackers see it."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, create_engine, insert, text

from credit.records import LocalKeyFile, Location
from credit.records.proof.anchors import Anchor
from credit.records.proof.chain import record_hash
from credit.records.proof.checkpointer import Checkpointer
from credit.records.proof.file_anchor import FileAnchor
from credit.records.proof.findings import Finding, VerifyReport
from credit.records.proof.public_keys import read_public_keys
from credit.records.proof.signed import SignedEntry
from credit.records.proof.signing import LocalSigningKey, Signer
from credit.records.proof.verify import verify
from credit.records.store.schema import records
from tests.records.proof.filling import fill
from tests.records.samples import foreign_engine

COVERED = (
    "tenant",
    "route",
    "decision_id",
    "writer",
    "sequence",
    "subject_ref",
    "key_id",
    "created_at",
)


class Proven:
    def __init__(self, location: Location, keys: LocalKeyFile, folder: Path) -> None:
        self.location = location
        self.keys = keys
        self.public_path = folder / "signing" / "public.json"
        self.signer = LocalSigningKey(folder / "signing" / "key.json", self.public_path)
        self.anchor = FileAnchor(folder / "outside" / "checkpoints.jsonl")
        self._folder = folder
        self._others: list[Proven] = []
        self._engine = create_engine(foreign_engine(location).url)

    def fill(self, n_records: int, *, n_chains: int = 1, batch: int = 5) -> None:
        fill(self.location, self.keys, n_records, n_chains=n_chains, batch=batch)

    def checkpointer(
        self, *anchors: Anchor, signer: Signer | None = None, location: Location | None = None
    ) -> Checkpointer:
        return Checkpointer(
            location or self.location, signer or self.signer, anchors or [self.anchor]
        )

    def checkpoint(self) -> SignedEntry | None:
        return self.checkpointer().step()

    def verify(
        self,
        *anchors: Anchor,
        location: Location | None = None,
        workers: int = 1,
        page_size: int = 4096,
    ) -> VerifyReport:
        known = read_public_keys(self.public_path) if self.public_path.exists() else {}
        return verify(
            location or self.location, known, anchors, workers=workers, page_size=page_size
        )

    def tamper(self, statement: str, **values: object) -> None:
        """Change the database behind the store's back; nothing stops it."""
        with self._unguarded() as connection:
            connection.execute(text(statement), values)

    def rows(self, statement: str = "SELECT * FROM records ORDER BY position") -> list[Row[Any]]:
        with self._engine.connect() as connection:
            return list(connection.execute(text(statement)).all())

    def row(self, position: int) -> Row[Any]:
        [found] = [row for row in self.rows() if row.position == position]
        return found

    def set(self, at: int, /, **changes: object) -> None:
        """Change fields of the record at a position."""
        names = ", ".join(f"{name} = :{name}_" for name in changes)
        values = {f"{name}_": value for name, value in changes.items()}
        statement = f"UPDATE records SET {names} WHERE position = :at"  # noqa: S608 - names of columns
        self.tamper(statement, at=at, **values)

    def add(self, row: dict[str, object]) -> None:
        """Put a record into the table."""
        with self._unguarded() as connection:
            connection.execute(insert(records).values(**row))

    def rewrite(self, writer: str, start: int) -> None:
        """Link a chain anew from one sequence on, as somebody would who knows the format."""
        chain = [row for row in self.rows() if row.writer == writer and row.sequence >= start - 1]
        chain.sort(key=lambda row: row.sequence)
        previous = chain[0].hash if chain[0].sequence == start - 1 else bytes(32)
        for row in chain:
            if row.sequence >= start:
                fields = {name: getattr(row, name) for name in COVERED}
                hash_ = record_hash(previous, **fields, clear=row.clear, sealed=row.sealed)
                self.set(row.position, previous_hash=previous, hash=hash_)
                previous = hash_

    def backup(self) -> Location:
        """A copy of the database as it is now."""
        number = secrets.token_hex(4)
        if isinstance(self.location, Path):
            copied = self._folder / f"{number}.db"
            with (
                closing(sqlite3.connect(self.location)) as source,
                closing(sqlite3.connect(copied)) as target,
            ):
                source.backup(target)
            return copied
        self.close()  # a database that somebody uses cannot be copied
        name = str(self._engine.url.database)
        copy = f"{name}_{number}"
        others = self._engine.url.set(database="postgres")
        server = create_engine(others, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"'))
        server.dispose()
        return self.location.replace(name, copy)

    def at(self, location: Location) -> Proven:
        """The same owner, with a copy of the store; closed with this one."""
        other = Proven(location, self.keys, self._folder)
        self._others.append(other)
        return other

    def close(self) -> None:
        self._engine.dispose()
        for other in self._others:
            other.close()

    @contextmanager
    def _unguarded(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            yield connection


def only(report: VerifyReport) -> Finding:
    """The one finding of a report."""
    [finding] = report.findings
    assert report.n_findings == 1
    assert not report.ok
    return finding


def names(finding: Finding, row: Row[Any]) -> bool:
    """Whether a finding names exactly this record."""
    return (finding.decision_id, finding.position, finding.writer, finding.sequence) == (
        row.decision_id,
        row.position,
        row.writer,
        row.sequence,
    )
