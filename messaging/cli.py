"""The commands of the post: programmes, accounts, gateways, sending, settling; they read like sentences.

Every command takes `--json`, deciding ones take `--now`. Exit 0 done, 1 problems in the data, 2 wrong use.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import sqlalchemy as sa

from messaging import addresses, audit, imports, letters, programmes, resolving, sender, settings, staff
from messaging.clock import parse_time, utc_now
from messaging.errors import DataError, JekuluError, SettingError
from messaging.gateways import is_loopback
from messaging.installation import Installation, open_installation
from messaging.logs import set_up
from messaging.models import Gateway

AGAIN = "#rc=5&rp=all"
P = ParamSpec("P")
R = TypeVar("R")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
now_option = click.option("--now", metavar="TIME", help="Decide as if it were this time (test carriers only).")


def command_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Show what a person can mend as one sentence: exit 1 for the data, 2 for wrong use."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except JekuluError as error:
            click.echo(f"jekulu: {error}", err=True)
            sys.exit(2 if isinstance(error, SettingError) else 1)
        except OSError as error:
            click.echo(f"jekulu: {error.filename or ''}: {error.strerror}", err=True)
            sys.exit(2)

    return guarded


@contextmanager
def opened() -> Iterator[Installation]:
    """The installation that the environment names, closed at the end."""
    set_up("WARNING")
    here = open_installation(settings.load())
    try:
        yield here
    finally:
        here.close()


def emit(values: Mapping[str, Any] | list[Any], as_json: bool, words: str | None = None) -> None:
    """Print a result: as one JSON line, in the given words, or as lines of name and value."""
    if as_json:
        click.echo(json.dumps(values, ensure_ascii=False, default=str))
    elif words is not None:
        click.echo(words)
    else:
        for row in values if isinstance(values, list) else [values]:
            click.echo("  ".join(f"{name} {value}" for name, value in row.items()) or "-")


def moment(here: Installation, text: str | None) -> datetime:
    """The real time, or the asked one where no real gateway could act on it.

    Raises:
        DataError: a gateway's base address is not on this machine: a false clock must not send at night.
    """
    if text is None:
        return utc_now()
    with here.db.read() as session:
        adapters = set(session.scalars(sa.select(Gateway.adapter)))
    for adapter, address in here.settings.base_addresses.items():
        if adapter in adapters and not is_loopback(address):
            raise DataError(
                f"--now is refused: the gateway {adapter} is real, and a false clock must not send at night."
            )
    return parse_time(text)


def register(main: click.Group) -> None:
    """Add the commands of this module."""
    for command in (programme, import_files, people, gateway, webhooks, send, resolve, text, upgrade):
        main.add_command(command)


@click.group()
def programme() -> None:
    """Programmes."""


@programme.command("new")
@click.argument("code")
@click.option("--name", help="Its name, in French.")
@click.option("--name-en", help="Its name, in English.")
@click.option("--service-name", default="Jekulu", help="The neutral name that an SMS may carry.")
@click.option(
    "--language", "codes", multiple=True, default=("fr", "bm"), help="Its languages; the first is the last resort."
)
@json_option
@command_errors
def programme_new(
    code: str, name: str | None, name_en: str | None, service_name: str, codes: tuple[str, ...], as_json: bool
) -> None:
    """Start an empty programme of one's own."""
    with opened() as here, here.db.write() as session:
        row = programmes.new_programme(
            session, code, utc_now(), name_fr=name, name_en=name_en, service_name=service_name, languages=codes
        )
        emit({"programme": row.code}, as_json, f"Programme {row.code} is ready. Next: jekulu import places FILE")


@click.group("import", invoke_without_command=False)
def import_files() -> None:
    """Take sheets (CSV, XLSX) of places, stations, clubs, households and members."""


