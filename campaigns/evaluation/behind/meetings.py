"""Behind figures of clubs: their sessions, the clubs themselves, what they decided and what they asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.clubs import decisions as ledger
from campaigns.evaluation import attendance, listening, terms
from campaigns.evaluation.attendance import DUE, HOME, IN_TIME, NOT_CLUBS, RECENT
from campaigns.evaluation.behind.columns import Cuts, Query, among, nowhere, one
from campaigns.evaluation.counting import Ask
from campaigns.models import (
    Airing,
    AirQuestion,
    AirQuestionAsker,
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionStatus,
    Decision,
)
from messaging.clock import local
from messaging.models import Club, ClubStation, Station
from messaging.models.people import ClubKind, Sex


def sessions(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Sessions of clubs with their report."""
    if code == "ATT-SES":
        planned, today = ClubSession.planned_on, local(ask.now, ask.programme.zone).date()
        which = (ClubSession.status.in_(DUE), ask.period.holds_day(planned), planned < today)
        return _told(ask, ClubSession.status == ClubSessionStatus.HELD, planned).where(*which)
    if code == "ATT-CAN":
        day = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
        return _told(ask, sa.true(), day).where(
            ClubSession.status == ClubSessionStatus.CANCELLED, ask.period.holds_day(day)
        )
    told = Attendance.id.is_not(None)
    among_which = {
        "ATT-MEAN": told, "ATT-TOT": told,
        "ATT-WO": sa.and_(Attendance.women.is_not(None), Attendance.men.is_not(None)),
        "RCH-RAD-L": ClubSession.airing_id.is_not(None),
    }  # fmt: skip
    counted: dict[str, Any] = {
        "ATT-HELD": sa.true(), "ATT-MEAN": Attendance.total, "ATT-W": Attendance.women, "ATT-JF": Attendance.girls,
        "ATT-JG": Attendance.boys, "ATT-48": _in_time(ask),
        "ATT-WO": sa.and_(Attendance.women > 0, Attendance.men == 0, sa.func.coalesce(Attendance.boys, 0) == 0),
        "RCH-RAD-L": sa.func.coalesce(Attendance.women, 0) + sa.func.coalesce(Attendance.men, 0),
    }  # fmt: skip
    if code == "ATT-TOT":
        counted[code] = among(ClubSession.id, attendance.with_total(ask))
    query = _told(ask, counted[code], ClubSession.held_on).where(*terms.held(ask.period, ask.programme))
    return query.where(among_which[code]) if code in among_which else query


