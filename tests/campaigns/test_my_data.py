"""MES INFOS tells what is held, in one SMS that anyone may read; EFFACER closes at once and erases the night after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import retention
from campaigns.conversation import my_data
from campaigns.models import Attendance, ClubSession, Decision, Enrolment, Feedback, Value
from messaging import people
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import ClubMember, Member, MemberPhone, Message, Pending, Phone
from messaging.models.people import LifeStage, Ownership, Route, Sex
from messaging.models.post import State
from messaging.rules import Reason
from tests.script import Script
from tests.world import CODES, World, hygiene

NUMBERS = {"awa": "+22370000001", "binta": "+22370000002"}
TODAY = date(2026, 3, 12)


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    world.club("1041")
    return Script(installation, NUMBERS, world.now)


def told(script: Script, who: str = "awa", text: str = "MES INFOS") -> str:
    script.write(who, text)
    return script.sent(NUMBERS[who])[-1]


def member(world: World, ident: int, **values: Any) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Member).where(Member.id == ident).values(**values))


BANDS = {
    # age band, year of birth; what an SMS says
    "a band": ("25-49", None, "25-49"),
    "a band before a year": ("18plus", 1950, "18+"),
    "fifty and over": ("50plus", None, "50+"),
    "under 18": ("under18", None, "-18"),
    "a year alone": (None, 1996, "25-49"),
    "a year of the young": (None, 2006, "18-24"),
    "a year of the old": (None, 1960, "50+"),
    "nothing": (None, None, "?"),
}


@pytest.mark.parametrize("case", BANDS)
def test_the_age_band(case: str) -> None:
    band, year, says = BANDS[case]
    assert my_data.band(Member(age_band=band, birth_year=year), TODAY) == says


def test_group_language_sex_and_age_band_are_told_and_nothing_else(script: Script, world: World) -> None:
    ident = world.member(
        NUMBERS["awa"], club="1041", life_stage=LifeStage.PREGNANT, child_born=date(2025, 11, 1), language="bm"
    )
    member(world, ident, first_name="Awa", age_band="25-49", safe_hours="soir")
    says = told(script)
    assert says == "Nous gardons: club 1041, langue bambara, sexe F, age 25-49. Tout effacer: EFFACER"


def test_a_member_of_many_clubs_is_told_in_one_sms(script: Script, world: World) -> None:
    ident = world.member(NUMBERS["awa"], sex=Sex.UNKNOWN)
    for code in (*CODES[1:], "4088", "5076", "6097", "7011", "8019"):
        club = world.club(code)
        with world.db.write() as session:
            session.add(ClubMember(club_id=club, member_id=ident))
    says = told(script)
    assert measure(says).segments == 1
    assert "sexe ?" in says


def test_a_shared_phone_tells_only_how_many_it_reaches(script: Script, world: World) -> None:
    world.member(NUMBERS["awa"], club="1041")
    world.member(NUMBERS["awa"], sex=Sex.M)
    assert told(script) == "Personnes inscrites avec ce telephone: 2. Tout effacer pour ce telephone: EFFACER"
    assert told(script, text="EFFACER") == ("Effacer les donnees des 2 personnes de ce telephone? Repondez OUI ou NON")


def test_a_husband_is_not_told_of_her_who_chose_the_club(script: Script, world: World) -> None:
    ident = world.member(NUMBERS["awa"], club="1041", route=Route.GROUP)
    with world.db.write() as session:
        session.get_one(MemberPhone, (ident, world.phones[NUMBERS["awa"]])).ownership = Ownership.SPOUSE
    assert told(script) == "Personnes inscrites avec ce telephone: 1. Tout effacer pour ce telephone: EFFACER"


def test_effacer_closes_the_phone_in_the_same_transaction_and_all_that_waits(script: Script, world: World) -> None:
    world.member(NUMBERS["awa"])
    world.campaign(hygiene(when={"date": "2026-03-13"}, hour="08:00"))
    script.now += timedelta(hours=14, minutes=20)
    script.turn()  # the message of the morning waits in the outbox
    assert told(script, text="EFFACER") == "Effacer toutes vos donnees? Repondez OUI ou NON"
    assert told(script, text="oui") == "C'est fait: vos donnees seront effacees sous 30 jours."
    with world.db.read() as session:
        phone = session.get_one(Phone, world.phones[NUMBERS["awa"]])
        waiting = session.scalars(sa.select(Message).where(Message.step_id != 0)).all()
        assert (phone.opted_out_at, phone.erase_asked_at, phone.erased_at) == (script.now, script.now, None)
        assert [(row.state, row.reason) for row in waiting] == [(State.CLOSED, Reason.OPTED_OUT.value)]
        assert session.scalars(sa.select(Pending)).all() == []


@pytest.mark.parametrize("said", ["non", "ayi", "peut-etre", "1"])
def test_without_a_yes_nothing_is_erased(installation: Installation, script: Script, world: World, said: str) -> None:
    world.member(NUMBERS["awa"])
    script.write("awa", "EFFACER")
    script.write("awa", said)
    retention.keep(installation, world.now + timedelta(days=40))
    with world.db.read() as session:
        phone = session.get_one(Phone, world.phones[NUMBERS["awa"]])
        assert (phone.opted_out_at, phone.erase_asked_at, bool(phone.sealed)) == (None, None, True)


def test_counts_outlive_who_reported_them_and_words_do_not(
    installation: Installation, script: Script, world: World
) -> None:
    phone, club = world.phone(NUMBERS["awa"]), world.clubs["1041"]
    ident = world.member(NUMBERS["awa"])
    script.write("awa", "merci")
    with world.db.write() as session:
        held = ClubSession(programme_id=world.programme_id, kind="club", club_id=club, held_on=TODAY)
        session.add_all([held, Enrolment(campaign_id=campaign(world), member_id=ident, anchor_on=TODAY)])
        session.flush()
        session.add_all(
            [
                Attendance(
                    club_session_id=held.id, intent="attendance", women=12, men=8, total=20, note="Moussa, 70 00 00 01",
                    question="et le sel?", phone_id=phone, received_at=world.now,
                ),
                Decision(
                    programme_id=world.programme_id, club_id=club, day=TODAY, text="appeler 70 00 00 01", phone_id=phone
                ),
                Value(
                    programme_id=world.programme_id, kind="pest", value=1, unit="", day=TODAY, phone_id=phone,
                    text="chenilles, 70000001",
                ),
            ]
        )  # fmt: skip
        session.get_one(Phone, phone).erase_asked_at = world.now
        session.execute(sa.update(Feedback).values(answer="Bonjour Awa"))
    retention.keep(installation, world.now + timedelta(days=1))
    with world.db.read() as session:
        report = session.scalars(sa.select(Attendance)).one()
        assert (report.women, report.men, report.note, report.question) == (12, 8, None, None)
        assert session.scalars(sa.select(Decision.text)).one() == ""
        assert session.execute(sa.select(Value.kind, Value.text)).one() == ("pest", None)
        assert session.scalars(sa.select(Feedback.answer)).all() == [None]
        assert session.scalars(sa.select(Enrolment.ended_at)).one() is not None


def campaign(world: World) -> int:
    return world.campaign(hygiene(), start=False)


def test_who_comes_back_before_the_night_comes_back_as_nobody(
    installation: Installation, script: Script, world: World
) -> None:
    ident = world.member(NUMBERS["awa"], club="1041")
    member(world, ident, first_name="Awa")
    for text in ("EFFACER", "oui", "REPRENDRE", "oui"):
        script.write("awa", text)
    assert script.sent(NUMBERS["awa"])[-1].startswith("Merci, c'est note. Pour recevoir les messages: JOIN")
    with world.db.read() as session:
        phone = session.get_one(Phone, world.phones[NUMBERS["awa"]])
        assert (phone.opted_out_at, phone.erase_asked_at) == (None, None)
        assert session.get_one(Member, ident).first_name is None
    retention.keep(installation, world.now + timedelta(days=1))
    with world.db.read() as session:
        assert people.find_phone(session, NUMBERS["awa"]).sealed  # type: ignore[union-attr]