def _import_command(kind: str) -> click.Command:
    @click.command(kind, help=f"Take a sheet of {kind}; nothing is stored when any line has a problem.")
    @click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--programme", "code", help="Whose register; not needed when there is only one programme.")
    @click.option("--dry-run", is_flag=True, help="Only tell what would happen.")
    @click.option(
        "--empty-sheet",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write an empty sheet to fill in.",
    )
    @json_option
    @command_errors
    def take(file: Path | None, code: str | None, dry_run: bool, empty_sheet: Path | None, as_json: bool) -> None:
        if empty_sheet is not None:
            empty_sheet.write_bytes(imports.empty_sheet(kind, "csv" if empty_sheet.suffix == ".csv" else "xlsx"))
            emit({"written": str(empty_sheet)}, as_json)
            return
        if file is None:
            raise click.UsageError(
                f"Which file? jekulu import {kind} FILE, or --empty-sheet FILE to get one to fill in."
            )
        with opened() as here, here.db.write() as session:
            result = imports.take(
                session, kind, programmes.only(session, code), file.read_bytes(), utc_now(), dry_run=dry_run
            )
        _tell_import(result, file.name, as_json)

    return take


def _tell_import(result: imports.Result, name: str, as_json: bool) -> None:
    lines = [f"{name}:{one.line}: {one.column}: {one.problem}" for one in result.problems]
    lines += [f"shared phone {one.phone}: lines {', '.join(map(str, one.lines))}" for one in result.shared_phones]
    emit(result.as_dict(), as_json, "\n".join([*lines, *result.sentence()]))
    if result.problems:
        sys.exit(1)


for _kind in imports.KINDS:
    import_files.add_command(_import_command(_kind))


@click.group("staff")
def people() -> None:
    """Accounts of the staff."""


