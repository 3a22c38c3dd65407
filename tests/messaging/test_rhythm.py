"""The rhythm as rows: hours that keep clear of every prayer, feasts and seasons, and what staff change of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import rhythm
from messaging.database import Database
from messaging.errors import DataError, RefusedError
from messaging.hours import ALL_DAY, HoursRule, Span, open_spans, parse_spans, weekly_cap
from messaging.models import Audit, Hours, Mark, Message
from messaging.models.post import Kind, State
from messaging.openings import hours_rules
from messaging.programmes import new_programme
from messaging.rhythm import Row
from messaging.rules import Reason
from tests.messaging.prayers import CONVENTIONS, Place, days, prayers

TOWNS = {"bandiagara": Place(14.35, -3.61), "kita": Place(13.03, -9.49)}
KINDS = ("campaign", "service")
CLEAR = 20  # minutes
YEARS = date(2026, 1, 1), date(2028, 12, 31)


def rules(town: str | None) -> list[HoursRule]:
    rows = [*rhythm.fixed(town), *rhythm.dated()]
    return [
        HoursRule(
            parse_spans(row.open_spans), parse_spans(row.closed_spans), row.starts, row.ends, row.weekday, row.kind,
            row.reason, row.weekly_cap,
        )
        for row in rows
    ]  # fmt: skip


def minutes(hour: time) -> float:
    return 24 * 60 if hour == time.max else hour.hour * 60 + hour.minute


def nearest(spans: Sequence[Span], moments: Sequence[float]) -> float:
    """How many minutes lie between what is open and a prayer; 0: one lies inside."""
    gaps = (max(minutes(start) - at, at - minutes(end), 0.0) for start, end in spans for at in moments)
    return min(gaps, default=float("inf"))


def test_the_sun_stands_where_almanacs_put_it() -> None:
    """Sunset at the equator on the equinox, and noon where a clock is right: known without any table of ours."""
    found = prayers(Place(0.0, 0.0), date(2026, 3, 20), 18, 18)
    assert found["dhuhr"] == pytest.approx(12 * 60 + 7.4, abs=0.5)  # the equation of time of 20 March
    assert found["maghrib"] - found["dhuhr"] == pytest.approx(6 * 60 + 3.3, abs=0.3)  # 90.833 degrees at 4 minutes
    assert found["isha"] - found["maghrib"] == pytest.approx((18 - 0.833) * 4, abs=0.3)
    solstice = prayers(Place(14.35, -3.61), date(2026, 6, 21), 18, 18)
    day_length = 2 * (solstice["maghrib"] - solstice["dhuhr"])
    assert day_length == pytest.approx(12 * 60 + 59, abs=1.5)  # the longest day at 14.35 degrees north


@pytest.mark.parametrize("town", [*TOWNS, None])
@pytest.mark.parametrize("kind", KINDS)
def test_no_open_minute_lies_within_20_minutes_of_a_prayer(town: str | None, kind: str) -> None:
    """Every day of 2026 to 2028, by five conventions; hours for elsewhere hold in both towns."""
    shipped = rules(town)
    for day in days(*YEARS):
        spans = open_spans(shipped, kind, day)
        for place in [TOWNS[town]] if town else TOWNS.values():
            for name, (fajr, isha) in CONVENTIONS.items():
                at = prayers(place, day, fajr, isha)
                assert nearest(spans, list(at.values())) >= CLEAR, (day, kind, name, at)


@pytest.mark.parametrize("town", [*TOWNS, None])
def test_calls_go_in_wider_hours_than_campaigns(town: str | None) -> None:
    campaign, service = (open_spans(rules(town)[:2], kind, date(2026, 4, 2)) for kind in KINDS)
    assert all(any(a <= c and d <= b for a, b in service) for c, d in campaign)
    assert service != campaign


YEAR = [  # label, day, campaigns in Bandiagara, calls, weekly cap
    ("an ordinary Thursday", "2026-04-02", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", None),
    ("a Friday", "2026-04-03", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 16:15-17:20", None),
    ("Ramadan begins", "2026-02-18", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", 1),
    ("Ramadan ends", "2027-03-08", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", 1),
    ("the day before Ramadan", "2028-01-27", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", None),
    ("Korité 2026", "2026-03-20", "", "", None),
    ("Korité 2028", "2028-02-26", "", "", None),
    ("Tabaski 2027", "2027-05-16", "", "", None),
    ("Mawlid 2026", "2026-08-25", "", "", None),
    ("New Year 2028", "2028-01-01", "", "", None),
    ("Independence 2026", "2026-09-22", "", "", None),
    ("sowing", "2026-07-31", "17:00-17:20 20:30-21:00", "06:30-11:35 16:15-17:20", None),  # a Friday
    ("after sowing", "2026-08-01", "08:00-11:30 16:15-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", None),
    ("harvest", "2028-10-02", "17:00-17:20 20:30-21:00", "06:30-11:35 13:00-14:55", None),
]


@pytest.mark.parametrize("row", YEAR, ids=[row[0] for row in YEAR])
def test_the_year_in_bandiagara(row: tuple[str, str, str, str, int | None]) -> None:
    _label, iso, campaigns, calls, most = row
    day, shipped = date.fromisoformat(iso), rules("bandiagara")
    assert open_spans(shipped, "campaign", day) == list(parse_spans(campaigns))
    assert open_spans(shipped, "service", day)[: len(parse_spans(calls))] == list(parse_spans(calls))
    assert weekly_cap(shipped, day) == most


def test_ramadan_shuts_the_hours_around_the_breaking_of_the_fast_where_they_are_widened() -> None:
    wide = [HoursRule(), *rules("kita")[2:]]
    wide[0] = replace(wide[0], opens=(ALL_DAY,))
    assert open_spans(wide, "campaign", date(2026, 2, 18))[0][1] == time(17, 30)


def test_mawlid_of_2028_is_not_known_and_said_so() -> None:
    assert rhythm.unknown() == [("Mawlid", 2028)]
    known = Hours(reason="Mawlid", starts=date(2028, 8, 3), ends=date(2028, 8, 3))
    assert rhythm.missing([known]) == []
    assert rhythm.missing([Hours(reason="Mawlid", starts=date(2027, 8, 14))]) == [("Mawlid", 2028)]


def test_no_town_of_that_name(db: Database, now: datetime) -> None:
    with pytest.raises(DataError, match="bandiagara, kita"), db.write() as session:
        new_programme(session, "essai", now, town="segou")


@pytest.fixture
def kita(db: Database, now: datetime) -> int:
    """A programme in Kita."""
    with db.write() as session:
        return new_programme(session, "kita", now, town="kita").id


def rows(session: Session, programme_id: int, reason: str) -> list[Hours]:
    query = sa.select(Hours).where(Hours.programme_id == programme_id, Hours.reason == reason).order_by(Hours.position)
    return list(session.scalars(query))


FEAST = Row(starts=date(2026, 4, 11), ends=date(2026, 4, 12), reason="Fête du village")
WRONG = [
    ("the last day first", replace(FEAST, ends=date(2026, 4, 1)), "ends"),
    ("shut for ever", replace(FEAST, ends=None), "ends"),
    ("shut every Monday", Row(weekday=0, reason="repos"), "ends"),
    ("no such weekday", replace(FEAST, weekday=7), "weekday"),
    ("hours as one says them", replace(FEAST, open_spans="8h-9h"), "open_spans"),
    ("hours that end before they start", replace(FEAST, closed_spans="17:00-16:00"), "closed_spans"),
    ("no reason", replace(FEAST, reason=" "), "reason"),
    ("a reason like a letter", replace(FEAST, reason="x" * 121), "reason"),
    ("a cap of nothing", replace(FEAST, weekly_cap=0), "weekly_cap"),
    ("a cap for calls", replace(FEAST, weekly_cap=1, kind="service"), "weekly_cap"),
    ("a cap for a village", replace(FEAST, weekly_cap=1, place_id=1), "weekly_cap"),
    ("for nobody", replace(FEAST, kind="alert"), "kind"),
    ("in a hundred years", replace(FEAST, ends=date(2126, 4, 11)), "ends"),
]


@pytest.mark.parametrize("row", WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_be_names_its_field(row: tuple[str, Row, str]) -> None:
    assert [name for name, _ in rhythm.faults(row[1])] == [row[2]]


def test_a_good_row_has_no_fault() -> None:
    good = (FEAST, Row(weekday=4, closed_spans="12:30-15:00", reason="x"), Row(weekly_cap=2, reason="peu"))
    assert [rhythm.faults(one) for one in good] == [[], [], []]


def test_the_moon_shifts_a_feast_by_a_day(db: Database, now: datetime, kita: int) -> None:
    with db.write() as session:
        korite = rows(session, kita, "Korité")[0]
        rhythm.shift(session, korite, 1, now, None)
        with pytest.raises(RefusedError, match="datée"):
            rhythm.shift(session, rows(session, kita, "Prière du vendredi")[0], 1, now, None)
        with pytest.raises(RefusedError):
            rhythm.shift(session, korite, 30, now, None)
    with db.read() as session:
        found = hours_rules(session, kita)
        assert open_spans(found, "campaign", date(2026, 3, 21)) == []
        assert open_spans(found, "service", date(2026, 3, 20)) != []
        line = session.scalars(sa.select(Audit).where(Audit.action == "changed", Audit.object == "hours")).one()
        assert (line.before["starts_on"], line.after["starts_on"]) == ("2026-03-20", "2026-03-21")


def test_rows_come_and_go_and_the_ground_stays(db: Database, now: datetime, kita: int) -> None:
    with db.write() as session:
        made = rhythm.add(session, kita, FEAST, now, None)
        assert open_spans(hours_rules(session, kita), "campaign", date(2026, 4, 11)) == []
        rhythm.edit(session, made, replace(FEAST, closed_spans="08:00-12:00"), now, None)
        assert open_spans(hours_rules(session, kita), "campaign", date(2026, 4, 11))[0][0] == time(16, 35)
        rhythm.remove(session, made, now, None)
        session.flush()
        assert open_spans(hours_rules(session, kita), "campaign", date(2026, 4, 11))[0][0] == time(8)
        ground = session.scalars(sa.select(Hours).where(Hours.programme_id == kita).order_by(Hours.position)).first()
        with pytest.raises(RefusedError, match="nuit"):
            rhythm.remove(session, ground, now, None)
        with pytest.raises(RefusedError, match="nuit"):
            rhythm.edit(session, ground, replace(rhythm.said(ground), weekday=1), now, None)
        rhythm.edit(session, ground, replace(rhythm.said(ground), open_spans="20:50-21:15"), now, None)
        actions = session.scalars(sa.select(Audit.action).where(Audit.object == "hours").order_by(Audit.id)).all()
    assert actions == ["added", "changed", "removed", "changed"]


def test_a_change_lets_what_waits_for_an_hour_be_asked_anew(world, now: datetime) -> None:
    later = now + timedelta(days=2)
    phone = world.phone("+22370000001")
    with world.db.write() as session:
        for place, reason in enumerate((Reason.HOURS, Reason.BUDGET, None)):
            session.add(
                Message(
                    programme_id=world.programme_id, kind=Kind.CAMPAIGN, step_id=place + 1, occurrence="once",
                    phone_id=phone, language_wanted="fr", language="fr", encoding="GSM-7", segments=1,
                    state=State.WAITING, reason=reason.value if reason else None, due_at=now, next_at=later,
                    useful_until=later, created_at=now,
                )
            )  # fmt: skip
        rhythm.add(session, world.programme_id, FEAST, now, None)
    with world.db.read() as session:
        found = dict(session.execute(sa.select(Message.reason, Message.next_at)).all())
    assert found == {"hours": now, "budget": later, None: later}


OLD = (
    {"kind": "campaign", "open_spans": "08:00-11:30 16:35-17:20 20:50-21:00", "reason": "Toute l'année"},
    {"kind": "service", "open_spans": "06:30-21:00", "reason": "Appels"},
    {"kind": "both", "weekday": 4, "closed_spans": "12:30-15:00", "reason": "Prière du vendredi"},
)


def test_a_programme_of_an_earlier_version_gets_the_dated_rows_once(world, now: datetime) -> None:
    with world.db.write() as session:
        session.add_all(Hours(programme_id=world.programme_id, position=place, **row) for place, row in enumerate(OLD))
        session.delete(session.get_one(Mark, rhythm.TAKEN))
    for _ in range(2):
        with world.db.write() as session:
            rhythm.obey(session)
    with world.db.read() as session:
        found = hours_rules(session, world.programme_id)
        assert len(found) == 2 + len(list(rhythm.dated()))
        assert open_spans(found, "campaign", date(2026, 3, 20)) == []
        assert open_spans(found, "campaign", date(2026, 4, 2)) == list(parse_spans(OLD[0]["open_spans"]))
        assert open_spans(found, "service", date(2026, 4, 2)) == list(parse_spans(rhythm.fixed(None)[1].open_spans))
