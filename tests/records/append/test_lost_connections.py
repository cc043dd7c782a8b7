"""PostgreSQL: a connection may break at any moment; no decision is lost, and none is written twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from credit.errors import RecordStoreUnavailable
from credit.records import LocalKeyFile, Receipt, RecordWriter
from credit.records.append import commit, known, postgres_statement
from credit.records.append.draft import Draft
from credit.records.store.trips import Found, begin_and_run, run
from tests.postgres import PostgresServer
from tests.records.append.forwarder import Fault, Forwarder
from tests.records.samples import broken_links, everything, new_record, tamper, watching

PATIENT_S = 60.0  # longer than any start of a server takes, also on a busy machine


@pytest.fixture
def forwarder(postgres_database: str) -> Iterator[Forwarder]:
    with Forwarder(postgres_database) as opened:
        yield opened


def check_written_once(address: str, receipts: list[Receipt]) -> None:
    stored = everything(address)
    assert sorted(r.decision_id for r in stored) == sorted(r.decision_id for r in receipts)
    assert not any(receipt.replayed for receipt in receipts)
    assert broken_links(stored) == []


@pytest.mark.parametrize("fault", ["cut before", "cut after"])
@pytest.mark.parametrize("key", [None, "k"], ids=["no key", "key"])
def test_a_commit_without_an_answer_is_found_out_and_written_once(
    *,
    forwarder: Forwarder,
    keys: LocalKeyFile,
    postgres_database: str,
    fault: Fault,
    key: str | None,
) -> None:
    with RecordWriter(forwarder.address, keys) as writer:
        receipts = [writer.append(new_record(answer=b"before")).result()]
        forwarder.faults.append(fault)
        receipts.append(writer.append(new_record(key=key, answer=b"the answer")).result())
        receipts.append(writer.append(new_record(answer=b"after")).result())

    assert forwarder.seen == [fault]
    assert [receipt.answer for receipt in receipts] == [b"before", b"the answer", b"after"]
    check_written_once(postgres_database, receipts)
    # Nobody had to begin a new chain: it is known where the old one ends.
    assert [record.sequence for record in everything(postgres_database)] == [1, 2, 3]


def test_without_the_question_a_lost_answer_would_write_twice(
    forwarder: Forwarder, keys: LocalKeyFile, postgres_database: str
) -> None:
    """Control: the commit that got no answer is in the store, so to write again is not enough."""
    with RecordWriter(forwarder.address, keys) as writer:
        writer.append(new_record()).result()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(commit, "_PATIENCE_S", -1.0)  # told at once, as an impatient program is
            forwarder.faults.append("cut after")
            told = writer.append(new_record()).exception()

    assert isinstance(told, RecordStoreUnavailable)
    assert len(everything(postgres_database)) == 2


@pytest.mark.parametrize("key", [None, "k"], ids=["no key", "key"])
def test_a_commit_that_arrives_late_is_not_written_twice(
    forwarder: Forwarder, keys: LocalKeyFile, postgres_database: str, key: str | None
) -> None:
    """The repeat meets its own first try, which is still open on the server, and waits for it."""
    with (
        RecordWriter(forwarder.address, keys) as writer,
        psycopg.connect(postgres_database, autocommit=True) as watch,
    ):
        first = writer.append(new_record(applicant_id="known")).result()
        forwarder.faults.append("late")
        receipt = writer.append(new_record(key=key, applicant_id="new"))
        wait_until(lambda: n_waiting_for_locks(watch) > 0)
        forwarder.deliver()
        receipts = [first, receipt.result(), writer.append(new_record()).result()]

    assert forwarder.seen == ["late"]
    check_written_once(postgres_database, receipts)


def test_a_batch_of_repeats_and_conflicts_is_answered_after_a_lost_commit(
    forwarder: Forwarder, keys: LocalKeyFile, postgres_database: str
) -> None:
    """Those that were not written are told what they would have been told."""
    with RecordWriter(forwarder.address, keys) as writer:
        writer.append(new_record(key="old", answer=b"old answer")).result()
        forwarder.faults.append("cut after")
        with held(postgres_database):
            writer.append(new_record())  # keeps the thread waiting while the others gather
            offered = [
                writer.append(new_record(key="old")),
                writer.append(new_record(key="old", body=b"other")),
                writer.append(new_record(key="new", answer=b"new answer")),
                writer.append(new_record(key="new")),
            ]
        forwarder.faults.append("cut after")
        outcomes = [future.exception() or future.result() for future in offered]

    told = [getattr(outcome, "answer", type(outcome).__name__) for outcome in outcomes]
    assert told == [b"old answer", "IdempotencyConflict", b"new answer", b"new answer"]
    assert len(forwarder.seen) == 2
    assert len(everything(postgres_database)) == 3


@contextmanager
def held(address: str) -> Iterator[None]:
    with psycopg.connect(address) as connection:
        connection.execute("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
        yield


class Terminator:
    """Ends the server's side of a connection when a writer comes to a certain point."""

    def __init__(self, address: str, moment: str) -> None:
        self._address = address
        self._moment = moment
        self.struck = 0

    def before(self, moment: str, trip: Callable[..., Found]) -> Callable[..., Found]:
        """Strike before a trip, if this is the moment."""

        def struck(connection: Connection, *arguments: Any) -> Found:
            if moment == self._moment:
                self._strike(connection)
            return trip(connection, *arguments)

        return struck

    def on_statement(self, connection: Connection, _: object, statement: str, *__: object) -> None:
        if statement.startswith(self._moment):
            self._strike(connection)

    def on_commit(self, connection: Connection) -> None:
        if self._moment == "COMMIT":
            self._strike(connection)

    def _strike(self, connection: Connection) -> None:
        if self.struck:
            return
        self.struck += 1
        driver: Any = connection.connection.dbapi_connection
        with psycopg.connect(self._address, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [driver.info.backend_pid])


