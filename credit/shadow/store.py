"""Shadow scores in the state database, beside the cursor that they move with.

A run is one bundle under one name. Its rows hold what the clear part of a record holds, and the shadow's
counterpart of it; application, features and contributions stay sealed where they are.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
import sqlalchemy as sa

from credit.errors import SettingsInvalid
from credit.records.store.engine import begin_write, insert_into
from credit.records.store.state import ensure_tables
from credit.shadow.score import ShadowPage, ShadowScore

metadata = sa.MetaData()
_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

shadow_runs = sa.Table(
    "shadow_runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("bundle", sa.String, nullable=False),
    sa.Column("product", sa.String, nullable=False),
    sa.Column("since", sa.String, nullable=True),
    sa.Column("n_scored", sa.BigInteger, nullable=False),
    sa.Column("n_skipped", sa.BigInteger, nullable=False),
    sa.Column("unscored", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("begun_at", sa.String, nullable=False),
    sa.UniqueConstraint("name", "bundle"),
)

shadow_scores = sa.Table(
    "shadow_scores",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    # The second lock on the door: the cursor already lets each record in only once.
    sa.Column("position", _BIG, primary_key=True, autoincrement=False),
    sa.Column("commit_xid", sa.BigInteger, nullable=False),
    sa.Column("decision_id", sa.String, nullable=False),
    sa.Column("subject_ref", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("arm", sa.String, nullable=False),
    sa.Column("slot", sa.Integer, nullable=True),
    sa.Column("bundle", sa.String, nullable=False),
    sa.Column("answered_pd", sa.Double, nullable=False),
    sa.Column("answered_score", sa.Double, nullable=False),
    sa.Column("answered_decision", sa.String, nullable=False),
    sa.Column("answered_reasons", sa.String, nullable=False),
    sa.Column("shadow_pd", sa.Double, nullable=False),
    sa.Column("shadow_score", sa.Double, nullable=False),
    sa.Column("shadow_decision", sa.String, nullable=False),
    sa.Column("shadow_reasons", sa.String, nullable=False),
)

_PAGE = 5_000
_FIELDS = ShadowScore.__struct_fields__


class ShadowRun(msgspec.Struct, frozen=True, kw_only=True):
    """How far one bundle is under one name.

    Attributes
    ----------
    since
        Records older than this are passed over; None takes all.
    n_scored
        Records that have a shadow score.
    n_skipped
        Records older than `since`.
    unscored
        Records that have no score, by `credit.shadow.score.Unscored`.
    note
        Why a record of another contract was refused.
    begun_at
        When this bundle was first run under this name.
    """

    id: int
    name: str
    bundle: str
    product: str
    since: str | None
    n_scored: int
    n_skipped: int
    unscored: dict[str, int]
    note: str
    begun_at: str


def create_tables(state: sa.Engine) -> None:
    """Create those tables that are missing."""
    ensure_tables(state, metadata)


def begin_run(
    state: sa.Engine, name: str, bundle: str, product: str, since: str | None
) -> ShadowRun:
    """Find the run of a bundle under a name, or write its first row.

    Parameters
    ----------
    since
        None goes on as the run was begun.

    Raises
    ------
    SettingsInvalid
        It was begun with another `since`: what lies before that was passed over for good.
    """
    with begin_write(state) as connection:
        row = {
            "name": name,
            "bundle": bundle,
            "product": product,
            "since": since,
            **_NOTHING,
            "begun_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds"),
        }
        connection.execute(
            insert_into(connection, shadow_runs).values(row).on_conflict_do_nothing()
        )
        found = connection.execute(
            sa.select(shadow_runs).where(shadow_runs.c.name == name, shadow_runs.c.bundle == bundle)
        ).one()
    run = _run(found)
    if since is not None and run.since != since:
        raise SettingsInvalid(
            f"shadow {name} with bundle {bundle[:12]} was begun {_from(run.since)}, not {_from(since)}: go on "
            "without --since, or begin it anew with --again"
        )
    return run


_NOTHING = {"n_scored": 0, "n_skipped": 0, "unscored": "{}", "note": ""}


def _from(since: str | None) -> str:
    return "at the first record" if since is None else f"with records from {since} on"


def save_page(connection: sa.Connection, run: int, page: ShadowPage, n_skipped: int) -> None:
    """Store a page in the caller's write transaction, behind `advance_cursor`."""
    if page.scores:
        connection.execute(sa.insert(shadow_scores), [_stored(run, s) for s in page.scores])
    before = connection.execute(_OF_RUN, {"run": run}).one()
    unscored = Counter(msgspec.json.decode(before.unscored, type=dict[str, int]))
    unscored.update({why.value: n for why, n in page.unscored.items()})
    connection.execute(
        sa.update(shadow_runs)
        .where(shadow_runs.c.id == run)
        .values(
            n_scored=before.n_scored + len(page.scores),
            n_skipped=before.n_skipped + n_skipped,
            unscored=msgspec.json.encode(dict(sorted(unscored.items()))).decode(),
            note=before.note or page.note,
        )
    )


