"""Scenario 18: a mother who does not read, on her husband's phone and enrolled « group only », is reached by her club.

Nothing personal comes to that phone; the club gets the words for the family, by SMS and on its sheet, and she counts
when the club reports that it met.
"""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from campaigns.clubs.month import sheets
from campaigns.clubs.reach import Heads, Reach, reached
from campaigns.definitions import Definition
from messaging.models import Club, Household, Member, MemberPhone, Message, Programme
from messaging.models.people import ClubKind, Ownership, Route, Sex
from tests.script import Script
from tests.world import World, hygiene

NUMBERS = {"mari": "+22370000003", "fanta": "+22370000009"}
WEEK = (date(2026, 3, 27), date(2026, 4, 3))
CLUB = "Familles: des 6 mois, bouillie epaisse 2 a 3 fois par jour. Le sein continue."
FAMILY = "Familles : dès 6 mois, bouillie épaisse 2 à 3 fois par jour. Le sein continue."
SIX = Definition.model_validate({
    "campaign": "aje-essai", "title": {"fr": "De six mois"}, "topic": "iycf", "pillar": "social",
    "steps": [{
        "step": "six-mois", "kind": "message", "when": {"child_month": 6}, "hour": "16:30", "useful": "7d",
        "personal": "child_age", "facts": ["CF1", "CF2"], "facts_checked": "2026-03-01", "one_act": True,
        "texts": {"fr": {
            "sms": "Bebe de 6 mois: bouillie epaisse 2 a 3 fois par jour. Le sein continue.",
            "club": CLUB, "read_aloud": "Dès six mois, la bouillie épaisse, et le sein continue.",
            "officials": {"club": FAMILY},
        }},
    }],
})  # fmt: skip
HIS = "Lavez les mains au savon ou a la cendre."
THE_WEEK = f"""
    @ 2026-03-27 08:00
    @ 2026-03-31 17:30
    mari < {HIS}
    @ 2026-04-01 16:30
    fanta < {CLUB}
    @ 2026-04-02 18:00
    mari <
    fanta <
"""
REPORT = """
    fanta > PRES F11 H0 T11
    fanta < OK 1041 02/04 F11 H0 T11. Erreur? CORR 1041 F.. H.. T..
    mari <
"""


@pytest.fixture
def script(installation, world: World) -> Script:
    """He is a member too and gets what anybody may read; she has a child of six months, and meets on Thursdays."""
    club = world.club("1041", ClubKind.IYCF, NUMBERS["fanta"])
    he = world.member(NUMBERS["mari"], sex=Sex.M)
    she = world.member(NUMBERS["mari"], child_born=date(2025, 9, 1), club="1041", route=Route.GROUP)
    with world.db.write() as session:
        home = Household(programme_id=world.programme_id, code="H1", village_id=world.village_id)
        session.add(home)
        session.flush()
        session.get_one(MemberPhone, (she, world.phones[NUMBERS["mari"]])).ownership = Ownership.SPOUSE
        session.get_one(Member, she).literacy = "nobody"
        for ident in (he, she):
            session.get_one(Member, ident).household_id = home.id
        session.get_one(Club, club).meets_weekday = 3
    world.campaign(hygiene(when={"date": "2026-03-31"}))
    world.campaign(SIX)
    return Script(installation, NUMBERS, world.now)


def test_she_is_reached_by_her_club_and_never_on_his_phone(script: Script, world: World) -> None:
    assert FAMILY in read_aloud(world)  # on the sheet before the month begins
    script.play(THE_WEEK)
    assert counted(world) == Reach(1, 1, 0, 0, 1, 0, 0, Heads())
    script.play(REPORT)
    assert counted(world) == Reach(1, 1, 1, 0, 1, 0, 1, Heads(women=11, men=0, total=11))
    with world.db.read() as session:
        query = sa.select(Message.phone_id, Message.personal, Message.use_club).where(Message.step_id != 0)
        sent = [tuple(row) for row in session.execute(query.order_by(Message.id))]
        his, hers = world.phones[NUMBERS["mari"]], world.phones[NUMBERS["fanta"]]
        assert sent == [(his, False, False), (hers, False, True)]
    with world.db.write() as session:  # had he no phone in the programme, their household would count by the club
        session.execute(sa.update(Member).where(Member.route == Route.PHONE).values(route=Route.GROUP))
    assert counted(world) == Reach(1, 0, 1, 0, 0, 1, 1, Heads(women=11, men=0, total=11))


def read_aloud(world: World) -> list[str]:
    """What the club's sheet of April has its facilitator read."""
    with world.db.read() as session:
        programme, club = session.get_one(Programme, world.programme_id), session.get_one(Club, world.clubs["1041"])
        [sheet] = sheets(session, programme, [club], date(2026, 4, 1), world.now)
        return [reading.passage.french for meeting in sheet.meetings for reading in meeting.readings]


def counted(world: World) -> Reach:
    with world.db.read() as session:
        return reached(session, session.get_one(Programme, world.programme_id), *WEEK)
