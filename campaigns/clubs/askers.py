"""Who asks a question to air: the SMS that are offered for it, whose they are, and how the asker learns of the answer.

Two days before the episode that takes the question up, from the afternoon on, the phone of the asking club gets one SMS
with the hour; never what was asked, nor who. A member's own phone gets it when she agreed to SMS and did not choose
the group, in words that do not say that she asked, for others may read it; else her club's facilitator does. In a red
commune no hour is told of a station that has not agreed to it.

Source: the page on the domain, 6.3; the safeguarding rules, 5.1 and 6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import slots, sorting
from campaigns.clubs import letters
from campaigns.clubs.letters import Notice
from campaigns.conversation.known import COUNTS
from campaigns.models import (
    Airing,
    AiringStatus,
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    Attendance,
    ClubSession,
    Episode,
    Feedback,
)
from messaging import figures, outbox, risk
from messaging.clock import local
from messaging.database import Database
from messaging.models import (
    Club,
    ClubMember,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Inbound,
    Member,
    MemberPhone,
    Phone,
    Programme,
    Station,
)
from messaging.models.people import ClubKind, MemberStatus, Purpose, Route, Sex
from messaging.models.place import RiskLevel

TOLD = "told:"  # what the occurrence of the SMS starts with
AHEAD = timedelta(days=2)
AFTERNOON = time(15)  # of the day two days before
RECENT = timedelta(days=60)  # of an SMS that is still offered
HIDDEN = ("sensitive", "doubtful", "unread")  # lists of SMS whose question nobody is shown


@dataclass(frozen=True)
class Asker:
    """Whose an SMS is, as far as a question to air needs it."""

    club_id: int | None
    sex: Sex


@dataclass(frozen=True)
class Reach:
    """A phone that may be told, and in which language; a club's or a member's own."""

    phone_id: int
    prefix: str
    language: str
    code: str = ""  # of the club; empty: a member's own phone


def offered(programme_id: int, since: datetime | None = None) -> sa.Select[Inbound, str | None]:
    """SMS that ask something and stand in an ordinary list, with the question part of a report; the caller adds whose
    they must be. Not those that are taken already, or whose case is closed."""
    asked = sa.and_(
        Attendance.inbound_id == Inbound.id, Attendance.question.is_not(None), Attendance.sensitive.is_(False),
        Attendance.state.in_(COUNTS),
    )  # fmt: skip
    own = sa.exists().where(Attendance.inbound_id == Inbound.id, ClubSession.id == Attendance.club_session_id,
                            ClubSession.programme_id == programme_id)  # fmt: skip
    is_question = sa.and_(sorting.WHAT == "question", Inbound.intent.in_((*sorting.FILED, "unknown")))
    taken = sa.exists().where(AirQuestionAsker.inbound_id == Inbound.id)
    closed = sa.exists().where(Feedback.inbound_id == Inbound.id, Feedback.closed_at.is_not(None))
    query = (
        sa.select(Inbound, Attendance.question)
        .outerjoin(Attendance, asked)
        .where(sorting.boxed(*sorting.ORDINARY), sa.or_(is_question, sa.and_(Attendance.id.is_not(None), own)))
        .where(~taken, ~closed, Inbound.phone_id.is_not(None), Inbound.text != "")  # what was erased asks nothing
    )
    return query if since is None else query.where(Inbound.received_at >= since)


def is_shown() -> sa.ColumnElement[bool]:
    """The condition for questions of which no SMS has turned out sensitive, and that have words."""
    hidden = sa.exists().where(
        AirQuestionAsker.air_question_id == AirQuestion.id, Inbound.id == AirQuestionAsker.inbound_id,
        sorting.BOX.in_(HIDDEN),
    )  # fmt: skip
    return sa.and_(AirQuestion.wording != "", ~hidden)


def counted() -> sa.Select[AirQuestion, int]:
    """Questions that may be shown with how many ask them, the most asked first."""
    askings = (
        sa.select(sa.func.count())
        .where(AirQuestionAsker.air_question_id == AirQuestion.id)
        .scalar_subquery()
        .label("askings")
    )
    return sa.select(AirQuestion, askings).where(is_shown()).order_by(askings.desc(), AirQuestion.asked_at)


def of(session: Session, programme_id: int, inbound: Inbound) -> Asker:
    """Whose an SMS is: the club it reports for, else the one club of who wrote, and her sex where it is known."""
    reported = sa.select(ClubSession.club_id).join(Attendance, Attendance.club_session_id == ClubSession.id)
    leads = (
        sa.select(FacilitatorClub.club_id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .where(Facilitator.phone_id == inbound.phone_id, Facilitator.programme_id == programme_id, Facilitator.active)
    )
    members = session.execute(
        sa.select(Member.sex, ClubMember.club_id)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .outerjoin(ClubMember, ClubMember.member_id == Member.id)
        .where(MemberPhone.phone_id == inbound.phone_id, Member.programme_id == programme_id)
    ).all()
    clubs = set(session.scalars(reported.where(Attendance.inbound_id == inbound.id)))
    clubs = clubs or set(session.scalars(leads)) or {club_id for _sex, club_id in members if club_id is not None}
    club_id = clubs.pop() if len(clubs) == 1 else None
    sexes = {sex for sex, _club in members}
    if club_id is not None and (not sexes or inbound.role in ("facilitator", "advisor")):
        sexes = {_sex_of(session.get_one(Club, club_id))}
    return Asker(club_id, sexes.pop() if len(sexes) == 1 else Sex.UNKNOWN)


def tell_due(db: Database, now: datetime) -> dict[str, int]:
    """Tell who asked that the answer is on the air soon, each once; gives how many SMS were put."""
    with db.read() as session:
        programmes = session.scalars(sa.select(Programme).where(Programme.ended_at.is_(None))).all()
        due = [one.id for one in programmes if _is_any_due(session, one, now)]
    if not due:
        return {}
    with db.write() as session:
        told = sum(tell(session, session.get_one(Programme, ident), now) for ident in due)
    return {"told": told} if told else {}


def tell(session: Session, programme: Programme, now: datetime) -> int:
    """Tell the askers of a programme; the caller has seen that it is an open hour. One SMS a phone and episode."""
    rows = _nearest(session.execute(_due(programme, now)).all(), now, programme.zone)
    reach = _reach(session, programme.id, rows)
    red = _red(session, {one.phone_id for one in reach.values()}, now)
    notices, told = dict[tuple[int, int], tuple[Notice, datetime]](), []
    for row in rows:
        if (one := reach.get(row.AirQuestionAsker.id)) is None:
            continue
        told.append(row.AirQuestionAsker.id)
        notice = _notice(row, one, programme.zone, is_red=one.phone_id in red)
        notices.setdefault((one.phone_id, row.Airing.id), (notice, row.Airing.planned_at))
    made = [
        letter
        for notice, until in notices.values()
        for letter in letters.written(session, programme, [notice], now, until)
    ]
    session.execute(
        sa.update(AirQuestionAsker).where(AirQuestionAsker.id.in_(told)).values(told_at=now),
        execution_options={"synchronize_session": False},
    )
    return outbox.put_each(session, made, now)


def is_time(planned_at: datetime, now: datetime, zone: str) -> bool:
    """Whether an asker is told of an airing now: from the afternoon two days before it on; pure."""
    here, day = local(now, zone), local(planned_at, zone).date()
    first = day - AHEAD
    return now < planned_at and (here.date() > first or (here.date() == first and here.time() >= AFTERNOON))


def _is_any_due(session: Session, programme: Programme, now: datetime) -> bool:
    if not letters.is_open(session, programme, now):
        return False
    return bool(_nearest(session.execute(_due(programme, now)).all(), now, programme.zone))


def _due(programme: Programme, now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """Askers who were not told, with the coming airings of the episode that they can hear, the nearest first."""
    hears = sa.exists().where(ClubStation.club_id == AirQuestionAsker.club_id, ClubStation.station_id == Station.id)
    has_station = sa.exists().where(ClubStation.club_id == AirQuestionAsker.club_id)
    return (
        sa.select(AirQuestionAsker, AirQuestion.id.label("question_id"), Airing, Episode.number, Station)
        .join(AirQuestion, AirQuestion.id == AirQuestionAsker.air_question_id)
        .join(Episode, Episode.id == AirQuestion.episode_id)
        .join(Airing, Airing.episode_id == Episode.id)
        .join(Station, Station.id == Airing.station_id)
        .where(Airing.planned_at > now, Airing.planned_at <= now + AHEAD + timedelta(days=1))
        .where(Airing.status == AiringStatus.PLANNED, AirQuestion.programme_id == programme.id)
        .where(AirQuestionAsker.told_at.is_(None), AirQuestion.state != AirQuestionState.SKIPPED)
        .where(is_shown(), sa.or_(hears, ~has_station))
        .order_by(AirQuestionAsker.id, Airing.planned_at, Airing.id)
    )


def _nearest(rows: Iterable[Any], now: datetime, zone: str) -> list[Any]:
    """The first airing of each asker, of which it is time to tell."""
    first = {row.AirQuestionAsker.id: row for row in reversed(list(rows))}
    found = [row for row in first.values() if is_time(row.Airing.planned_at, now, zone)]
    return sorted(found, key=lambda row: (row.question_id, row.AirQuestionAsker.id))


def _reach(session: Session, programme_id: int, rows: Collection[Any]) -> dict[int, Reach]:
    """The phone of each asker that may be told, by asker: her own as facilitator or as member, else her club's."""
    askers = [row.AirQuestionAsker for row in rows]
    leaders: dict[int, list[Reach]] = {}
    leading = (
        sa.select(FacilitatorClub.club_id, Phone.id, Phone.prefix, Facilitator.language, Club.code)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .where(FacilitatorClub.club_id.in_({one.club_id for one in askers} - {None}), Club.closed_on.is_(None))
        .where(Facilitator.active, *letters.REACHABLE)
        .order_by(Facilitator.id)
    )
    for club_id, phone_id, prefix, language, code in session.execute(leading):
        leaders.setdefault(club_id, []).append(Reach(phone_id, prefix, language, code))
    agreed = (
        sa.select(Phone.id, Phone.prefix, sa.func.coalesce(Phone.language, Member.language))
        .join(MemberPhone, MemberPhone.phone_id == Phone.id)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(Phone.id.in_({one.phone_id for one in askers} - {None}), Member.programme_id == programme_id)
        .where(Member.route == Route.PHONE, Member.status == MemberStatus.ACTIVE, *letters.REACHABLE)
        .where(outbox.consented(Purpose.MESSAGES, Member.id, Phone.id))
        .order_by(Member.id.desc())
    )
    own = {row[0]: Reach(*row) for row in session.execute(agreed)}
    chosen = {one.id: _chosen(one, leaders.get(one.club_id or 0, ()), own) for one in askers}
    return {ident: reach for ident, reach in chosen.items() if reach is not None}