@pytest.mark.parametrize("moment", ["look up", "write", "COMMIT"])
def test_a_connection_that_the_server_ends_costs_nothing(
    keys: LocalKeyFile, postgres_database: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminator = Terminator(postgres_database, moment)
    with RecordWriter(postgres_database, keys) as writer:
        first = writer.append(new_record()).result()
        monkeypatch.setattr(known, "begin_and_run", terminator.before("look up", begin_and_run))
        monkeypatch.setattr(postgres_statement, "run", terminator.before("write", run))
        with watching("commit", terminator.on_commit):
            second = writer.append(new_record(key="k", applicant_id="new")).result()

    assert terminator.struck == 1
    check_written_once(postgres_database, [first, second])


@pytest.mark.parametrize("moment", ["INSERT INTO idempotency_keys", "INSERT INTO subject_keys"])
def test_a_connection_that_the_server_ends_on_the_careful_way_costs_nothing(
    keys: LocalKeyFile, postgres_database: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "write_at_once", lambda *_, **__: (Draft(), False))
    terminator = Terminator(postgres_database, moment)
    with RecordWriter(postgres_database, keys) as writer:
        first = writer.append(new_record()).result()
        with watching("before_cursor_execute", terminator.on_statement):
            second = writer.append(new_record(key="k", applicant_id="new")).result()

    assert terminator.struck == 1
    check_written_once(postgres_database, [first, second])


def test_a_connection_that_ended_while_nothing_was_written_costs_nothing(
    keys: LocalKeyFile, postgres_database: str
) -> None:
    with RecordWriter(postgres_database, keys) as writer:
        receipts = [writer.append(new_record()).result()]
        with psycopg.connect(postgres_database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE application_name = 'credit-records' AND datname = current_database()"
            )
        receipts.append(writer.append(new_record()).result())

    check_written_once(postgres_database, receipts)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_comes_back_in_time_costs_nothing(
    fragile_server: PostgresServer, keys: LocalKeyFile, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(commit, "_PATIENCE_S", PATIENT_S)
    address = fragile_server.database(f"survives_{how}")
    receipts: list[Receipt] = []
    enough, go_on = threading.Event(), threading.Event()

    with RecordWriter(address, keys) as writer:

        def append() -> None:
            while not go_on.is_set() or len(receipts) < 40:
                receipts.append(writer.append(new_record()).result())
                if len(receipts) == 10:
                    enough.set()

        appending = threading.Thread(target=append)
        appending.start()
        assert enough.wait(PATIENT_S)
        fragile_server.stop() if how == "stop" else fragile_server.kill()
        fragile_server.start()
        go_on.set()
        appending.join(PATIENT_S)
        assert not appending.is_alive()

    check_written_once(address, receipts)


def test_a_server_that_stays_away_means_no_receipt_and_the_next_start_goes_on(
    fragile_server: PostgresServer, keys: LocalKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_PATIENCE_S", 0.3)
    address = fragile_server.database("stays_away")
    with RecordWriter(address, keys) as writer:
        before = writer.append(new_record()).result()
        fragile_server.stop()
        try:
            for _ in range(2):
                refused = writer.append(new_record(key="k")).exception()
                assert isinstance(refused, RecordStoreUnavailable)
                assert "stays_away" in str(refused)
            with pytest.raises(RecordStoreUnavailable):
                writer.probe()
        finally:
            fragile_server.start()
        monkeypatch.setattr(commit, "_PATIENCE_S", PATIENT_S)
        after = writer.append(new_record(key="k")).result()
        writer.probe()

    check_written_once(address, [before, after])


def test_a_deadlock_with_another_program_is_repeated(
    keys: LocalKeyFile, postgres_database: str, states: Counter[str]
) -> None:
    """The other waits for the key that our batch claims, and our batch for a row of the other."""
    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()
        with (
            psycopg.connect(postgres_database) as other,
            psycopg.connect(postgres_database, autocommit=True) as watch,
        ):
            # Who finds the deadlock gives way: ours, if the other is patient.
            other.execute("SET deadlock_timeout = '60s'")
            other.execute("SELECT 1 FROM subject_keys FOR UPDATE")
            ours = writer.append(new_record(key="k"))
            wait_until(lambda: n_waiting_for_locks(watch) > 0)
            digest = keys.lookup_digest(b"idempotency-key", b"default", b"/v1/score", b"k")
            other.execute(
                "INSERT INTO idempotency_keys VALUES (%s, 'default', '/v1/score', '', '')", [digest]
            )
            other.rollback()
            receipt = ours.result()

    assert states["40P01"] >= 1
    assert not receipt.replayed
    assert len(everything(postgres_database)) == 2


@pytest.mark.parametrize(("failures", "written"), [(3, True), (100, False)])
def test_serialization_failures_are_repeated_a_few_times(
    keys: LocalKeyFile,
    postgres_database: str,
    states: Counter[str],
    failures: int,
    written: bool,
) -> None:
    with RecordWriter(postgres_database, keys) as writer:
        fail_first(postgres_database, failures)
        error = writer.append(new_record()).exception()

    assert len(everything(postgres_database)) == written
    assert (error is None) is written
    if written:
        assert states["40001"] == failures
    else:
        assert isinstance(error, RecordStoreUnavailable)
        assert 1 < states["40001"] < 20


def fail_first(address: str, failures: int) -> None:
    """Let the first inserts fail; a sequence counts them, for it is not rolled back."""
    tamper(address, "CREATE SEQUENCE failures")
    tamper(
        address,
        "CREATE FUNCTION fail_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('failures') <= {failures} THEN "
        "RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001'; END IF; "
        "RETURN NEW; END $$",
    )
    tamper(
        address,
        "CREATE TRIGGER fail_first BEFORE INSERT ON records FOR EACH ROW "
        "EXECUTE FUNCTION fail_first()",
    )


@pytest.fixture
def states(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the SQLSTATE of every error after which a batch may be repeated."""
    counted: Counter[str] = Counter()
    judge = commit._rolled_back

    def notice(error: Any) -> bool:
        counted[str(getattr(error.orig, "sqlstate", ""))] += 1
        return judge(error)

    monkeypatch.setattr(commit, "_rolled_back", notice)
    return counted


def n_waiting_for_locks(connection: psycopg.Connection[Any]) -> int:
    [(count,)] = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database()"
    ).fetchall()
    return int(count)


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not happen within 12 seconds")