@people.command("add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, help="editor, translator:bm, approver, officer, …")
@click.option("--programme", "codes", multiple=True, help="Only this programme; may be given several times.")
@click.option("--name", default="", help="Name shown on the pages.")
@json_option
@command_errors
def staff_add(email: str, roles: tuple[str, ...], codes: tuple[str, ...], name: str, as_json: bool) -> None:
    """Make an account; the password is shown once."""
    with opened() as here, here.db.write() as session:
        wanted = [staff.parse_role(role) for role in roles]
        access = staff.add(session, email, wanted, utc_now(), name=name, programmes=codes)
    _show(access, as_json)


@people.command("reset")
@click.argument("email")
@json_option
@command_errors
def staff_reset(email: str, as_json: bool) -> None:
    """Give an account a new password."""
    with opened() as here, here.db.write() as session:
        access = staff.reset(session, email, utc_now())
    _show(access, as_json)


def _show(access: staff.Access, as_json: bool) -> None:
    emit(
        {"email": access.email, "password": access.password, "second_factor": access.second_factor},
        as_json,
        f"{access.email}\npassword (shown once): {access.password}",
    )


@click.group()
def gateway() -> None:
    """Ways out and in."""


@gateway.command("add")
@click.argument("name")
@click.option("--adapter", type=click.Choice(["twilio"]), required=True)
@click.option("--sender", required=True, help="The number or name it writes from.")
@click.option("--price", type=float, default=0.0, help="Price of one segment in XOF.")
@click.option("--rate", type=float, default=1.0, help="Segments a second.")
@click.option("--answer-cost", default="unknown", help="What an SMS to us costs its sender: free, XOF, unknown.")
@json_option
@command_errors
def gateway_add(
    name: str, adapter: str, sender: str, price: float, rate: float, answer_cost: str, as_json: bool
) -> None:
    """Add a gateway; its secrets come from the environment alone."""
    with opened() as here, here.db.write() as session:
        if session.scalar(sa.select(Gateway.id).where(Gateway.name == name)):
            raise DataError(f"There is a gateway « {name} » already.")
        if not name.replace("-", "").isalnum() or not name.isascii():
            raise DataError(f"« {name} » cannot stand in an address. Use letters, digits and hyphens.")
        row = Gateway(
            name=name, adapter=adapter, sender=sender, price_micros=round(price * 1_000_000), rate=rate,
            answer_cost=answer_cost, prefixes=[], kinds=[],
        )  # fmt: skip
        session.add(row)
        session.flush()
        here.adapters.get(row)
    emit({"gateway": name}, as_json, f"Gateway {name} is ready. Next: jekulu webhooks")


@gateway.command("pause")
@click.argument("name")
@json_option
@command_errors
def gateway_pause(name: str, as_json: bool) -> None:
    """Let a gateway rest: its messages are kept."""
    _set_pause(name, True, as_json)


@gateway.command("resume")
@click.argument("name")
@json_option
@command_errors
def gateway_resume(name: str, as_json: bool) -> None:
    """Let a paused gateway go on, after its trouble is mended."""
    _set_pause(name, False, as_json)


def _set_pause(name: str, pause: bool, as_json: bool) -> None:
    with opened() as here, here.db.write() as session:
        row = session.scalar(sa.select(Gateway).where(Gateway.name == name))
        if row is None:
            raise DataError(f"There is no gateway « {name} ».")
        row.paused_at, row.paused_reason = (utc_now(), "by hand") if pause else (None, None)
        audit.note(session, audit.COMMAND, "paused" if pause else "resumed", "gateway", row.id, utc_now())
    emit({"gateway": name, "paused": pause}, as_json)


@click.command()
@json_option
@command_errors
def webhooks(as_json: bool) -> None:
    """Print the addresses to enter at each provider."""
    with opened() as here:
        public = here.settings.public_url
        with here.db.read() as session:
            names = session.scalars(sa.select(Gateway.name).where(Gateway.adapter != "simulator")).all()
        if names and not public:
            raise SettingError("JEKULU_PUBLIC_URL is not set: write the public address of this installation into it.")
        # The fragment asks Twilio to bring an SMS again when we could not store it; others ignore it.
        rows = [{"gateway": name, "inbound": addresses.inbound_url(public, name, here.keys) + AGAIN} for name in names]
    emit({"webhooks": rows}, as_json, "\n".join(f"{row['gateway']}: {row['inbound']}" for row in rows) or "no gateway")


@click.command()
@now_option
@json_option
@command_errors
def send(now: str | None, as_json: bool) -> None:
    """One pass of the sender."""
    with opened() as here:
        emit(sender.send_due(here, moment(here, now)), as_json)


@click.command()
@now_option
@json_option
@command_errors
def resolve(now: str | None, as_json: bool) -> None:
    """One pass over the attempts whose outcome is not known."""
    with opened() as here:
        emit(resolving.resolve(here, moment(here, now)), as_json)


@click.command()
@click.argument("words", nargs=-1)
@json_option
@command_errors
def text(words: tuple[str, ...], as_json: bool) -> None:
    """Explain what a text costs; with --json: JSON lines {"text": …} in and out."""
    if not as_json:
        said = " ".join(words) if words else sys.stdin.read().rstrip("\n")
        size = letters.measure(said)
        click.echo(f"{size.encoding}, {size.units} units, {size.segments} segment(s)")
        for letter in letters.dear(said):
            click.echo(f"  {letter.char} ({letter.code}) at {letter.index + 1} is outside GSM-7")
        return
    bad = [number for number, line in enumerate(sys.stdin, 1) if line.strip() and not _measure_line(line, number)]
    if bad:
        sys.exit(2)


def _measure_line(line: str, number: int) -> bool:
    try:
        size = letters.measure(str(json.loads(line)["text"]))
    except (ValueError, KeyError, TypeError):
        click.echo(f"line {number}: no JSON object with text", err=True)
        emit({"error": "bad_input"}, True)
        return False
    row = {"encoding": size.encoding, "units": size.units, "segments": size.segments}
    emit({**row, "segment_units": list(size.segment_units)}, True)
    return True


@click.command()
@json_option
@command_errors
def upgrade(as_json: bool) -> None:
    """Bring the tables up to date; starting does so too."""
    with opened():
        emit({"upgraded": True}, as_json, "The tables are up to date.")
