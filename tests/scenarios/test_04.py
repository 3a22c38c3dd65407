"""Scenario 4: a market every five days since 9 April 2014, a price bulletin set « evening before market ».

After 12 March 2026, 17:30, the next ten leave on the dates of the page on the domain, section 7, in the first open
minute after 17:00: in Kita through Ramadan and around Korité, which is no eve of a market that year.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.definitions import Definition
from campaigns.models import Value
from messaging import rhythm, sender
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation
from messaging.models import Gateway, Programme
from messaging.rhythm import Row
from tests.world import World, hygiene

FIRST, LAST = datetime(2026, 3, 12, 17, 30, tzinfo=UTC), date(2026, 5, 2)
AWA = "+22370000001"
TEN = ["03-16", "03-21", "03-26", "03-31", "04-05", "04-10", "04-15", "04-20", "04-25", "04-30"]
HOURS = [time(8), time(16, 50), time(17), time(17, 15), time(20, 30), time(20, 50)]
BULLETIN = "Prix du {date}: MAIS {price_mais} FCFA le kg."


@pytest.fixture
def kita(installation: Installation) -> World:
    """A programme in Kita with one club at that market, a member of it, and an adviser who reports prices."""
    world = World(installation.db, FIRST).programme(always_open=False)
    with world.db.write() as session:
        rhythm.seed(session, session.get_one(Programme, world.programme_id), "kita")
        gateway = session.scalars(sa.select(Gateway)).one()
    installation.adapters.put(gateway, Simulator(installation.adapters.book, lambda: world.now, Weather()))
    world.club("1041", facilitator="+22376000041")
    world.member(AWA, club="1041")
    made = hygiene(step="prix-veille", kind="bulletin", when={"market": "eve"}, hour=None, useful="20h",
                   audience={"clubs": ["1041"]}, facts=[],
                   texts={"fr": {"sms": BULLETIN, "read_aloud": "Voici les prix."}})  # fmt: skip
    world.campaign(Definition.model_validate(made.model_dump(mode="json", exclude_none=True) | {"topic": "market"}))
    return world


def live(here: Installation, world: World) -> list[str]:
    """Every day the planner and the sender at a few hours, after a price of the morning; when what reached Awa left."""
    day = FIRST.date()
    while day <= LAST:
        with world.db.write() as session:
            session.add(
                Value(programme_id=world.programme_id, kind="price", item="mais", value=150, day=day, state="ok",
                      phone_id=world.phones["+22376000041"], unit="XOF/kg")
            )  # fmt: skip
        for hour in HOURS:
            world.now = max(FIRST, datetime.combine(day, hour, UTC))
            planner.plan(world.db, world.now, timedelta(minutes=15))
            while sender.send_due(here, world.now).get("claimed"):
                pass
        day += timedelta(days=1)
    return [f"{at:%m-%d %H:%M}" for _, text, at in here.adapters.book.sent(AWA) if "MAIS 150" in text]


def test_the_next_ten_evenings_before_market(installation: Installation, kita: World) -> None:
    assert live(installation, kita) == [f"{day} 17:00" for day in TEN]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_17_00_is_shut_it_is_the_first_open_minute_after_it(installation: Installation, kita: World) -> None:
    """A wedding in the village on 26 March, from 16:00 to 18:00: that evening's bulletin leaves at 20:50."""
    day = date(2026, 3, 26)
    with kita.db.write() as session:
        row = Row(starts=day, ends=day, closed_spans="16:00-18:00", place_id=kita.village_id, reason="mariage")
        rhythm.add(session, kita.programme_id, row, kita.now, None)
    hours = ["20:50" if day == "03-26" else "17:00" for day in TEN]
    assert live(installation, kita) == [f"{day} {hour}" for day, hour in zip(TEN, hours, strict=True)]
