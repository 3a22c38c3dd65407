"""Has those on duty told of what the doctor found: by an alarm, and without a database by e-mail alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from messaging import alarms, mail, watch
from messaging.alarms import AGAIN, Kind
from messaging.doctor import open_still, store
from messaging.doctor.diagnosis import Diagnosis, State
from messaging.installation import Installation
from messaging.settings import Settings, load

WATCHED = ("engine", "gateway ", "budget ")  # starts of checks that the engine's own watch tells of
TOLD = ".doctor-told"  # file in the data folder: its time says when an e-mail last left without a database
BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
SUBJECT = "Jɛkulu : le serveur va mal / the server is not well"


def tell(found: Sequence[Diagnosis], now: datetime) -> None:
    """Have those on duty told of what is wrong.

    Raises:
        SettingError, OSError, or what a database raises: nobody was told.
    """
    settings = load()
    here, _ = open_still(settings)
    if here is None:
        tell_without(settings, found, now)
        return
    try:
        tell_by_alarm(here, found, now)
    finally:
        here.close()


def tell_by_alarm(here: Installation, found: Sequence[Diagnosis], now: datetime) -> None:
    """Raise an alarm for each check that found something wrong, clear the others, and listen for the engine.

    A running engine has people told of the alarms; of a silent one they are told from here. A database file that was
    found whole is noted, so that not every look reads it through.
    """
    with here.db.write() as session:
        _note(session, {one.check for one in found if one.state is State.WRONG}, now)
        store.remember(session, found, now)
    watch.tell_if_silent(here, now)


def _last(told: Path) -> datetime:
    return datetime.fromtimestamp(told.stat().st_mtime, UTC) if told.exists() else BEFORE


def _note(session: Session, wrong: set[str], now: datetime) -> None:
    checks = {check[:60] for check in wrong if not check.startswith(WATCHED)}
    known = {row.about for row in alarms.open_alarms(session) if row.kind == Kind.DOCTOR}
    for about in checks - known:
        alarms.raise_one(session, Kind.DOCTOR, about, now)
    for about in known - checks:
        alarms.clear(session, Kind.DOCTOR, about, now)


def tell_without(settings: Settings, found: Sequence[Diagnosis], now: datetime) -> bool:
    """Send one e-mail a day with what is wrong, when there is no database that could remember an alarm."""
    told, server = settings.data / TOLD, settings.smtp
    if server is None or not settings.alarm_to or now - _last(told) < AGAIN:
        return False
    body = "\n\n".join(f"{one.check}: {one.sentence}\n-> {one.remedy}" for one in found if one.state is State.WRONG)
    mail.send(server, mail.letter(settings.alarm_from, settings.alarm_to, SUBJECT, body + "\n"))
    with suppress(OSError):  # without a folder, or on a full disk, it is told again at the next look
        told.touch()
    return True