def drop_rows(connection: sa.Connection, run: int) -> None:
    """Forget the scores of a run, in the caller's write transaction, behind `rebuild`."""
    connection.execute(sa.delete(shadow_scores).where(shadow_scores.c.run == run))
    connection.execute(sa.update(shadow_runs).where(shadow_runs.c.id == run).values(**_NOTHING))


def restart(connection: sa.Connection, run: int, since: str | None) -> None:
    """Let a run begin anew with another `since`."""
    connection.execute(sa.update(shadow_runs).where(shadow_runs.c.id == run).values(since=since))


_OF_RUN = sa.select(shadow_runs).where(shadow_runs.c.id == sa.bindparam("run"))


def read_run(state: sa.Engine, run: int) -> ShadowRun:
    """Read a run as it stands."""
    with state.begin() as connection:
        return _run(connection.execute(_OF_RUN, {"run": run}).one())


def list_runs(state: sa.Engine, product: str | None = None) -> list[ShadowRun]:
    """Return all runs, the one begun last first."""
    found = sa.select(shadow_runs).order_by(shadow_runs.c.id.desc())
    if product is not None:
        found = found.where(shadow_runs.c.product == product)
    with state.begin() as connection:
        return [_run(row) for row in connection.execute(found)]


def find_run(state: sa.Engine, name: str, product: str, bundle: str = "") -> ShadowRun:
    """Find the newest run of a name.

    Parameters
    ----------
    bundle
        Beginning of the hash of the bundle that is meant; without it, the one that was begun last.

    Raises
    ------
    SettingsInvalid
        There is none; the message names those there are.
    """
    runs = list_runs(state, product)
    for run in runs:
        if run.name == name and run.bundle.startswith(bundle):
            return run
    there = ", ".join(dict.fromkeys(run.name for run in runs)) or "none"
    what = f" with bundle {bundle[:12]}" if bundle else ""
    raise SettingsInvalid(
        f"there is no shadow {name!r}{what} of {product} yet; shadows here: {there}. Begin one with "
        "`credit shadow run`, or with `credit rollout shadow` while the service runs"
    )


def read_rows(
    state: sa.Engine, run: int, since: str | None = None, until: str | None = None
) -> Iterator[list[ShadowScore]]:
    """Read the scores of a run by position, in pages.

    Parameters
    ----------
    since, until
        ISO times, UTC with microseconds as records have them: from `since` up to, not including, `until`.
    """
    last = -1
    while True:
        found = sa.select(shadow_scores).where(
            shadow_scores.c.run == run, shadow_scores.c.position > last
        )
        if since is not None:
            found = found.where(shadow_scores.c.created_at >= since)
        if until is not None:
            found = found.where(shadow_scores.c.created_at < until)
        with state.begin() as connection:
            rows = connection.execute(found.order_by(shadow_scores.c.position).limit(_PAGE)).all()
        if not rows:
            return
        yield [_score(row) for row in rows]
        last = rows[-1].position


def count_decisions(state: sa.Engine, run: int) -> dict[tuple[str, str], int]:
    """Count scores by what was answered and what the shadow would decide."""
    by = (shadow_scores.c.answered_decision, shadow_scores.c.shadow_decision)
    found = sa.select(*by, sa.func.count()).where(shadow_scores.c.run == run).group_by(*by)
    with state.begin() as connection:
        return {(then, now): n for then, now, n in connection.execute(found)}


def _stored(run: int, score: ShadowScore) -> dict[str, object]:
    row = {name: getattr(score, name) for name in _FIELDS}
    row["answered_reasons"] = _codes(score.answered_reasons)
    row["shadow_reasons"] = _codes(score.shadow_reasons)
    return {"run": run, **row}


def _score(row: sa.Row[tuple[object, ...]]) -> ShadowScore:
    fields = {name: getattr(row, name) for name in _FIELDS}
    fields["answered_reasons"] = tuple(fields["answered_reasons"].split())
    fields["shadow_reasons"] = tuple(fields["shadow_reasons"].split())
    return ShadowScore(**fields)


def _codes(codes: Sequence[str]) -> str:
    """Join codes, which the contract keeps free of spaces."""
    return " ".join(codes)


def _run(row: sa.Row[tuple[object, ...]]) -> ShadowRun:
    fields = row._asdict()
    return ShadowRun(
        **fields | {"unscored": msgspec.json.decode(fields["unscored"], type=dict[str, int])}
    )
