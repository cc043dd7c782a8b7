"""``credit records erase | expire | rotate-keys | policy``: people's rights and the keys behind them."""

from __future__ import annotations

import datetime
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.table import Table

from cluster.cli.terminal import console, counting_bar, errors_console, near, stage
from cluster.exits import NO, OK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from credit.records.erasure import ErasureOutcome, Expiry, ProductKind, Requester, SubjectName
    from credit.records.erasure.outcome import CleanedSample
    from credit.records.proof.signing import LocalSigningKey
    from credit.settings import Settings

STDIN = "-"

JsonOption = Annotated[bool, typer.Option("--json", help="For machines.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
BusinessOption = Annotated[
    bool, typer.Option("--business", help="The credit was for a business, not a consumer.")
]
TenantOption = Annotated[str, typer.Option(help="Whose records.")]
TodayOption = Annotated[
    datetime.datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="Day the policy's periods are held against; default: today (UTC).",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``credit records``."""
    app.command()(erase)
    app.command()(expire)
    app.command("rotate-keys")(rotate_keys)
    app.command()(policy)


def erase(
    applicant: Annotated[
        str | None,
        typer.Option(
            help="The applicant's id; `-` reads it from standard input, so that it stays out of the "
            "shell's history."
        ),
    ] = None,
    decision: Annotated[
        str | None, typer.Option(help="Id of any of the person's decisions, instead.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(help="Random reference as the records carry it, instead.")
    ] = None,
    tenant: TenantOption = "default",
    business: BusinessOption = False,
    requested_by: Annotated[
        str, typer.Option("--by", help="Role of who asks: applicant, lender or authority.")
    ] = "applicant",
    today: TodayOption = None,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Erase a person: destroy the keys of all records, so that nobody can open them again.

    A record that a law demands (`credit records policy`) is not erased yet: the person is restricted,
    nothing uses the sealed parts, and `credit records expire` erases them when the day has come. What
    stays for ever is the clear part of each record, which names nobody, and a signed entry that says
    an erasure was done. Rows of the person are removed from drift references beside the bundles.

    After it, an applicant id leads nowhere: asking again by it finds nothing, as it does for somebody
    who was never here. Exit code 0 when erased, now or before; 1 when restricted or nothing was found.
    """
    import dataclasses

    from credit.records import LocalKeyFile
    from credit.records.erasure import erase as erase_subject
    from credit.records.erasure import load_policy, look
    from credit.settings import Settings

    settings, role = Settings(), _role(requested_by)
    rules, day = load_policy(settings.retention_policy), _day(today)
    name = _name(applicant, decision, subject)
    kind: ProductKind = "business" if business else "consumer"
    keys = LocalKeyFile(settings.key_path)
    asked = look(
        settings.records,
        keys,
        tenant=tenant,
        name=name,
        policy=rules,
        today=day,
        product_kind=kind,
    )
    if asked.status in {"erased", "restricted"}:
        _confirm(_what_will_be_done(asked, settings), yes=yes)
    with stage("erasing"):
        done = erase_subject(
            settings.records,
            keys,
            _signer(settings),
            tenant=tenant,
            **dataclasses.asdict(name),
            policy=rules,
            today=day,
            bundles=_sample_folders(settings),
            product_kind=kind,
            requested_by=role,
        )
    if json:
        _print_json(done)
    else:
        console.print(done.message, soft_wrap=True)
        _print_samples(done.samples, done.retrain)
        _print_rest(done.n_unopened, done.lingering)
    raise typer.Exit(OK if done.status in {"erased", "already_erased"} else NO)


def expire(
    today: TodayOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only count whose time has come; nothing is changed.")
    ] = False,
    business: BusinessOption = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Erase everybody whose newest record is older than the policy's ceiling, or whose restriction ended.

    Short transactions, so decisions go on meanwhile; interrupt it and run it again as you like. Meant
    for a nightly job: `credit records expire --yes`.
    """
    from credit.records import LocalKeyFile
    from credit.records.erasure import expire as expire_subjects
    from credit.records.erasure import load_policy
    from credit.settings import Settings

    settings = Settings()
    rules, day = load_policy(settings.retention_policy), _day(today)
    keys, signer = LocalKeyFile(settings.key_path), _signer(settings)

    def run(*, dry: bool, advance: Any) -> Expiry:
        return expire_subjects(
            settings.records,
            keys,
            signer,
            policy=rules,
            today=day,
            bundles=_sample_folders(settings),
            product_kind="business" if business else "consumer",
            dry_run=dry,
            advance=advance,
        )

    with stage("looking for whom to erase"):
        found = run(dry=True, advance=lambda _: None)
    if not dry_run and found.n_due:
        _confirm(
            f"{found.n_due:,} persons will be erased from {near(settings.records)}; nobody can open their "
            "records again.",
            yes=yes,
        )
        with counting_bar("erasing", found.n_due) as step:
            found = run(dry=False, advance=lambda n: [step() for _ in range(n)])
    if json:
        _print_json(found)
        return
    console.print(f"On {day}, under policy {rules.policy} v{rules.version}: {found.n_due:,} due.")
    if dry_run or not found.n_due:
        return
    console.print(
        f"{found.n_erased:,} erased: {found.n_keys:,} keys destroyed, {found.n_records:,} records closed "
        "for ever.",
        soft_wrap=True,
    )
    if found.n_restricted:
        console.print(f"{found.n_restricted:,} kept longer: decided about again since they asked.")
    if found.n_busy:
        console.print(f"{found.n_busy:,} being decided about just now; the next run takes them.")
    _print_samples(found.samples, sorted(found.retrain))
    _print_rest(found.n_unopened, found.lingering)


def rotate_keys(
    drop_old: Annotated[
        bool,
        typer.Option(
            "--drop-old",
            help="Destroy master keys that no record needs any more. Backups of the store made before "
            "now can then no longer be opened.",
        ),
    ] = False,
    yes: YesOption = False,
    json: JsonOption = False,
) -> None:
    """Make a new master key and wrap every subject key under it. No record is encrypted again.

    Services go on meanwhile and take the new key up by themselves. Interrupted at any point, running it
    again goes on. Where several machines have a copy of the key file, bring them the new one before you
    drop old keys. Dropping is what makes erased people's keys in old backups useless.
    """
    from credit.records import LocalKeyFile
    from credit.records.sealing.rotation import ROWS_AT_ONCE, count_keys, rotate_master_key
    from credit.settings import Settings

    settings = Settings()
    keys = LocalKeyFile(settings.key_path)
    if drop_old:
        _confirm(
            "Old master keys will be destroyed: backups of the store made before now can no longer be "
            "opened.",
            yes=yes,
        )
    n_batches = -(-count_keys(settings.records, keys) // ROWS_AT_ONCE)
    with counting_bar(f"wrapping keys, {ROWS_AT_ONCE:,} at a time", n_batches) as step:
        done = rotate_master_key(
            settings.records, keys, drop_old=drop_old, advance=lambda _: step()
        )
    if json:
        _print_json(done)
        return
    if not done.added:
        console.print("An earlier rotation was not finished; it is now. Run again for a new key.")
    console.print(
        f"Master key {done.master_key_id} wraps {done.n_rewrapped:,} subject keys anew. Back up "
        f"{near(settings.key_path)}.",
        soft_wrap=True,
    )
    if done.n_left:
        console.print(
            f"{done.n_left:,} were made meanwhile under an older key: bring every machine the new key file, "
            "then run again.",
            style="yellow",
            soft_wrap=True,
        )
    if done.dropped:
        console.print(
            f"Dropped: {', '.join(done.dropped)}. Backups made before now cannot be opened any more; make "
            "new ones of store and key file, and destroy old copies of the key file.",
            soft_wrap=True,
        )


def policy(
    country: Annotated[
        str | None,
        typer.Argument(help="de, eu, uk, us, or a YAML file; default: the one in force."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show how long records must be kept, how long they may be, and which law says so.

    Choose with CREDIT_RETENTION_POLICY. Where a law gives no number the packaged policy has none: copy
    the file, state your own, and name the copy. This is no legal advice.
    """
    from credit.records.erasure import available_policies, load_policy
    from credit.settings import Settings

    found = load_policy(country or Settings().retention_policy)
    if json:
        console.print_json(found.model_dump_json())
        return
    console.print(f"{found.policy} v{found.version}: {found.title}", soft_wrap=True)
    if found.notice_days:
        console.print(f"Periods begin {found.notice_days} days after the decision.")
    table = Table("credit", "decision", "", "months", "source", show_lines=True)
    for rule in found.rules:
        for what, period in (("kept at least", rule.floor), ("kept at most", rule.ceiling)):
            months = "no number" if period.months is None else str(period.months)
            table.add_row(
                ", ".join(rule.products), ", ".join(rule.decisions), what, months, period.source
            )
    console.print(table)
    for right in found.rights:
        console.print(f"{right.name}: {right.text} ({right.source})", soft_wrap=True)
    console.print(f"Packaged: {', '.join(available_policies())}.")


def _name(applicant: str | None, decision: str | None, subject: str | None) -> SubjectName:
    from credit.errors import SettingsInvalid
    from credit.records.erasure import SubjectName

    if sum(given is not None for given in (applicant, decision, subject)) != 1:
        raise SettingsInvalid(
            "say whom to erase with exactly one of --applicant, --decision and --subject"
        )
    if applicant == STDIN:
        applicant = (
            typer.prompt("Applicant id", hide_input=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\r\n")
        )
        if not applicant:
            raise SettingsInvalid(
                "--applicant -: expected an applicant id on standard input, none came"
            )
    return SubjectName(applicant_id=applicant, decision_id=decision, subject_ref=subject)


def _role(name: str) -> Requester:
    from credit.errors import SettingsInvalid

    if name not in {"applicant", "lender", "authority"}:
        raise SettingsInvalid(
            "--by: expected applicant, lender or authority; give a role, not a name"
        )
    return cast("Requester", name)


def _day(today: datetime.datetime | None) -> datetime.date:
    return (today or datetime.datetime.now(datetime.UTC)).date()


def _confirm(what: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere nobody can answer, so it must have been said before."""
    from credit.errors import SettingsInvalid

    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingsInvalid(f"{what} There is no terminal to ask on: say --yes if that is meant")
    errors_console.print(what, soft_wrap=True)
    typer.confirm("Go on?", abort=True, err=True)


def _what_will_be_done(asked: ErasureOutcome, settings: Settings) -> str:
    if asked.status == "restricted":
        return (
            f"{asked.n_records:,} records must be kept until {asked.day}; until then nothing will use their "
            "sealed parts, and then they are erased."
        )
    return (
        f"{asked.n_keys:,} keys of one person will be destroyed in {near(settings.records)}; nobody can open "
        f"the {asked.n_records:,} records again."
    )


def _signer(settings: Settings) -> LocalSigningKey:
    from credit.records.proof.signing import LocalSigningKey

    return LocalSigningKey(settings.signing_key_path, settings.public_keys_path)


def _sample_folders(settings: Settings) -> Sequence[Path]:
    """Where samples of people lie: bundles of this machine, and those that embedded MLflow keeps."""
    return (settings.bundles_path, settings.artifacts_path)


def _print_json(outcome: object) -> None:
    import msgspec

    console.print_json(msgspec.json.encode(outcome).decode())


def _print_samples(samples: Iterable[CleanedSample], retrain: Sequence[str]) -> None:
    for sample in samples:
        rest = f"{sample.n_left:,} are left" if sample.n_left else "none is left, so it is gone"
        console.print(
            f"{sample.n_removed:,} rows removed from the drift reference of {sample.folder[:12]}; {rest}."
        )
    for bundle in retrain:
        console.print(
            f"Retrain bundle {bundle[:12]}: the background of its reasons, a part of its hash, holds a row "
            "of an erased person.",
            style="yellow",
            soft_wrap=True,
        )


def _print_rest(n_unopened: int, lingering: Iterable[str]) -> None:
    if n_unopened:
        console.print(
            f"{n_unopened:,} sealed parts did not open, so no sample was searched for them; run: credit "
            "records verify",
            style="yellow",
            soft_wrap=True,
        )
    for place in lingering:
        console.print(f"The wrapped keys may still lie in {place}.", style="dim", soft_wrap=True)
