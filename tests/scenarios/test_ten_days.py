"""Ten days without any network: afterwards one message of catch-up a phone, and each report stands on its own day.

Clubs that meet each week, a tip a day and a call to the clubs; the network is down from 15 to 25 March 2026. People go
on writing; what they wrote comes in when the network is back, out of order, some of it twice.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import blackout, planner, simulation
from campaigns.blackout import dated, held_up
from campaigns.definitions import Definition
from campaigns.fieldwork import Writes
from campaigns.models import Attendance, Campaign, ClubSession
from messaging import outages, sender
from messaging.codes import make
from messaging.engines import pulse
from messaging.gateways.simulator import Outage
from messaging.installation import Installation
from messaging.models import Cap, Club, Inbound, Mark, Message, Phone
from messaging.models.post import Kind
from tests.world import World, hygiene

START = datetime(2026, 3, 14, tzinfo=UTC)
CUT = blackout.of_all(datetime(2026, 3, 15, tzinfo=UTC), 10)
DAYS = 12
AFTER = CUT.until + timedelta(hours=6), CUT.until + timedelta(hours=20)  # the day of the return
CLUBS, WOMEN = 7, 14
TIP = "Lavez les mains au savon ou a la cendre."
REPORT = re.compile(r"(?:PRES|ECOUTE) (\d{4}) (\d\d)/03 F(\d+) H(\d+)(?: T\d+)?")


def campaign(code: str, useful: str, hour: str, **step: object) -> Definition:
    """A message a day."""
    every = {"weekly": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    made = hygiene(when=every, hour=hour, useful=useful, **step)
    return Definition.model_validate(made.model_dump(mode="json") | {"campaign": code})


@pytest.fixture
def village(installation: Installation) -> World:
    """A small demonstration: women with a tip and a weather message a day, clubs with a call a day."""
    world = World(installation.db, START).programme("essai", demonstration=True)
    with world.db.write() as session:
        session.merge(Cap(kind="campaign", per_day=3))
    for place in range(CLUBS):
        code = make(104 + place)
        world.club(code, facilitator=f"+2237600{place:04d}")
        with world.db.write() as session:
            session.get_one(Club, world.clubs[code]).meets_weekday = place % 7
    world.crowd(WOMEN)
    world.campaign(campaign("conseil", "4d", "17:00"))
    world.campaign(campaign("pluie", "20h", "10:00"))
    world.campaign(campaign("appel", "3d", "11:00", audience={"role": "club"}, send_as="service"))
    return world


def test_ten_days_without_a_network(installation: Installation, village: World) -> None:
    """PostgreSQL, where the same code costs more time, lives through three of them."""
    is_whole = village.db.engine.dialect.name == "sqlite"
    cut = CUT if is_whole else blackout.of_all(CUT.since, 3)
    simulation.simulate(installation, START, DAYS if is_whole else 5, "1", outage=cut)
    nothing_came_through(installation, cut)
    one_message_a_phone_made_up_for_it(village, cut)
    if is_whole:
        life_went_on(village)
        each_report_stands_on_its_own_day(village)


def nothing_came_through(here: Installation, cut: Outage) -> None:
    assert not [at for *_, at in here.adapters.book.sent() if cut.since <= at < cut.until]
    with here.db.read() as session:
        assert not session.scalar(
            sa.select(sa.func.count()).where(Inbound.received_at >= cut.since, Inbound.received_at < cut.until)
        )


def one_message_a_phone_made_up_for_it(village: World, cut: Outage) -> None:
    """Of each phone the freshest that is of use: the tip of the last evening, the call of the last morning."""
    query = sa.select(Message).where(
        Message.kind != Kind.REPLY, Message.due_at >= cut.since, Message.due_at < cut.until
    )
    with village.db.read() as session:
        rows = session.scalars(query).all()
        stopped = set(session.scalars(sa.select(Phone.id).where(Phone.opted_out_at.is_not(None))))
    left = Counter(row.phone_id for row in rows if row.handed_over_at is not None)
    assert set(left.values()) == {1}
    assert len(left) >= len(village.phones) - len(stopped)
    freshest = (cut.until - timedelta(days=1)).date()
    assert {row.due_at.date() for row in rows if row.handed_over_at is not None} == {freshest}
    why = Counter(row.reason for row in rows if row.handed_over_at is None)
    assert set(why) <= {"stale", "caught_up", "opted_out"}
    assert why["stale"] and why["caught_up"] >= len(village.phones), why


def life_went_on(village: World) -> None:
    """What became due after the return left on its day."""
    with village.db.read() as session:
        rows = session.scalars(
            sa.select(Message).where(Message.kind != Kind.REPLY, Message.due_at.between(*AFTER))
        ).all()
        replies = session.execute(
            sa.select(Message.phone_id, sa.func.count())
            .where(Message.kind == Kind.REPLY, Message.handed_over_at >= CUT.until)
            .where(Message.handed_over_at < CUT.until + timedelta(hours=9))
            .group_by(Message.phone_id)
        ).all()
    assert rows and all(row.handed_over_at is not None for row in rows if row.reason != "opted_out")
    assert all(row.handed_over_at.date() == row.due_at.date() for row in rows if row.handed_over_at is not None)
    assert max(count for _, count in replies) <= 4, "three single replies, then one summary"


def each_report_stands_on_its_own_day(village: World) -> None:
    """Counted anew from the raw SMS, by what they say alone."""
    with village.db.read() as session:
        came = session.execute(
            sa.select(Inbound.text, Inbound.received_at, Inbound.dedupe_key)
            .where(Inbound.received_at >= CUT.until, Inbound.dedupe_key.startswith("sim-field"))
            .order_by(Inbound.received_at)
        ).all()
        stored = {
            (code, day): women
            for code, day, women in session.execute(
                sa.select(Club.code, ClubSession.held_on, Attendance.women)
                .join(ClubSession, ClubSession.club_id == Club.id)
                .join(Attendance)
                .where(Attendance.state == "confirmed")
            )
        }
    told = [(match, row) for row in came if (match := REPORT.fullmatch(row.text))]
    late = [(match[1], date(2026, 3, int(match[2])), int(match[3])) for match, _ in told]
    late = [one for one in late if CUT.since.date() <= one[1] < CUT.until.date()]
    assert len(set(late)) >= CLUBS // 2
    assert {(code, day): women for code, day, women in late} == {
        (code, day): stored.get((code, day)) for code, day, _ in late
    }
    assert [day for _, day, _ in late] != sorted(day for _, day, _ in late), "out of order"
    assert any(row.dedupe_key.endswith("-again") for row in came), "some of it twice"


def test_a_server_that_was_off_for_ten_days(installation: Installation, village: World) -> None:
    """The planner looks back three days, and of what it finds one message a phone leaves; what is new goes on."""
    back = CUT.until + timedelta(hours=9)
    with village.db.write() as session:
        session.merge(Mark(name=pulse.ENGINE, value=CUT.since.isoformat()))
        session.execute(sa.update(Campaign).values(started_at=CUT.since))
    outages.note_silence(village.db, back)
    for hour in range(12):
        now = back + timedelta(hours=hour)
        planner.plan(village.db, now, timedelta(minutes=15))
        while sender.send_due(installation, now).get("claimed"):
            pass
    with village.db.read() as session:
        rows = session.scalars(sa.select(Message)).all()
    left = [row for row in rows if row.handed_over_at is not None]
    late = Counter(row.phone_id for row in left if row.due_at < back)
    assert set(late.values()) == {1}
    assert len(late) == len(village.phones)
    assert Counter(row.due_at.hour for row in left if row.due_at >= back) == {10: WOMEN, 11: CLUBS, 17: WOMEN}


ROWS = [
    ("as the card has it", "PRES 1041 F12 H8 T20", "PRES 1041 17/03 F12 H8 T20"),
    ("with its episode", "ECOUTE 1041 E12 F12 H8", "ECOUTE 1041 E12 17/03 F12 H8"),
    ("another day named", "PRES 1041 le 16/03 F12 H8", "PRES 1041 17/03 F12 H8"),
    ("yesterday", "PRES 1041 hier F12 H8", "PRES 1041 17/03 F12 H8"),
    ("a weekday", "ECOUTE 1041 E3 mardi pas capte", "ECOUTE 1041 E3 17/03 pas capte"),
    ("close together", "PRES 1041F12H8T20", "PRES 1041 17/03 F12H8T20"),
    ("letters for figures", "PRES 1O41 F2O H8 T28", "PRES 1O41 17/03 F2O H8 T28"),
    ("called off", "PRES 1041 annule", "PRES 1041 17/03 annule"),
    ("no report", "merci", "merci"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_late_report_names_its_day(text: str, expected: str) -> None:
    assert dated(text, date(2026, 3, 17)) == expected


def test_what_is_written_outside_of_the_outage_comes_as_ever() -> None:
    for at in (CUT.since - timedelta(minutes=1), CUT.until):
        writes = Writes(at, "sim-field-1-2026-03-14-0", 1, "PRES 1041 F12 H8")
        assert list(held_up(writes, CUT, "1")) == [writes]


def test_what_answers_a_reply_that_never_came_is_not_written() -> None:
    writes = Writes(CUT.since, "sim-field-1-2026-03-15-1", 1, "H8")
    assert list(held_up(writes, CUT, "1")) == []
