"""Backup, restore and upgrade: each prints what was done, and what a person has to do now."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from messaging import restored as restores
from messaging import settings as all_settings
from messaging import upgrading
from messaging.backups import loading, taking
from messaging.backups.loading import Restored
from messaging.backups.taking import Backup
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now
from messaging.database import Database
from messaging.errors import DataError, SettingError
from messaging.logs import set_up
from messaging.settings import Settings
from messaging.upgrading import Upgraded

FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
AGAIN = (
    "What was erased since {at} is here again, accounts closed since then are open, old passwords hold: do it again "
    "before anybody works here (docs/fr/exploiter.md, 6)."
)
UNSENT = click.option("--unsent", is_flag=True, help="Nothing was sent since the backup: keep nothing back.")


@click.command()
@FILE
@json_option
@command_errors
def backup(file: Path, as_json: bool) -> None:
    """Write all tables into one sealed FILE; the service may go on."""
    set_up("WARNING")
    here = all_settings.load()
    db = Database(here.database_url, loading.key_of(here, "make a backup"))
    try:
        _refuse_missing(db)
        made = taking.back_up(db, file.resolve(), utc_now())
    finally:
        db.dispose()
    emit(_facts(made), as_json, f"{_words(made)}\n{_about_key(here, made)}")


@click.command()
@FILE
@click.option("--check", is_flag=True, help="Only read it through; no database is touched.")
@click.option("--as-it-was", is_flag=True, help="Leave the tables for the version that made the backup.")
@UNSENT
@json_option
@command_errors
def restore(file: Path, check: bool, as_it_was: bool, unsent: bool, as_json: bool) -> None:
    """Put the backup FILE back into an empty database."""
    set_up("WARNING")
    here = all_settings.load()
    if check:
        found = taking.check(file, loading.key_of(here, "open a backup"))
        return emit(_facts(found), as_json, f"{_words(found)}\nThe file is whole, and this key opens it.")
    done = loading.restore(here, file, utc_now(), _tell, as_it_was=as_it_was, unsent=unsent)
    if not as_it_was:
        with opened():  # the program itself is the last to say that all is well
            pass
    emit({**_facts(done.backup), **_state(done)}, as_json, _after_restore(done, unsent))
    return None


@click.command()
@click.option("--left", is_flag=True, help="They left before the restore: close them.")
@click.option("--unsent", is_flag=True, help="Nothing left since the backup: send what is still of use.")
@json_option
@command_errors
def restored(left: bool, unsent: bool, as_json: bool) -> None:
    """Say how the last restore stands, or settle what may have left."""
    if left and unsent:
        raise SettingError("Say one of --left and --unsent.")
    now = utc_now()
    with opened() as here, here.db.write() as session:
        closed = restores.close_left(session, now) if left else 0
        released = restores.let_go(session, now) if unsent else 0
        session.flush()
        rest = restores.rest(session)
    facts = {
        "backup_of": rest.gap and rest.gap.since.isoformat(), "restored_at": rest.gap and rest.gap.until.isoformat(),
        "left": bool(rest.gap and rest.gap.left), "paused": rest.paused, "held": rest.held, "closed": closed,
        "released": released,
    }  # fmt: skip
    emit(facts, as_json, _standing(rest, closed, released))


@click.command()
@click.option("--stopped", is_flag=True, help="The service is stopped, though it gave a sign of life just now.")
@json_option
@command_errors
def upgrade(stopped: bool, as_json: bool) -> None:
    """Back up, bring the tables up to date, check, and say how to go back."""
    set_up("WARNING")
    here = all_settings.load()
    done = upgrading.upgrade(here, _tell, stopped=stopped)
    with opened():  # the program itself is the last to say that all is well
        pass
    facts = {
        "upgraded": done.backup is not None, "from": done.before, "to": done.after,
        "backup": str(done.backup.path) if done.backup else None, "back": way_back(here, done),
    }  # fmt: skip
    emit(facts, as_json, _after_upgrade(here, done))


def _refuse_missing(db: Database) -> None:
    """Without this a wrong JEKULU_DATA would get an empty database."""
    path = db.url.database
    if db.is_sqlite and path and not Path(path).exists():
        raise DataError(f"There is no database {path}. Check JEKULU_DATA.")


def way_back(here: Settings, done: Upgraded) -> list[str]:
    """The commands that undo an upgrade, for a shell, in their order."""
    if done.backup is None:
        return []
    set_aside = f"{here.data / 'aside'}"
    move = [
        f"mkdir -p {shlex.quote(set_aside)}",
        f"mv {shlex.quote(str(here.data / 'jekulu.sqlite'))}* {shlex.quote(set_aside)}/",
    ]
    other = ["# make an empty PostgreSQL database and name it in JEKULU_DATABASE"]
    load = f"jekulu restore {shlex.quote(str(done.backup.path))} --as-it-was --unsent"
    return ["systemctl stop jekulu", *(other if here.database else move), load]


def _tell(words: str) -> None:
    click.echo(words, err=True)


def _facts(made: Backup) -> dict[str, Any]:
    header = made.header
    return {
        "file": str(made.path), "bytes": made.size, "made_at": header.made_at, "version": header.version,
        "revision": header.revision, "fingerprint": header.fingerprint, "rows": made.rows,
        "tables": {name: count for name, (count, _) in made.manifest.items()},
    }  # fmt: skip


def _words(made: Backup) -> str:
    at, size = f"{made.header.time:%Y-%m-%d %H:%M} UTC", made.size / 1_000_000
    return (
        f"{made.path}: backup of {at}, {made.rows} rows of {len(made.manifest)} tables, {size:.1f} MB, "
        f"version {made.header.version}, tables {made.header.revision}."
    )


def _about_key(here: Settings, made: Backup) -> str:
    told = (
        f"It is sealed and opens only with the key {here.key_path} (fingerprint {made.header.fingerprint}), "
        "which is not in it. Keep a second copy of the key, never with the backups."
    )
    if made.path.parent == here.key_path.parent:
        told += "\nThis folder holds the key too: take the backup out of it before it travels."
    return told


def _state(done: Restored) -> dict[str, Any]:
    return {"restored_to": done.revision, "paused": done.paused, "doubtful": done.doubtful}


def _after_restore(done: Restored, unsent: bool) -> str:
    told = [_words(done.backup), f"All of it is in the database; its tables are at {done.revision}."]
    if done.paused:
        told += [
            f"These gateways rest, so that nothing leaves twice: {', '.join(done.paused)}.",
            f"{done.doubtful} messages were due before this restore and may have left since the backup.",
            "See at the gateways what they took since then, and which STOP came in. Then: jekulu restored "
            "--left or --unsent, and jekulu gateway resume NAME.",
        ]
    if not unsent:
        told.append(AGAIN.format(at=_at(done.backup.header.time)))
    return "\n".join(told)


def _standing(rest: restores.Rest, closed: int, released: int) -> str:
    told = [f"{closed} messages closed." if closed else "", f"{released} messages released." if released else ""]
    if rest.gap is None:
        told.append("Nothing is kept back because of a restore.")
    else:
        told.append(
            f"Backup of {_at(rest.gap.since)}, restored {_at(rest.gap.until)}: {rest.held} messages that were due by "
            f"then are held{', those that still come up are closed' if rest.gap.left else ''}."
        )
        if not rest.gap.left:
            told.append("They left before: jekulu restored --left. They did not: jekulu restored --unsent.")
    if rest.paused:
        told.append(f"Gateways that rest: {', '.join(rest.paused)}. jekulu gateway resume NAME lets one go on.")
    return "\n".join(words for words in told if words)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _after_upgrade(here: Settings, done: Upgraded) -> str:
    if done.backup is None:
        return f"The tables are up to date ({done.after}). Nothing was to be done."
    return "\n".join(
        [
            f"The tables went from {done.before} to {done.after}, and every row is there. Start the service again.",
            f"Before that a backup was made: {done.backup.path}",
            "",
            "To go back, with this version still installed:",
            *(f"  {line}" for line in way_back(here, done)),
            "then install the version before and start it. If the service ran since the upgrade, leave --unsent out:",
            "what was due is then kept back, because it may have left.",
        ]
    )