def largest(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Of each club the session with the largest report: people are counted once a club."""
    head = {
        "RCH-IND": "total", "RCH-IND-F": "women", "RCH-IND-M": "men", "RCH-IND-JF": "girls", "RCH-IND-JG": "boys",
        "RCH-IND-FE": "pregnant", "RCH-IND-FA": "lactating",
    }[code]  # fmt: skip
    first = sa.func.row_number().over(
        partition_by=ClubSession.club_id, order_by=(Attendance.total.desc(), ClubSession.id)
    )
    ranked = (
        sa.select(ClubSession.id, first.label("place"))
        .join(Attendance, Attendance.club_session_id == ClubSession.id)
        .where(*terms.held(ask.period, ask.programme), terms.counts(), ClubSession.club_id.is_not(None))
        .subquery()
    )
    of_each = sa.select(ranked.c.id).where(ranked.c.place == 1)
    return _told(ask, getattr(Attendance, head), ClubSession.held_on).where(ClubSession.id.in_(of_each))


def _told(ask: Ask, counted: Any, day: Any) -> Query:
    return (
        sa.select(
            ClubSession.id.label("key"), HOME.label("village_id"), one(counted), day.label("day"), Club.code,
            Club.name, Club.kind, ClubSession.status, Attendance.women, Attendance.men, Attendance.girls,
            Attendance.boys, Attendance.total,
        )
        .outerjoin_from(ClubSession, Club, Club.id == ClubSession.club_id)
        .outerjoin(Attendance, sa.and_(Attendance.club_session_id == ClubSession.id, terms.counts()))
        .where(ClubSession.programme_id == ask.programme.id, ask.within(HOME))
    )  # fmt: skip


def _in_time(ask: Ask) -> sa.ColumnElement[bool]:
    """Reported within two days of the end of its own day."""
    first = (
        sa.select(sa.func.min(Attendance.received_at))
        .where(Attendance.club_session_id == ClubSession.id, Attendance.state != AttendanceState.REJECTED)
        .correlate(ClubSession)
        .scalar_subquery()
    )
    period, ends = ask.period, []
    for back in range((period.until - period.since).days):
        day = type(period)(period.since + timedelta(days=back), period.since + timedelta(days=back + 1), period.zone)
        ends.append((ClubSession.held_on == day.since, sa.literal(day.ends + IN_TIME, Attendance.received_at.type)))
    return first <= sa.case(*ends)


def clubs(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Clubs that are open on the last day."""
    last = ask.period.last
    is_open = sa.and_(Club.programme_id == ask.programme.id, terms.open_on(last), ask.within(Club.village_id))
    met = sa.select(ClubSession.club_id).where(
        ClubSession.programme_id == ask.programme.id, ClubSession.status == ClubSessionStatus.HELD,
        ClubSession.held_on > last - RECENT, ClubSession.held_on <= last, ClubSession.club_id.is_not(None),
    )  # fmt: skip
    stations = sa.select(ClubStation.club_id)
    heard = stations.where(ClubStation.station_id.in_(_aired(ask))) if code == "RCH-RAD" else stations
    which, counted = {
        "CLB-ACT": (Club.kind.not_in(NOT_CLUBS), Club.id.in_(met)),
        "RCH-RAD": (Club.id.in_(stations), Club.id.in_(heard)),
        "COV-APFLS": (Club.kind == ClubKind.APFLS, sa.true()),
        "COV-COOP": (Club.kind == ClubKind.COOPERATIVE, sa.true()),
    }[code]
    last_met = (
        sa.select(sa.func.max(ClubSession.held_on))
        .where(
            ClubSession.club_id == Club.id, ClubSession.status == ClubSessionStatus.HELD, ClubSession.held_on <= last
        )
        .scalar_subquery()
    )
    columns = (Club.code, Club.name, Club.kind, last_met.label("day"))
    return sa.select(Club.id.label("key"), Club.village_id.label("village_id"), one(counted), *columns).where(
        is_open, which
    )


def _aired(ask: Ask) -> list[int]:
    taken = terms.aired(ask.session, ask.programme, ask.period, ask.now)
    query = sa.select(Airing.station_id).join(Station, Station.id == Airing.station_id)
    return list(ask.session.scalars(query.where(Airing.id.in_(taken)).distinct()))


def decisions(ask: Ask, _code: str, _cuts: Cuts) -> Query:
    """Decisions that are thirty days old within the period; never their words."""
    today = local(ask.now, ask.programme.zone).date()
    asked = sa.and_(
        Decision.day >= ask.period.since - ledger.AFTER, Decision.day < ask.period.until - ledger.AFTER,
        Decision.day <= today - ledger.AFTER,
    )  # fmt: skip
    return (
        sa.select(
            Decision.id.label("key"), Club.village_id.label("village_id"), one(Decision.kept == "yes"),
            Decision.day, Club.code, Club.name, Decision.theme, Decision.kept,
        )
        .join(Club, Club.id == Decision.club_id)
        .where(Decision.programme_id == ask.programme.id, asked, ask.within(Club.village_id))
    )  # fmt: skip


def questions(ask: Ask, code: str, _cuts: Cuts) -> Query:
    """Questions to air, never their words: told of here by topic and day."""
    answered = listening.is_answered()
    her = sa.exists().where(AirQuestionAsker.air_question_id == AirQuestion.id, AirQuestionAsker.sex == Sex.F)
    counted, among_which = {
        "LIS-Q": (answered, ask.period.holds(AirQuestion.asked_at)),
        "LIS-DAYS": (sa.true(), sa.and_(answered, ask.period.holds(AirQuestion.asked_at))),
        "GEN-VOICE": (her, sa.and_(answered, ask.period.holds(AirQuestion.answered_at))),
    }[code]
    return sa.select(
        AirQuestion.id.label("key"), nowhere(), one(counted), AirQuestion.topic, AirQuestion.state,
        AirQuestion.asked_at, AirQuestion.answered_at,
    ).where(*listening.of_own(ask), among_which)  # fmt: skip
