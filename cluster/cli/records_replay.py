"""``credit records replay``: decide again what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cluster.cli.terminal import console, counting_bar, errors_console
from cluster.exits import NO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credit.records import RecordReader, StoredRecord
    from credit.records.replay import ReplayResult, Tally

SHOWN, LISTED = 5, 1_000
DIFFERENCES_SHOWN = 20

TenantOption = Annotated[
    str | None, typer.Option(help="Only this tenant's; by id: `default` unless given.")
]
SinceOption = Annotated[
    str | None,
    typer.Option(
        help="Decisions from then on: a date, or date and time; UTC unless it says otherwise."
    ),
]
UntilOption = Annotated[str | None, typer.Option(help="Up to, not including, then.")]


def register(app: typer.Typer) -> None:
    """Add the command to the group ``credit records``."""
    app.command()(replay)


def replay(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Decision ids.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="So many, drawn uniformly from the whole log.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw: same log, same seed, same records.")] = 0,
    since: SinceOption = None,
    until: UntilOption = None,
    everything: Annotated[bool, typer.Option("--all", help="The whole log.")] = False,
    tenant: TenantOption = None,
    json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Score recorded applications again with the bundles that scored them, and compare to the bit.

    Say which: ids, --sample, --since and --until, or --all. Compared are PD, score, rating, risk level,
    decision, features, SHAP values, reasons and every byte of the answer. On another machine or with
    other library versions the last bits may differ: `equal_within_1e-12` says that they do, and that
    nothing else does. Records of erased and restricted people are counted and not opened.

    Needs the keys of the records and the bundles, which `credit` keeps below CREDIT_HOME. Exit code 0:
    all were replayed alike; 1: a difference was found, or a record could not be replayed.
    """
    from credit.records import LocalKeyFile, RecordReader
    from credit.records.replay import BundleFolder, Tally, replay_records
    from credit.settings import Settings

    settings = Settings()
    with RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader:
        n, pages = _chosen(
            reader,
            ids or [],
            sample=sample,
            seed=seed,
            since=since,
            until=until,
            everything=everything,
            tenant=tenant,
        )
        tally = Tally(LISTED if json else SHOWN)
        records = (record for page in pages for record in page)
        with counting_bar("replaying", n) as advance:
            for result in replay_records(reader, BundleFolder(settings.bundles_path), records):
                tally.add(result)
                advance()
    if json:
        _as_json(tally)
    else:
        _show(tally)
    if not tally.kept_the_promise:
        raise typer.Exit(NO)


def _chosen(
    reader: RecordReader,
    ids: Sequence[str],
    *,
    sample: int | None,
    seed: int,
    since: str | None,
    until: str | None,
    everything: bool,
    tenant: str | None,
) -> tuple[int, Iterator[list[StoredRecord]]]:
    """Which records, and how many at most.

    Raises
    ------
    SettingsInvalid
        None or several ways of choosing were given.
    DecisionUnknown
        There is no decision of an id.
    """
    from credit.errors import SettingsInvalid
    from credit.records.lineage.gather import find_decision
    from credit.records.reading import selection

    ways = [bool(ids), sample is not None, since is not None or until is not None, everything]
    if sum(ways) != 1:
        raise SettingsInvalid(
            "say which decisions to replay, in one way: ids, --sample N, --since TIME (with --until), or --all"
        )
    if ids:
        found = [find_decision(reader, tenant or "default", id_) for id_ in ids]
        return len(found), iter([found])
    if sample is not None:
        drawn = selection.sample(reader, sample, seed=seed, tenant=tenant)
        return min(sample, reader.count()), drawn
    if everything:
        return reader.count(), selection.whole_log(reader, tenant=tenant)
    wanted = selection.make_period(since, until)
    n = selection.count_in_period(reader, wanted, tenant=tenant)
    return n, selection.in_period(reader, wanted, tenant=tenant)


def _as_json(tally: Tally) -> None:
    import msgspec

    document = {
        "records": tally.n,
        "outcomes": tally.counts,
        "kept": tally.kept_the_promise,
        "findings": tally.first,
    }
    typer.echo(msgspec.json.encode(document))


def _show(tally: Tally) -> None:
    table = Table("outcome", "decisions")
    table.columns[1].justify = "right"
    for outcome, n in tally.counts.items():
        table.add_row(outcome, f"{n:,}")
    console.print(table if tally.n else "no decisions of this choice are recorded")
    for result in tally.first:
        errors_console.print(_described(result), markup=False, soft_wrap=True)
    n_findings = sum(tally.counts.values()) - sum(
        tally.counts.get(name, 0)
        for name in ("identical", "equal_within_1e-12", "erased", "restricted")
    )
    if n_findings > len(tally.first):
        errors_console.print(f"and {n_findings - len(tally.first):,} more; --json lists them")


def _described(result: ReplayResult) -> str:
    more = len(result.differences) - DIFFERENCES_SHOWN
    lines = [
        f"decision {result.decision_id}: {result.outcome.value}",
        *(f"  {difference}" for difference in result.differences[:DIFFERENCES_SHOWN]),
        *([f"  and {more} more fields"] if more > 0 else []),
        *([f"  {result.note}"] if result.note else []),
    ]
    return "\n".join(lines)
