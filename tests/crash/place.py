"""What stands before a crash run begins: an installation with a real programme, people who agreed, and a campaign that
is due now, by one Twilio gateway."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock

from campaigns.definitions import Definition
from messaging.clock import local, utc_now
from messaging.installation import open_installation
from messaging.models import Gateway
from messaging.settings import Settings, load
from tests.fakes.carrier import ACCOUNT, TOKEN
from tests.world import World, hygiene

PRICE = 10_000_000  # millionths of XOF
TEXT = "Lavez les mains au savon ou a la cendre avant de manger."
FIFTIETH = {
    "JEKULU_STUCK_AFTER": "1.2s",
    "JEKULU_RESOLVE_AFTER": "1.2s 6s 18s",
    "JEKULU_LOOKS_APART": "12s",
    "JEKULU_RETRY_FIRST": "2.4s",
    "JEKULU_ANSWER_WITHIN": "0.5s",  # more than a fiftieth: two busy cores must still be heard
}


LOADING = Lock()  # of the migrations: they cannot run twice at once in one process


@dataclass(frozen=True)
class Place:
    """One installation, ready to run: its environment, and the people who are to get one SMS each."""

    environ: dict[str, str]
    numbers: frozenset[str]

    @property
    def settings(self) -> Settings:
        """As the process reads them."""
        return load(self.environ)

    @property
    def address(self) -> str:
        """Of its web server."""
        return self.environ["JEKULU_PUBLIC_URL"]


def prepare(folder: Path, database: str, judge: str, port: int, people: int, rate: float, full: bool) -> Place:
    """Load the programme; nothing is planned and nothing runs yet.

    Args:
        folder: the data folder.
        database: address of an empty database; empty: SQLite in the folder.
        judge: base address of the judge.
        port: where our web server is to listen.
        people: how many there are.
        rate: SMS a second.
        full: the times of a real office instead of a fiftieth of them.
    """
    ours = {
        "JEKULU_DATA": str(folder),
        "JEKULU_DATABASE": database,
        "JEKULU_TWILIO_API": judge,
        "JEKULU_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        **({} if full else FIFTIETH),
    }
    foreign = {name: value for name, value in os.environ.items() if not name.startswith("JEKULU_")}
    place = Place({**foreign, **ours}, frozenset(f"+22370{at:06d}" for at in range(people)))
    with LOADING:
        _load(place, people, rate)
    return place


def _load(place: Place, people: int, rate: float) -> None:
    here = open_installation(place.settings)
    try:
        now = utc_now()
        world = World(here.db, now).programme()
        world.crowd(people)
        with here.db.write() as session:
            session.add(
                Gateway(
                    name="twilio", adapter="twilio", sender="+22320000000", position=-1, rate=rate, price_micros=PRICE
                )
            )
        world.campaign(due(now))
    finally:
        here.close()


def due(now: datetime) -> Definition:
    """A campaign of one message whose hour is this minute."""
    here = local(now, "Africa/Bamako")
    words = {"fr": {"sms": TEXT, "read_aloud": TEXT}}
    return hygiene(when={"date": here.date().isoformat()}, hour=here.strftime("%H:%M"), texts=words)
