"""Phones are sealed and found again; consent is noted, withdrawn, and never opened again by old evidence."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging import people
from messaging.database import keys_of
from messaging.models import Consent, Member, Phone, Place, Programme
from messaging.models.people import Purpose, Way
from messaging.models.place import Level
from messaging.people import Evidence
from tests.messaging.registers import make_programme

NUMBER = "+22376000001"


def test_a_number_is_stored_sealed_and_once(db, now):
    with db.write() as session:
        first, second = (people.add_phone(session, NUMBER, now) for _ in range(2))
        assert first.id == second.id
        assert people.find_phone(session, "+22376000002") is None

    with db.read() as session:
        row = people.find_phone(session, NUMBER)
        assert (row.last_two, row.prefix) == ("01", "+22376")
        assert keys_of(session).open(row.sealed) == NUMBER
        stored = session.execute(sa.text("SELECT * FROM phone")).one()
        assert not any("76000001" in str(value) for value in stored)


def test_many_numbers_at_once(db, now):
    numbers = [f"+2237600{place:04}" for place in range(2_500)]
    with db.write() as session:
        known = people.add_phone(session, numbers[7], now).id
        ids = people.add_phones(session, numbers + numbers[:5], now)

        assert ids[numbers[7]] == known
        assert len(set(ids.values())) == len(numbers)
        assert people.find_phones(session, [*numbers[:3], "+22377999999"]) == {n: ids[n] for n in numbers[:3]}


PREFIXES = [("Mali", NUMBER, "+22376"), ("France", "+33612345678", "+3361"), ("Canada", "+15142345678", "+151")]


@pytest.mark.parametrize("case", PREFIXES, ids=[row[0] for row in PREFIXES])
def test_the_range_of_the_operator(db, now, case):
    _label, number, prefix = case
    with db.write() as session:
        assert people.add_phone(session, number, now).prefix == prefix


@pytest.fixture
def member(db, now):
    make_programme(db, now)
    with db.write() as session:
        programme = session.scalars(sa.select(Programme)).one()
        village = Place(level=Level.VILLAGE, name="V", folded="v", sms_name="V", languages=[])
        session.add(village)
        session.flush()
        row = Member(programme_id=programme.id, code="P1", village_id=village.id, language="fr", created_at=now)
        session.add(row)
        session.flush()
        return programme.id, row.id


def agreed(session) -> list[int]:
    return list(session.scalars(people.agreed(Purpose.MESSAGES)))


def test_consent_is_given_once_withdrawn_and_given_anew(db, now, member):
    programme_id, ident = member
    evidence = Evidence("v1", "bm", Way.ORAL, now - timedelta(days=5), "animatrice", "K")
    with db.write() as session:
        assert people.give(session, programme_id, Purpose.MESSAGES, evidence, member_id=ident)
        assert not people.give(session, programme_id, Purpose.MESSAGES, evidence, member_id=ident)
        assert agreed(session) == [ident]
        assert people.withdraw(session, now, member_id=ident) == 1
        assert agreed(session) == []

        assert not people.give(session, programme_id, Purpose.MESSAGES, evidence, member_id=ident)
        assert agreed(session) == []

        anew = Evidence("v1", "bm", Way.SMS, now + timedelta(days=1))
        assert people.give(session, programme_id, Purpose.MESSAGES, anew, member_id=ident)
        assert agreed(session) == [ident]


def test_one_purpose_is_withdrawn_alone(db, now, member):
    programme_id, ident = member
    evidence = Evidence("v1", "bm", Way.PAPER, now, "animatrice")
    with db.write() as session:
        for purpose in (Purpose.MESSAGES, Purpose.EVALUATION):
            people.give(session, programme_id, purpose, evidence, member_id=ident)
        assert people.withdraw(session, now, purpose=Purpose.EVALUATION, member_id=ident) == 1
        assert agreed(session) == [ident]


def test_a_refusal_holds_the_phone_alone_and_ends_what_it_agreed_to(db, now, member):
    programme_id, _ident = member
    with db.write() as session:
        phone = people.add_phone(session, NUMBER, now).id
        people.give(session, programme_id, Purpose.MESSAGES, Evidence("sms-1", "fr", Way.SMS, now), phone_id=phone)
        people.refuse(
            session, programme_id, Purpose.MESSAGES, Evidence("sms-1", "fr", Way.SMS, now + timedelta(days=1)), phone
        )

    with db.read() as session:
        rows = session.scalars(sa.select(Consent).order_by(Consent.id)).all()
        assert [(r.granted, r.withdrawn_at is not None, r.member_id) for r in rows] == [
            (True, True, None),
            (False, False, None),
        ]
        assert session.scalar(sa.select(sa.func.count()).select_from(Phone)) == 1
