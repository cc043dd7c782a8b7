"""Tables of the record store, as the migrations leave them; a test holds the two against each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    FetchedValue,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()

subjects = Table(
    "subjects",
    metadata,
    Column("subject_ref", String, primary_key=True),  # random; says nothing about the person
    Column("tenant", String, nullable=False),
    Column("applicant_digest", LargeBinary),  # keyed; null when no applicant id was given
    Column("created_at", String, nullable=False),
    Column("erased_at", String),
    Column("restricted_until", String),  # ISO date: erasure was asked for and must wait until then
    # The digest covers the tenant and comes first: SQLite uses only the first column of a list
    # of pairs, and would walk all subjects of the tenant.
    UniqueConstraint("applicant_digest", "tenant"),
    sqlite_with_rowid=False,  # here and below: one tree less to write for each row
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("subject_ref", ForeignKey("subjects.subject_ref"), nullable=False, index=True),
    Column("master_key_id", String, nullable=False),
    Column("wrapped_key", LargeBinary),  # null: destroyed, and what it sealed with it
    Column("created_at", String, nullable=False),
    Column("destroyed_at", String),
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    metadata,
    # AUTOINCREMENT, so that a position is never given out twice.
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("tenant", String, nullable=False),
    Column("route", String, nullable=False),
    Column("decision_id", String, nullable=False, unique=True),
    Column("writer", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("subject_ref", ForeignKey("subjects.subject_ref"), nullable=False, index=True),
    Column("key_id", ForeignKey("subject_keys.key_id"), nullable=False),
    Column("created_at", String, nullable=False),
    Column("clear", LargeBinary, nullable=False),  # JSON, the very bytes that were hashed
    Column("sealed", LargeBinary, nullable=False),
    # The transaction that wrote it, which the database itself fills in: orders late commits where
    # transactions run side by side. Null on SQLite, where they cannot.
    Column("commit_xid", BigInteger, FetchedValue()),
    UniqueConstraint("writer", "sequence"),
    sqlite_autoincrement=True,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    # Keyed, because clients put names into keys; covers tenant and route, and comes first as above.
    Column("key_digest", LargeBinary, primary_key=True),
    Column("tenant", String, primary_key=True),
    Column("route", String, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    # No foreign key: the key is claimed before its record is written, in one transaction.
    Column("decision_id", String, nullable=False),
    sqlite_with_rowid=False,
)

store_info = Table(
    "store_info",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    # Digest of a constant under the lookup key that this store was filled with.
    Column("lookup_check", LargeBinary),
    Column("probes", BigInteger, nullable=False),  # counts what readiness checks wrote
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # JSON, the very bytes that were signed
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signing_key_id", String, nullable=False),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("subject_ref", ForeignKey("subjects.subject_ref"), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),  # JSON, the very bytes that were signed
    Column("hash", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signing_key_id", String, nullable=False),
)