def _chosen(asker: AirQuestionAsker, leaders: Collection[Reach], own: dict[int, Reach]) -> Reach | None:
    """Her own phone where she leads the club, or agreed to SMS; else the first of those who lead the club."""
    hers = next((one for one in leaders if one.phone_id == asker.phone_id), None)
    return hers or own.get(asker.phone_id or 0) or next(iter(leaders), None)


def _red(session: Session, phone_ids: Collection[int], now: datetime) -> set[int]:
    red = letters.places_of(session, RiskLevel.RED, now)
    return {phone_id for phone_id, _place in session.execute(risk.living(red, phone_ids))} if red else set()


def _notice(row: Any, reach: Reach, zone: str, *, is_red: bool) -> Notice:
    """Without the hour where it must not be told; with it, marked so that it is stopped should the commune turn red."""
    station: Station = row.Station
    is_silent = is_red and not station.tells_hours
    at = local(row.Airing.planned_at, zone)
    values = {"code": reach.code} if reach.code else {}
    if not is_silent:
        values |= {
            "e": str(row.number), "when": figures.weekday(at.date(), reach.language), "hour": figures.hour(at.time()),
            "station": slots.short("station", station.sms_name),
        }  # fmt: skip
    keys = ("air.told_club", "air.told_club_soon") if reach.code else ("air.told", "air.told_soon")
    tags = () if is_silent or station.tells_hours else (risk.RADIO,)
    return Notice(
        reach.phone_id, reach.prefix, reach.language, f"{TOLD}{row.question_id}", keys[is_silent], values, tags=tags
    )


def _sex_of(club: Club) -> Sex:
    """The sex of a club of women or of men; unknown for all others."""
    if club.kind is ClubKind.WOMENS_GROUP or (club.size_f and not club.size_m):
        return Sex.F
    return Sex.M if club.size_m and not club.size_f else Sex.UNKNOWN
