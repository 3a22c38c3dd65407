"""Club sessions, reports, SMS and cases made by hand, so that every figure can be counted on paper."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import indicators
from campaigns.evaluation.counting import Within, everywhere
from campaigns.evaluation.period import parse
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionKind, ClubSessionStatus, Feedback
from messaging.models import Gateway, Inbound, Programme
from messaging.models.post import InboundState
from tests.world import World

TODAY = datetime(2026, 3, 25, 12, tzinfo=UTC)
Found = dict[tuple[Any, ...], tuple[float, float | None]]


def at(day: str, hour: str = "12:00") -> datetime:
    """A moment of 2026: `03-25`."""
    return datetime.fromisoformat(f"2026-{day}T{hour}+00:00")


def day(said: str | None) -> date | None:
    """A day of 2026."""
    return date.fromisoformat(f"2026-{said}") if said else None


def meet(
    world: World, club: str | None, held: str | None, planned: str | None = None, *, place: int | None = None,
    status: ClubSessionStatus = ClubSessionStatus.HELD, why: str | None = None,
) -> int:  # fmt: skip
    """A club session; without a club an assembly of a place."""
    with world.db.write() as session:
        row = ClubSession(
            programme_id=world.programme_id, club_id=world.clubs[club] if club else None, place_id=place, status=status,
            kind=ClubSessionKind.CLUB if club else ClubSessionKind.ASSEMBLY, held_on=day(held), planned_on=day(planned),
            cancel_reason=why,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def report(
    world: World, meeting: int, came: datetime, words: str = "", *, women: int | None = None, men: int | None = None,
    girls: int | None = None, boys: int | None = None, state: AttendanceState = AttendanceState.CONFIRMED,
    source: str = "sms",
) -> None:  # fmt: skip
    """Who came, as the SMS with these words told it."""
    inbound = sms(world, came, words=words) if words else None
    with world.db.write() as session:
        session.add(
            Attendance(
                club_session_id=meeting,
                intent="attendance",
                women=women,
                men=men,
                girls=girls,
                boys=boys,
                state=state,
                total=sum(one or 0 for one in (women, men, girls, boys)),
                source=source,
                received_at=came,
                repairs=[],
                inbound_id=inbound,
            )
        )


def sms(world: World, came: datetime, number: str | None = None, *, words: str = "x", **more: Any) -> int:
    """One SMS that came in."""
    with world.db.write() as session:
        many = session.scalar(sa.select(sa.func.count(Inbound.id))) or 0
        row = Inbound(
            gateway_id=session.scalars(sa.select(Gateway.id)).first(), dedupe_key=f"k{many}", digest=str(many),
            text=words, received_at=came, next_at=came, state=InboundState.HANDLED,
            phone_id=world.phones[number] if number else None, **more,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def case(world: World, number: str, category: str, told: datetime, **more: Any) -> int:
    """One case."""
    inbound = sms(world, told, number, intent="feedback")
    with world.db.write() as session:
        row = Feedback(
            programme_id=world.programme_id, inbound_id=inbound, phone_id=world.phones[number], category=category,
            told_at=told, **more,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def counted(
    world: World, codes: Collection[str], by: tuple[str, ...] = (), within: Within = everywhere,
    days: tuple[str, str] = ("2026-03-01", "2026-03-31"),
) -> dict[str, Found]:  # fmt: skip
    """What is counted of a programme in March, on the 25th: numerator and denominator by code and cut."""
    found: dict[str, Found] = {code: {} for code in codes}
    for one in _counts(world, codes, by, within, days):
        assert one.cut not in found[one.code], one
        found[one.code][one.cut] = (one.numerator, one.denominator)
    return found


def valued(world: World, codes: Collection[str], by: tuple[str, ...] = ()) -> Mapping[tuple[str, Any], float | None]:
    """The values of March, by code and cut."""
    days = ("2026-03-01", "2026-03-31")
    return {(one.code, *one.cut): indicators.value_of(one) for one in _counts(world, codes, by, everywhere, days)}


def _counts(
    world: World, codes: Collection[str], by: tuple[str, ...], within: Within, days: tuple[str, str]
) -> list[indicators.Count]:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        period = parse(*days, programme.zone)
        return indicators.count(session, programme, period, TODAY, by=by, codes=codes, within=within)
