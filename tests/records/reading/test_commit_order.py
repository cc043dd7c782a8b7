"""On PostgreSQL records commit in another order than that of their numbers; readers miss none."""

from __future__ import annotations

import multiprocessing
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.records import START, Cursor, Location, RecordReader, StoredRecord
from credit.records.store.opening import open_store
from tests.postgres import PostgresServer
from tests.records.samples import broken_links, clear_part, everything, tamper
from tests.records.workers import append_many

INSERT = """
INSERT INTO records (tenant, route, decision_id, writer, sequence, previous_hash, hash,
                     subject_ref, key_id, created_at, clear, sealed)
VALUES ('t', 'r', %s, %s, 1, '', '', 's', 'k', 'now', %s, '')
"""
TAKE_XID = "SELECT pg_current_xact_id()"


@pytest.fixture
def address(postgres_database: str) -> str:
    open_store(postgres_database).dispose()
    # What these transactions write is about its order alone: no subjects, no keys.
    for name in ("subject_ref", "key_id"):
        tamper(postgres_database, f"ALTER TABLE records DROP CONSTRAINT records_{name}_fkey")
    return postgres_database


@pytest.fixture
def following(address: str) -> Iterator[RecordReader]:
    with RecordReader(address) as reader:
        yield reader


class Writing:
    """A transaction of some writer, which takes its time."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address)

    def insert(self, name: str) -> Writing:
        clear = msgspec.json.encode(clear_part())
        self._connection.execute(INSERT, (name, secrets.token_hex(8), clear))
        return self

    def take_xid(self) -> Writing:
        """Write nothing yet; the order of transactions is settled from here on."""
        self._connection.execute(TAKE_XID)
        return self

    def commit(self) -> None:
        self._connection.commit()

    def roll_back(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def writing(address: str) -> Iterator[list[Writing]]:
    """Three writers: A, B and C."""
    with ExitStack() as opened:
        yield [opened.enter_context(closing(Writing(address))) for _ in range(3)]


def read_on(reader: RecordReader, cursor: Cursor) -> tuple[list[str], Cursor]:
    """Read what lies behind a cursor, one record at a time."""
    names = []
    while page := reader.after(cursor, 1):
        names.append(page[0].decision_id)
        cursor = page[0].cursor
    return names, cursor


@pytest.mark.parametrize("ends", ["commits", "rolls back"])
def test_nothing_is_read_behind_an_open_transaction(
    following: RecordReader, writing: list[Writing], address: str, ends: str
) -> None:
    a, b, c = writing
    a.insert("a")
    b.insert("b").commit()
    c.insert("c").commit()
    before, cursor = read_on(following, START)
    waiting = (following.end(), following.count_after(START), following.count())

    if ends == "commits":
        a.commit()
    else:
        a.roll_back()

    after, _ = read_on(following, cursor)
    assert before == []
    assert waiting == (START, 0, 2)
    assert after == (["a", "b", "c"] if ends == "commits" else ["b", "c"])
    assert following.count_after(START) == len(after)
    assert names_of(address) == after  # and so for a reader that starts later


def test_a_reader_that_goes_by_numbers_alone_skips_a_record(
    writing: list[Writing], address: str
) -> None:
    """Control: what the order protects from."""
    a, b, _ = writing
    a.insert("a")
    b.insert("b").commit()

    first = by_number(address, 0)
    a.commit()
    second = by_number(address, first[-1][0])

    assert [name for _, name in first + second] == ["b"]
    assert names_of(address) == ["a", "b"]


def by_number(address: str, position: int) -> list[tuple[int, str]]:
    with psycopg.connect(address) as connection:
        return connection.execute(
            "SELECT position, decision_id FROM records WHERE position > %s ORDER BY position",
            [position],
        ).fetchall()


def test_a_transaction_that_began_first_and_inserts_last_comes_first(
    following: RecordReader, writing: list[Writing], address: str
) -> None:
    a, b, _ = writing
    a.take_xid()
    b.insert("b").commit()
    assert read_on(following, START)[0] == []
    a.insert("a").commit()

    stored = everything(address)

    assert [record.decision_id for record in stored] == ["a", "b"]
    assert [record.position for record in stored] == [2, 1]
    assert [record.cursor for record in stored] == sorted(record.cursor for record in stored)


def test_a_transaction_that_has_written_nothing_holds_nothing_back(
    following: RecordReader, writing: list[Writing], address: str
) -> None:
    a, b, _ = writing
    with psycopg.connect(address) as reading:
        reading.execute("SELECT count(*) FROM records")
        b.insert("b").commit()
        seen, cursor = read_on(following, START)
        a.insert("a").commit()

    assert seen == ["b"]
    assert read_on(following, cursor)[0] == ["a"]


def test_a_transaction_in_another_database_of_the_server_delays_and_loses_nothing(
    following: RecordReader,
    writing: list[Writing],
    postgres_server: PostgresServer,
) -> None:
    """Transactions are numbered for the whole server; keep long ones away from it."""
    other = postgres_server.database(f"test_{secrets.token_hex(6)}")
    with closing(psycopg.connect(other)) as elsewhere:
        elsewhere.execute(TAKE_XID)
        writing[0].insert("a").commit()
        assert read_on(following, START)[0] == []

        elsewhere.rollback()

        assert read_on(following, START)[0] == ["a"]


steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["insert", "xid", "commit", "roll back"])),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps)
def test_any_interleaving_is_seen_once_and_in_one_order(
    following: RecordReader, writing: list[Writing], steps: list[tuple[int, str]]
) -> None:
    begin = cursor = following.end()
    seen: list[str] = []
    committed: set[str] = set()
    open_: list[set[str]] = [set() for _ in writing]

    for who, what in [*steps, *[(who, "commit") for who in range(len(writing))]]:
        if what == "insert":
            name = secrets.token_hex(8)
            writing[who].insert(name)
            open_[who].add(name)
        elif what == "xid":
            writing[who].take_xid()
        elif what == "commit":
            writing[who].commit()
            committed |= open_[who]
            open_[who] = set()
        else:
            writing[who].roll_back()
            open_[who] = set()
        found, cursor = read_on(following, cursor)
        seen += found

    assert sorted(seen) == sorted(committed)
    assert read_on(following, begin)[0] == seen


def test_a_consumer_that_follows_writers_in_processes_sees_what_a_late_reader_sees(
    location: Location, tmp_path: Path
) -> None:
    """The processes also race for creating the store and its keys."""
    each = 120
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    key_file = tmp_path / "var" / "keys.json"
    children = [
        context.Process(target=append_many, args=(location, key_file, each, theirs))
        for _ in range(2)
    ]
    for child in children:
        child.start()
    seen: list[str] = []
    page: list[StoredRecord] = []
    cursor, writing = START, True
    with RecordReader(location) as reader:
        while page or writing:
            writing = any(child.is_alive() for child in children)
            page = reader.after(cursor, 7)
            seen += [record.decision_id for record in page]
            cursor = page[-1].cursor if page else cursor
    written = [ours.recv(), ours.recv()]
    for child in children:
        child.join()
        child.close()
    ours.close()
    theirs.close()

    stored = everything(location)
    assert seen == [record.decision_id for record in stored]
    assert sorted(seen) == sorted(written[0] + written[1])
    assert len(seen) == 2 * each
    for own in written:  # each writer keeps the order in which it was asked
        assert [decision_id for decision_id in seen if decision_id in own] == own
    assert len({record.writer for record in stored}) == 2
    assert len({record.subject_ref for record in stored}) == 5  # applicants are shared
    assert broken_links(stored) == []


def names_of(location: Location) -> list[str]:
    return [record.decision_id for record in everything(location)]
