"""What must never slip by: words beside a command, a second copy, a question after STOP, a note in the wrong place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import cases, erasure, retention, sorting
from campaigns.models import Attendance, Decision, Feedback
from messaging import inbox, outbox, quarantine
from messaging.gateways.protocol import Arrival
from messaging.installation import Installation
from messaging.models import (
    FacilitatorClub,
    Gateway,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Phone,
    Programme,
    Staff,
)
from messaging.models.people import MemberStatus, Ownership, Quarantine
from messaging.models.post import State
from tests.script import Script
from tests.traces import traces
from tests.world import World

AWA, OTHER, FANTA = "+22370000001", "+22370000002", "+22370000009"
NUMBERS = {"awa": AWA, "other": OTHER, "fanta": FANTA}
NOW = datetime(2026, 3, 12, tzinfo=UTC)
FRAUD = "l'agent demande de l'argent pour la liste"


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    world.club("1041", facilitator=FANTA)
    world.member(AWA, club="1041")
    return Script(installation, NUMBERS, world.now)


def last(world: World) -> Inbound:
    with world.db.read() as session:
        return session.scalars(sa.select(Inbound).order_by(Inbound.id.desc()).limit(1)).one()


def listed(world: World, box: str) -> list[int]:
    """The SMS that stand in a list, found as its page finds them."""
    with world.db.read() as session:
        return list(session.scalars(sa.select(Inbound.id).where(sorting.boxed(box))))


BESIDE = [
    # who, what she writes, the category it is filed under, the reply
    ("awa", f"FICHE 12 {FRAUD}", "fraud", "tip.none"),
    ("awa", f"je ne veux plus recevoir vos messages, {FRAUD}", "fraud", "stop.done"),
    ("fanta", f"PRIX {FRAUD}", "fraud", "sens.ack"),
    ("fanta", "CAISSE il y a eu des tirs", "security", "sens.not_emergency"),
    ("fanta", "RAVAGEUR attaque", None, "fb.ack"),
    ("fanta", "PRES 1041 annule, insecurite", "security", "att.cancelled"),
    ("fanta", "PRES 1041 F12 H8 T20 insecurite alimentaire", None, "att.ok"),
]


@pytest.mark.parametrize(("who", "text", "category", "reply"), BESIDE, ids=[row[1][:40] for row in BESIDE])
def test_sensitive_words_behind_a_keyword_reach_their_focal_points(
    script: Script, world: World, who: str, text: str, category: str | None, reply: str
) -> None:
    script.write(who, text)
    sms = last(world)
    assert (sms.category if category else sms.maybe_sensitive, sms.replied) == (category or False, reply)
    assert listed(world, "sensitive") == ([sms.id] if category else [])


def test_unscreened_words_beside_a_command_stand_in_the_officers_list(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Member).values(language="bm"))
    script.write("awa", "AIDE ne ye wari de nyini an fe")
    assert listed(world, "doubtful") == [last(world).id]


def test_a_second_copy_of_a_sensitive_sms_stands_in_no_list(script: Script, world: World) -> None:
    with world.db.write() as session:
        gateway = session.get_one(Gateway, 1)
        for key, seconds in (("a", 0), ("b", 5)):
            at = world.now + timedelta(seconds=seconds)
            inbox.store(session, gateway, Arrival(key, AWA, FRAUD, at, key, gateway_at=at, may_repeat=True))
    script.now += timedelta(minutes=1)
    script.turn()
    assert last(world).twin_of is not None
    assert not [box for box in (*sorting.ORDINARY, "doubtful") if last(world).id in listed(world, box)]
    with world.db.write() as session:
        case = session.scalars(sa.select(Feedback)).one()
        erasure.forget(session, [case.phone_id], [case.inbound_id])
    assert last(world).text == ""


def test_a_note_stays_with_the_sms_that_brought_it(script: Script, world: World) -> None:
    second = world.club("1055")
    with world.db.write() as session:
        leads = session.scalars(sa.select(FacilitatorClub)).one().facilitator_id
        session.add(FacilitatorClub(facilitator_id=leads, club_id=second))
    script.write("fanta", f"PRES F12 H8 T20 {FRAUD}")
    script.write("fanta", "1041")
    answer = last(world)
    assert (answer.replied, FRAUD in str(answer.readings)) == ("att.ok", False)
    with world.db.read() as session:
        report = session.scalars(sa.select(Attendance)).one()
    assert (report.note, report.sensitive, report.inbound_id) == (FRAUD, True, answer.id - 1)


def test_after_stop_nobody_is_asked_whether_she_is_satisfied(script: Script, world: World) -> None:
    script.write("awa", "PLAINTE la radio est trop tard")
    with world.db.write() as session:
        case, programme = session.scalars(sa.select(Feedback)).one(), session.get_one(Programme, world.programme_id)
        assert cases.answer(session, case, "L'emission passe a 18 h.", "fr", programme, account(session), script.now)
    script.now += timedelta(seconds=10)
    script.write("awa", "STOP")
    script.now += timedelta(minutes=2)
    script.turn()
    said = script.sent(AWA)
    assert any(one.startswith("C'est fait. Plus de messages.") for one in said), "in any order: they leave at once"
    assert not [one for one in said if "satisfait" in one]


def test_who_is_on_duty_and_says_stop_is_called_no_more(world: World) -> None:
    phone = world.phone(AWA)
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        more: dict[str, Any] = {"due_at": world.now, "useful_until": world.now + timedelta(hours=1)}
        for occurrence in (f"{outbox.DUTY}1", "reply:1"):
            outbox.put(
                session, outbox.reply(session, programme, "x", "fr", occurrence=occurrence, **more), phone, world.now
            )
        inbox.opt_out(session, session.get_one(Phone, phone), "sms", world.now)
    with world.db.read() as session:
        states = dict(session.execute(sa.select(Message.occurrence, Message.state)).all())
    assert states == {f"{outbox.DUTY}1": State.CLOSED, "reply:1": State.WAITING}


def test_a_closed_security_case_keeps_no_note(script: Script, world: World) -> None:
    script.write("fanta", "PRES 1041 F12 H8 T20 des tirs au marche")
    with world.db.write() as session:
        case, who = session.scalars(sa.select(Feedback)).one(), account(session)
        cases.phoned(session, case, "", who, script.now)
        cases.close(session, case, who, script.now)
    sms = last(world)
    with world.db.read() as session:
        report = session.scalars(sa.select(Attendance)).one()
    assert (sms.text, "tirs" in str(sms.readings), report.note, report.total) == ("", False, None, 20)


def test_half_a_year_after_its_case_a_note_goes_though_the_sms_went_before(script: Script, world: World) -> None:
    script.write("fanta", f"PRES 1041 F12 H8 T20 {FRAUD}")
    with world.db.write() as session:
        session.execute(sa.update(Inbound).values(text=""))  # its 24 months were over first
        session.execute(sa.update(Feedback).values(closed_at=script.now))
    with world.db.write() as session:
        later = script.now + timedelta(days=190)
        assert (retention.sensitive(session, later, 10), retention.sensitive(session, later, 10)) == (1, 0)
    with world.db.read() as session:
        assert session.scalars(sa.select(Attendance.note)).one() is None
    assert FRAUD not in str(last(world).readings)


def test_effacer_takes_the_words_of_decisions(installation: Installation, world: World) -> None:
    club, phone = world.club("1041", facilitator=FANTA), world.phones[FANTA]
    kept: dict[str, Any] = {
        "programme_id": world.programme_id,
        "club_id": club,
        "day": date(2026, 3, 12),
        "phone_id": phone,
    }
    with world.db.write() as session:
        session.add(Decision(text="on creuse dix fosses", sensitive=False, **kept))
        session.add(Decision(text=FRAUD, sensitive=True, **kept))
    with world.db.write() as session:
        erasure.erase(session, session.get_one(Phone, phone), world.now)
    installation.db.scrub(["decision"])
    assert traces(installation, FANTA, FRAUD, "dix fosses") == []
    with world.db.read() as session:
        assert list(session.scalars(sa.select(Decision.text))) == ["", ""], "that there was one stays"


def test_effacer_on_her_own_phone_takes_her_also_from_the_phone_of_her_husband(world: World) -> None:
    awa, husband = world.member(AWA), world.phone(OTHER)
    with world.db.write() as session:
        session.add(MemberPhone(member_id=awa, phone_id=husband, ownership=Ownership.SPOUSE))
        session.get_one(Member, awa).first_name = "Awa"
    with world.db.write() as session:
        gone = erasure.erase(session, session.get_one(Phone, world.phones[AWA]), world.now)
    with world.db.read() as session:
        member = session.get_one(Member, awa)
        assert (gone.members, member.first_name, member.status) == ((awa,), None, MemberStatus.LEFT)
        assert session.scalars(sa.select(MemberPhone)).all() == []
        assert session.get_one(Phone, husband).opted_out_at is None


def test_a_wish_to_be_erased_follows_to_the_new_sim(world: World) -> None:
    world.member(AWA)
    old, new = world.phones[AWA], world.phone(OTHER)
    with world.db.write() as session:
        row = session.get_one(Phone, old)
        row.erase_asked_at, row.quarantine = world.now, Quarantine.LOST
        inbox.opt_out(session, row, "sms", world.now)
    with world.db.write() as session:
        assert quarantine.move(session, old, session.get_one(Phone, new), world.now)
    with world.db.read() as session:
        assert session.get_one(Phone, new).erase_asked_at == world.now


def account(session: Any) -> int:
    row = Staff(email="fanta@essai.example", name="Fanta", created_at=NOW, password="-", fs_uniquifier="f")
    session.add(row)
    session.flush()
    return row.id
