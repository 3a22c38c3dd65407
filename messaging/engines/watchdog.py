"""The watchdog: a thread outside the engine that has those on duty told when the engine gives no sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event, Thread

import structlog

from messaging import notices, watch
from messaging.alarms import AGAIN, COMES_BACK
from messaging.clock import utc_now
from messaging.database import UNABLE
from messaging.engines import pulse
from messaging.installation import Installation

log = structlog.get_logger()
EVERY_SECONDS = 60.0
SUBJECT = "Jɛkulu : la base de données / the database"
BODY = """Jɛkulu ne peut plus rien écrire dans sa base de données : rien ne part, rien n'est noté.
Voyez si le disque est plein et si le serveur de la base répond, puis lancez jekulu doctor.

Jɛkulu can write nothing into its database any more: nothing leaves, nothing is noted.
See whether the disk is full and whether the database server answers, then run jekulu doctor.
"""


class Watchdog:
    """Looks once a minute, until it is stopped."""

    def __init__(self, here: Installation, every_seconds: float = EVERY_SECONDS) -> None:
        """Nothing runs yet."""
        self.here, self.every_seconds = here, every_seconds
        self._stopped = Event()
        self._thread = Thread(target=self._run, name="watchdog", daemon=True)
        self._since: datetime | None = None  # when it began to watch
        self._looked_at: datetime | None = None
        self._dumb_since: datetime | None = None  # nothing can be stored: an alarm neither
        self._mailed_at: datetime | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._since = utc_now()
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for a look that is under way."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self, now: datetime) -> bool:
        """One look; True while the engine is silent, or the database dumb."""
        self._note_look(now)
        try:
            is_silent = watch.tell_if_silent(self.here, now, self._since)
        except UNABLE as error:
            log.error("the watchdog cannot use the database", error=type(error).__name__)
            self._tell_dumb(now)
            return True
        self._dumb_since = None
        if self._mailed_at is not None and now - self._mailed_at >= COMES_BACK:
            self._mailed_at = None  # it is over: the next time is told anew
        return is_silent

    def _note_look(self, now: datetime) -> None:
        """After a long gap it begins anew: the machine slept or its clock was set, and the engine wakes up just now."""
        if self._looked_at is not None and now - self._looked_at >= self.here.settings.silent_after:
            self._since = now
        self._looked_at = now

    def _run(self) -> None:
        while not self._stopped.wait(self.every_seconds):
            try:
                self.look(utc_now())
            except Exception as error:  # whatever it was: the next look must come
                log.error("the watchdog failed", error=type(error).__name__, exc_info=True)

    def _tell_dumb(self, now: datetime) -> None:
        """Without a database nothing is known but the settings: one e-mail a day.

        It is dumb since the engine could last write; a look later at the earliest, for another writer may be busy.
        """
        if self._dumb_since is None:
            self._dumb_since = now - self._silence(now)
            return
        lasts = now - self._dumb_since >= self.here.settings.silent_after
        if (
            lasts
            and (self._mailed_at is None or now - self._mailed_at >= AGAIN)
            and notices.post_mail(self.here, SUBJECT, BODY)
        ):
            self._mailed_at = now

    def _silence(self, now: datetime) -> timedelta:
        """For how long the engine wrote no sign of life; nothing when that cannot be read either."""
        try:
            with self.here.db.read() as session:
                return pulse.silence(session, now, self._since) or timedelta(0)
        except UNABLE:
            return timedelta(0)
