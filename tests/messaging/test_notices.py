"""Alarms are told: to whom, by which way, how often; by neutral SMS and by e-mail."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from messaging import alarms, mail, notices, outbox
from messaging.alarms import Kind
from messaging.mail import MailServer
from messaging.models import Gateway, Message, Phone, Programme, Staff
from messaging.models.people import Quarantine
from messaging.models.post import State
from tests.conftest import NOW
from tests.fakes.mailbox import Box, free_port
from tests.messaging.office import MINUTE, Office, pause, quick, resume

WORDS = "Jekulu: l'envoi des SMS demande votre attention. Voyez la page Messages."


def test_a_paused_gateway_is_told_through_the_other_one(office: Office) -> None:
    assert office.watch() == {}
    pause(office)
    assert office.watch() == {"raised": 1, "told": 2}
    assert office.sent() == [("41", "malitel"), ("42", "malitel")]
    with office.here.db.read() as session:
        assert {row.body for row in session.scalars(sa.select(Message))} == {WORDS}
        (row,) = alarms.open_alarms(session)
        assert (row.raised_at, row.told_at) == (office.now, office.now)


def test_it_is_told_once_again_after_a_day_and_cleared_in_silence(office: Office) -> None:
    pause(office)
    office.watch()
    office.later(24 * 60 - 1)
    assert office.watch() == {}
    office.later(1)
    assert office.watch() == {"told": 2}
    resume(office)
    assert office.watch() == {"cleared": 1}
    assert len(office.sent()) == 4 and office.open() == []


def test_several_alarms_are_one_sms_and_the_next_waits_ten_minutes(office: Office) -> None:
    office.gateway("telecel", position=3)
    pause(office)
    office.spend(85)
    assert office.watch() == {"raised": 2, "told": 2}
    office.later(4)
    pause(office, "malitel")
    assert office.watch() == {"raised": 1}
    office.later(5)
    assert office.watch() == {}
    office.later(1)
    assert office.watch() == {"told": 2}
    assert office.sent() == [("41", "malitel"), ("42", "malitel"), ("41", "telecel"), ("42", "telecel")]


def test_an_alarm_waits_for_an_sms_of_duty_and_keeps_none_back(office: Office) -> None:
    with office.here.db.write() as session:
        awa = session.scalars(sa.select(Staff).where(Staff.email == "41@essai.example")).one()
        programme = session.get_one(Programme, office.world.programme_id)
        notices.put(session, awa, programme, "duty.waiting", f"{outbox.DUTY}1", None, office.now)
    pause(office)
    office.later(9)
    assert office.watch() == {"raised": 1, "told": 1}
    office.later(1)
    assert office.watch() == {"told": 1}
    with office.here.db.write() as session:
        awa = session.get_one(Staff, awa.id)
        assert notices.was_told_lately(session, awa, office.now, with_alarms=True)
        assert not notices.was_told_lately(session, awa, office.now, with_alarms=False)


def test_with_every_gateway_paused_nobody_is_told_until_one_goes_on(office: Office) -> None:
    pause(office)
    pause(office, "malitel")
    assert office.watch() == {"raised": 2}
    office.later(30)
    resume(office)
    assert office.watch() == {"cleared": 1, "told": 2}
    assert {name for _digits, name in office.sent()} == {"orange"}


LOST = [
    # label, what became of the first SMS, the second goes after so many minutes
    ("it waits at a gateway that rests by now", {"state": State.WAITING, "handed_over_at": None}, 10),
    ("it came to nothing", {"state": State.CLOSED, "reason": "stale", "handed_over_at": None}, 120),
    ("it may have left", {"state": State.HELD, "reason": "unknown", "handed_over_at": None}, 24 * 60),
    ("it left", {}, 24 * 60),
]


@pytest.mark.parametrize(("became", "minutes"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_who_got_nothing_is_told_again(office: Office, became: dict[str, Any], minutes: int) -> None:
    pause(office)
    assert office.watch() == {"raised": 1, "told": 2}
    with office.here.db.write() as session:
        resting = session.scalars(sa.select(Gateway.id).where(Gateway.name == "orange")).one()
        session.execute(sa.update(Message).values(gateway_id=resting, **became))
    for later, told in ((minutes - 1, 0), (1, 2)):
        office.later(later)
        assert notices.tell_by_sms(office.here, office.now) == told


def test_an_alarm_that_was_noted_while_another_was_told_is_told_too(office: Office) -> None:
    pause(office)
    assert office.watch() == {"raised": 1, "told": 2}
    with office.here.db.write() as session:
        alarms.raise_one(session, Kind.DOUBLED, "malitel", office.now - MINUTE / 60)  # a receipt that came just before
    office.later(10)
    assert office.watch() == {"told": 2}
    office.later(10)
    assert office.watch() == {}


WAYS = [
    # label, paused, alarms about, prefixes of malitel, the way
    ("all is well", "", "", [], "orange"),
    ("the first one is ill", "", "orange", [], "malitel"),
    ("both are ill", "", "orange malitel", [], "orange"),
    ("the healthy one rests", "malitel", "orange", [], "orange"),
    ("the healthy one does not serve it", "", "orange", ["+2236"], "orange"),
    ("all rest", "orange malitel", "", [], None),
    ("the other does not serve it", "orange", "", ["+2236"], None),
]


@pytest.mark.parametrize(("paused", "ill", "prefixes", "expected"), [r[1:] for r in WAYS], ids=[r[0] for r in WAYS])
def test_the_way_of_an_alarm(paused: str, ill: str, prefixes: list[str], expected: str | None) -> None:
    rows = [
        Gateway(id=1, name="simulator", adapter="simulator", position=99, prefixes=[], kinds=[]),
        Gateway(id=2, name="orange", adapter="kannel", position=1, prefixes=[], kinds=[]),
        Gateway(id=3, name="malitel", adapter="kannel", position=2, prefixes=prefixes, kinds=[]),
    ]
    for row in rows:
        row.paused_at = NOW if row.name in paused.split() else None
    found = notices.way(rows, ill.split(), "+22370", demonstration=False)
    assert (found.name if found else None) == expected
    practice = notices.way(rows, ill.split(), "+22370", demonstration=True)
    assert practice is not None and practice.name == "simulator"


NOBODY = [
    ("she said STOP", {"opted_out_at": NOW}),
    ("her number is in quarantine", {"quarantine": Quarantine.LOST}),
    ("there is no such number", {"invalid_at": NOW}),
]


@pytest.mark.parametrize("values", [row[1] for row in NOBODY], ids=[row[0] for row in NOBODY])
def test_who_cannot_be_written_to_is_not_told(office: Office, values: dict[str, Any]) -> None:
    with office.here.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.last_two == "41").values(**values))
    pause(office)
    assert office.watch() == {"raised": 1, "told": 1}
    assert office.sent() == [("42", "malitel")]


def test_every_alarm_goes_by_e_mail_too_with_its_sentence(post) -> None:
    box, office = post
    pause(office)
    office.spend(85)
    assert office.watch() == {"raised": 2, "told": 3}
    ((to, letter),) = box.letters
    body = letter.get_content()
    assert to == ["bureau@essai.example"] and letter["Subject"] == "Jɛkulu : 2 alarmes / 2 alarms"
    assert "La passerelle orange est en pause." in body and "The gateway orange is paused." in body
    assert "85 %" in body and "https://sms.example.org/admin/" in body
    assert "70000041" not in body and "Plus de crédit" not in body
    office.later(11)
    assert office.watch() == {} and len(box.letters) == 1
    pause(office, "malitel")
    assert office.watch() == {"raised": 1, "told": 1}  # no SMS has a way now: the e-mail alone
    assert "malitel" in box.letters[1][1].get_content()


def test_a_dead_mail_server_holds_up_nothing_and_is_tried_again(office: Office) -> None:
    office.here = quick(
        office, smtp=MailServer("127.0.0.1", free_port()), alarm_from="j@essai.example", alarm_to=("b@essai.example",)
    )
    pause(office)
    assert office.watch() == {"raised": 1, "told": 2}
    box = Box()
    running = Controller(box, hostname="127.0.0.1", port=free_port())
    running.start()
    try:
        office.here = quick(office, smtp=MailServer("127.0.0.1", running.port))
        office.later(4)
        assert office.watch() == {}
        office.later(1)
        assert office.watch() == {"told": 1}
    finally:
        running.stop()
    assert len(box.letters) == 1


def test_no_transaction_is_open_while_an_e_mail_leaves(office: Office, monkeypatch) -> None:
    office.here = quick(office, smtp=MailServer("127.0.0.1", 9), alarm_from="j@e.example", alarm_to=("b@e.example",))
    written = []

    def send(_server: MailServer, _letter: object) -> None:
        with office.here.db.write(hasty=True) as session:
            session.execute(sa.update(Gateway).values(ease=0.5))
        assert office.here.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        written.append(1)

    monkeypatch.setattr(mail, "send", send)
    pause(office)
    office.watch()
    assert written
