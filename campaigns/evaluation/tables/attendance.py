"""Table 3: one row a session of a club, with the heads that were counted and without its village."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.placed import PLACE, Communes, day_of
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import Attendance, ClubSession, ClubSessionStatus, Lesson
from messaging.models import Club, Facilitator

WITHHELD = "(withheld)"  # a village is told to nobody outside
COUNTS = ("women", "men", "girls", "boys", "total")  # never who is pregnant or lactating: this is below the commune
NOBODY = (None,) * len(COUNTS)
HOME = sa.func.coalesce(Club.village_id, ClubSession.place_id)
DAY = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
# Of the rows of sessions held, summed over a period: their number is ATT-HELD, total, women and men the numerators of
# ATT-MEAN, girls ATT-JF, boys ATT-JG.
COLUMNS = (
    *PLACE,
    Column("village", "#adm4+name", "Village", "Village", "withheld in every export", quasi=True),
    Column("session_id", "#activity+session+id", "Séance", "Session", "its number in the system"),
    Column("group_code", "#beneficiary+group+code", "Code du club", "Club code", quasi=True),
    Column("group_type", "#activity+type", "Genre de groupe", "Kind of group"),
    Column("date", "#date+occurred", "Jour", "Day", "held on; of one that was not held: planned for"),
    Column("session_no", "#activity+session+num", "Numéro", "Number", "in the curriculum"),
    Column("topic", "#subsector+name", "Thème", "Topic"),
    Column("women", "#reached+ind+f+adults", "Femmes", "Women"),
    Column("men", "#reached+ind+m+adults", "Hommes", "Men"),
    Column("girls", "#reached+ind+f+children", "Jeunes filles", "Girls"),
    Column("boys", "#reached+ind+m+children", "Jeunes garçons", "Boys"),
    Column("total", "#reached+ind+total", "Total", "Total"),
    Column("reported_by", "#contact+role", "Rapportée par", "Reported by", "facilitator, adviser or staff; no name"),
    Column("reported_on", "#date+reported", "Rapportée le", "Reported on", "of the report that counts"),
    Column("source", "#meta+source", "Source", "Source", "sms, form or paper"),
    Column("status", "#status+code", "État", "Status",
           "confirmed or verified: held, with a report that counts; else what became of the session"),
    Column("repairs", "#meta+quality", "Lecture", "Reading", "what was mended when the SMS was read"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each session of the period, by day; those that were not held have no heads."""
    communes = Communes(ask)
    homes = communes.of_villages()
    for village, ident, code, kind, day, number, topic, status, *report in stream(ask.session, _query(ask)):
        state, source, repairs, leader, reported_on, *heads = report
        group = kind.value.upper() if kind else ""
        is_held = status is ClubSessionStatus.HELD  # a report may also say that it was called off
        yield (
            *communes.cells(homes.get(village)), WITHHELD, f"S-{ident:06d}", code or "", group, day.isoformat(),
            number, topic or "", *(heads if is_held else NOBODY), _teller(state, source, leader), reported_on,
            source if state else None, (state if state and is_held else status).value, _joined(repairs),
        )  # fmt: skip


def _query(ask: Ask) -> Query:
    report = sa.and_(Attendance.club_session_id == ClubSession.id, terms.counts())
    leader = sa.select(Facilitator.kind).where(
        Facilitator.phone_id == Attendance.phone_id, Facilitator.programme_id == ask.programme.id
    )
    return (
        sa.select(
            HOME, ClubSession.id, Club.code, Club.kind, DAY, ClubSession.number,
            sa.func.coalesce(ClubSession.topic, Lesson.topic), ClubSession.status, Attendance.state,
            Attendance.source, Attendance.repairs, leader.scalar_subquery(), day_of(ask, Attendance.received_at),
            *(getattr(Attendance, name) for name in COUNTS),
        )
        .select_from(ClubSession)
        .outerjoin(Club, Club.id == ClubSession.club_id)
        .outerjoin(Attendance, report)
        .outerjoin(Lesson, Lesson.id == ClubSession.lesson_id)
        .where(ClubSession.programme_id == ask.programme.id, ask.period.holds_day(DAY), ask.within(HOME))
        .order_by(DAY, ClubSession.id)
    )  # fmt: skip


def _teller(state: Any, source: str | None, leader: Any) -> str | None:
    if state is None:
        return None
    return leader.value if leader else "staff" if source in ("form", "paper") else "club"


def _joined(repairs: Sequence[str] | None) -> str:
    return "; ".join(repairs or ())


ATTENDANCE = Table(
    "3_sessions_attendance", "Séances et présences", "Sessions and attendance", "one session of a club", COLUMNS, rows
)  # fmt: skip
