"""The store as it first was, on SQLite; a new PostgreSQL database passes through it, too."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "subjects",
        sa.Column("subject_ref", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("applicant_digest", sa.LargeBinary),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("erased_at", sa.String),
        sa.UniqueConstraint("applicant_digest", "tenant"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subject_keys",
        sa.Column("key_id", sa.String, primary_key=True),
        sa.Column(
            "subject_ref",
            sa.String,
            sa.ForeignKey("subjects.subject_ref"),
            nullable=False,
            index=True,
        ),
        sa.Column("master_key_id", sa.String, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("destroyed_at", sa.String),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "records",
        sa.Column("position", _POSITION, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("decision_id", sa.String, nullable=False, unique=True),
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column(
            "subject_ref",
            sa.String,
            sa.ForeignKey("subjects.subject_ref"),
            nullable=False,
            index=True,
        ),
        sa.Column("key_id", sa.String, sa.ForeignKey("subject_keys.key_id"), nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("clear", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("commit_xid", sa.BigInteger),
        sa.UniqueConstraint("writer", "sequence"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("key_digest", sa.LargeBinary, primary_key=True),
        sa.Column("tenant", sa.String, primary_key=True),
        sa.Column("route", sa.String, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("decision_id", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    info = op.create_table(
        "schema_info",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("lookup_check", sa.LargeBinary),
    )
    op.bulk_insert(info, [{"version": 1}])
