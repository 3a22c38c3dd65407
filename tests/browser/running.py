"""The whole application of a demonstration on the loopback, served as in production."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from waitress.server import create_server

import wsgi
from campaigns import demonstration
from campaigns.clubs import questions, studio
from campaigns.conversation.converse import converse
from campaigns.evaluation.evaluator import keys, purposes
from campaigns.models import Airing, Episode
from messaging import calls, inbox, staff
from messaging.clock import utc_now
from messaging.engines.local import Engine
from messaging.installation import Installation
from messaging.models import Inbound, Member, MemberPhone, Phone, Programme, Role, StaffRole, Station
from messaging.models.people import Sex
from messaging.settings import load

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-default-apps", "--disable-extensions", "--disable-sync", "--no-first-run",
]  # fmt: skip


PROGRAMME = "caisses-bandiagara"  # the one whose pages are looked at
HALFWAY = "halfway"
HOST = "the-key-of-a-host"  # in the address of a studio page
FIRST = "QUESTION comment soigner mes poules"
# Who the demonstration does not have, for the pages that only they see; the second is asked for a code at the door.
MORE_STAFF = {"focal": ((Role.FOCAL_POINT, "fraud"),), HALFWAY: ((Role.AUDITOR, ""),)}


@dataclass
class Site:
    """The running demonstration."""

    app: Flask
    address: str
    password: str

    @property
    def here(self) -> Installation:
        """Its installation."""
        found: Installation = self.app.extensions["jekulu"]
        return found


def complain(here: Installation) -> None:
    """A member whose language is screened writes a complaint and two questions and waits for a call: the pages of all
    have a row."""
    now = utc_now()
    with here.db.write() as session:
        screened = (
            sa.select(Phone, Member.programme_id)
            .join(MemberPhone, MemberPhone.phone_id == Phone.id)
            .join(Member, Member.id == MemberPhone.member_id)
            .join(Programme, Programme.id == Member.programme_id)
            .where(Programme.code == PROGRAMME, Member.language == "fr", Phone.opted_out_at.is_(None))
            .order_by(Phone.id)
        )
        phone, programme_id = session.execute(screened.limit(1)).one()
        phone.language = "fr"
        calls.ask(session, programme_id, phone.id, "errors", None, now)
        number = here.keys.open(phone.sealed)
    for words in ("PLAINTE la radio passe trop tard", FIRST, "QUESTION que faire quand les poules meurent"):
        inbox.receive(here.db, "simulator", [here.adapters.book.write(number, words, now)])
        converse(here.db, now)
    with here.db.write() as session:
        air(session, session.get_one(Programme, programme_id), now)


def air(session: Session, programme: Programme, now: datetime) -> None:
    """The first of the questions is one to air, of the next episode, and its host has an address."""
    sms = session.scalars(sa.select(Inbound).where(Inbound.text == FIRST)).one()
    question = questions.make(session, programme, sms, "Comment soigner les poules ?", None, Sex.F, 1, now)
    coming = sa.select(Airing).join(Station, Station.id == Airing.station_id)
    airing = session.scalars(coming.where(Station.programme_id == programme.id).order_by(Airing.planned_at)).all()[-1]
    questions.attach(session, question, session.get_one(Episode, airing.episode_id), 1, now)
    page, _key = studio.make(
        session, session.get_one(Station, airing.station_id), session.get_one(Episode, airing.episode_id), 1, now
    )
    page.key_hash = studio.hashed(HOST)


def evaluate(here: Installation) -> None:
    """An evaluator's files left for one purpose, another waits for its second person."""
    now, folder = utc_now(), keys.folder_of(here.settings)
    with here.db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        makers = sa.select(StaffRole.staff_id).where(StaffRole.role == Role.EVALUATION)
        asker = session.scalars(makers.order_by(StaffRole.staff_id)).first() or 0
        second = staff.by_email(session, f"{HALFWAY}@demo.example").id
        until = now.date() + timedelta(days=30)
        for title in ("Évaluation finale", "Étude des clubs"):
            row = purposes.ask(session, programme, title, "Bureau Exemple", until, asker, now)
            if title.startswith("Éval"):
                purposes.accept(session, folder, row.id, second, now)
                made = purposes.build(session, folder, row, asker, now)
                purposes.hand_over(session, folder, made, row.id, asker, now)


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """The demonstration with a day of simulated past, its engine and the web server of `jekulu run`."""
    app = wsgi.create_app(load({"JEKULU_DATA": str(folder)}))
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick is late now and then beside other tests
    here: Installation = app.extensions["jekulu"]
    demonstration.prepare(here, utc_now(), timedelta(days=1), lambda _line: None)
    with here.db.write() as session:
        for name, roles in MORE_STAFF.items():
            password, address = demonstration.password(here), f"{name}@demo.example"
            is_demo = name != HALFWAY
            staff.add(session, address, roles, utc_now(), name=name, demonstration=is_demo, password=password)
    complain(here)
    evaluate(here)
    engine = Engine(here, wsgi.JOBS)
    app.extensions["jekulu.wake"] = engine.wake
    engine.start()
    server = create_server(app, host="127.0.0.1", port=0, threads=8, ident="jekulu")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield Site(app, f"http://127.0.0.1:{server.effective_port}", demonstration.password(here))
    finally:
        server.close()
        thread.join(timeout=5)
        engine.stop()
        here.close()
