"""What ninety simulated days do not bring, put in afterwards, so that no indicator is nought and every edge is met.

Mostly plain rows, as unlike each other as they may be: a village that moves to another commune, people who leave or
come, a trial, a phone that no receipt comes from, forms with girls and boys, questions answered on the air, cases that
rest, what was handed out. Which rows are chosen follows from their order alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import reports
from campaigns.models import (
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    Answer,
    Campaign,
    CasePause,
    ClubSession,
    Decision,
    Distribution,
    Episode,
    Feedback,
    Series,
    Slot,
    Step,
    Value,
)
from messaging.database import Database
from messaging.models import (
    Club,
    ClubMember,
    ClubStation,
    Consent,
    Household,
    Member,
    MemberPhone,
    Message,
    Phone,
    Place,
    PlaceParent,
    Programme,
    ProgrammeVillage,
    Staff,
    Station,
)
from messaging.models.people import ClubKind, MemberStatus, Ownership, Purpose, Sex, Way
from messaging.models.place import Level

T = TypeVar("T")
XOF = 1_000_000


@dataclass(frozen=True)
class After:
    """A programme after its days."""

    session: Session
    programme: Programme
    who: int
    since: datetime
    until: datetime

    @property
    def half(self) -> datetime:
        """The middle of its days."""
        return self.since + (self.until - self.since) / 2

    def rows(self, table: type[T], *which: sa.ColumnElement[bool]) -> Sequence[T]:
        """Its rows of a table, in order."""
        found: Any = table
        query = sa.select(found).where(found.programme_id == self.programme.id, *which).order_by(found.id)
        return self.session.scalars(query).all()


def add(db: Database, since: datetime, until: datetime) -> None:
    """Put all of it into both programmes; their days lie between these moments."""
    with db.write() as session:
        who = session.scalars(sa.select(Staff.id).order_by(Staff.id)).first()
        assert who is not None
        for programme in session.scalars(sa.select(Programme).order_by(Programme.id)).all():
            after = After(session, programme, who, since, until)
            for put in (_forms, _air, _decide, _hand_out, _work_cases, _spoil_messages, _answer_late, _move_people,
                        _close_clubs, _move_village):  # fmt: skip
                put(after)
                session.flush()


def _forms(after: After) -> None:
    """Forms and a paper sheet of groups that are no listeners' clubs: these are counted from the raw SMS elsewhere."""
    taken = {(row.club_id, row.held_on or row.planned_on) for row in after.rows(ClubSession)}
    counts = {"women": 31, "men": 0, "girls": 9, "boys": 4, "pregnant": 3, "lactating": 5}
    others = after.rows(Club, Club.kind != ClubKind.LISTENERS_CLUB)
    days = [after.since.date() + timedelta(days=place) for place in range(2, (after.until - after.since).days - 1)]
    for place, club in enumerate(others[:4]):
        free = [day for day in days if (club.id, day) not in taken]
        for turn, day in enumerate(free[place :: len(free) // 2]):
            said = counts | {"girls": 9 - place, "boys": 0 if turn else 4, "men": place % 2}
            way = "paper" if place == 1 else "form"
            reports.record(after.session, club, day, said, source=way, staff_id=after.who, now=after.until)


def _air(after: After) -> None:
    """Questions to air, answered or not, and what the slots cost."""
    series = sa.select(Series.id).where(Series.programme_id == after.programme.id)
    episode = after.session.scalars(
        sa.select(Episode).where(Episode.series_id.in_(series)).order_by(Episode.id)
    ).first()
    clubs = after.rows(Club)
    for place in range(8):
        asked = after.since + (after.until - after.since) * place / 8
        is_answered = place % 3 != 2
        row = AirQuestion(
            programme_id=after.programme.id, wording=f"Question {place}", asked_at=asked,
            state=AirQuestionState.ANSWERED if is_answered else AirQuestionState.WAITING,
            answered_at=asked + timedelta(days=1 + place, hours=7) if is_answered else None,
            episode_id=episode.id if episode and place != 4 else None,
        )  # fmt: skip
        after.session.add(row)
        after.session.flush()
        sexes = ([Sex.F, Sex.F], [Sex.M], [Sex.UNKNOWN], [Sex.M, Sex.F])[place % 4]
        after.session.add_all(
            AirQuestionAsker(air_question_id=row.id, club_id=clubs[0].id, sex=sex, asked_at=asked) for sex in sexes
        )
    stations = sa.select(Station.id).where(Station.programme_id == after.programme.id)
    for place, slot in enumerate(after.session.scalars(sa.select(Slot).where(Slot.station_id.in_(stations)))):
        slot.cost_micros = None if place == 1 else (2_500 + 500 * place) * XOF


def _decide(after: After) -> None:
    """Decisions of a month before, whose day to be kept lies on both edges of the days and between them."""
    themes = ("hygiene", "garden", None, "savings")
    clubs = after.rows(Club)
    month, length = timedelta(days=30), (after.until - after.since).days
    for place, due in enumerate((-1, 0, 3, length // 2, length // 2 + 1, length - 2, length - 1, length, length + 1)):
        day = after.since.date() + timedelta(days=due) - month
        kept = (None, "yes", "no", "yes", "partly")[place % 5]
        after.session.add(
            Decision(
                programme_id=after.programme.id, club_id=clubs[place % len(clubs)].id, day=day, text="Laver les mains",
                theme=themes[place % 4], kept=kept,
                kept_at=after.since + timedelta(days=due, hours=2) if kept else None,
            )
        )  # fmt: skip


def _hand_out(after: After) -> None:
    """Two items on one day and place, another place, another month, and what people said of it."""
    query = (
        sa.select(Step.id, Step.code, Campaign.code)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.programme_id == after.programme.id, Step.removed_at.is_(None))
        .order_by(Step.id)
        .limit(1)
    )
    step_id, step, campaign = after.session.execute(query).one()
    villages = sa.select(ProgrammeVillage.place_id).where(ProgrammeVillage.programme_id == after.programme.id)
    places = after.session.scalars(villages.order_by(ProgrammeVillage.place_id)).all()
    middle = after.half.date()
    for code, place, item, day, served in (
        ("D1", 0, "semences", middle, 40), ("D1", 0, "houes", middle, 38), ("D1", 1, "semences", middle, 25),
        ("D2", 0, "farine", after.since.date(), 12), ("D3", 0, "farine", after.since.date() - timedelta(days=1), 9),
    ):  # fmt: skip
        after.session.add(
            Distribution(
                programme_id=after.programme.id, code=code, day=day, modality="in_kind", place_id=places[place],
                item=item, unit="kg", planned=served + 2, served=served, served_women_headed=served // 4, quantity=10.5,
                value_micros=None, step_id=step_id if code == "D1" else None,
            )
        )  # fmt: skip
    phones = after.session.scalars(_phones_of(after.programme).limit(12)).all()
    for place, phone in enumerate(phones):
        state, value = ("replaced", 1.0) if place == 3 else ("ok", 0.0 if place % 4 == 1 else 2.0)
        text = f"{campaign}/{step}" if place != 5 else "autre/etape"
        after.session.add(
            Value(
                programme_id=after.programme.id, kind="distribution_ack", value=value, unit="quantity", day=middle,
                phone_id=phone, state=state, text=text,
            )
        )  # fmt: skip


def _phones_of(programme: Programme) -> sa.Select[int]:
    """The phones of its members."""
    theirs = sa.select(MemberPhone.phone_id).join(Member, Member.id == MemberPhone.member_id)
    return sa.select(Phone.id).where(Phone.id.in_(theirs.where(Member.programme_id == programme.id))).order_by(Phone.id)


def _work_cases(after: After) -> None:
    """Cases of all sorts: in time or not, resting or not, of sensitive ones some referred, some closed, some asked."""
    hours = (1, 30, 71, 80, 200, 400)
    categories = ("complaint_minor", "suggestion", "adverse", "selection", "question", "thanks", "sensitive_fraud",
                  "sensitive_psea", "sensitive_security")  # fmt: skip
    for place, case in enumerate(after.rows(Feedback)):
        if case.closed_at is not None and place % 3:
            continue
        case.category = categories[place % len(categories)]
        is_quick = case.category.startswith("sensitive") and place % 2
        step = case.told_at + timedelta(hours=3 if is_quick else hours[place % len(hours)])
        if place % 7 == 6 or step >= after.until:
            case.taken_at = case.sorted_at = case.answered_at = case.closed_at = None
            continue
        case.taken_at, case.taken_by = step, after.who
        case.answered_at, case.answered_by = (step + timedelta(hours=5), after.who) if place % 4 else (None, None)
        if is_quick:
            case.referred_at, case.referred_to = step, "un service"
        if place % 5 < 3 and case.answered_at:
            case.closed_at = min(step + timedelta(days=place % 11, hours=6), after.until - timedelta(hours=1))
            case.satisfied = (True, False, None)[place % 3]
        rests = place % 3
        for rest in range(rests):
            begin = case.told_at + timedelta(hours=4 + 60 * rest)
            end = begin + timedelta(hours=40) if rest < rests - 1 or place % 2 else None
            after.session.add(
                CasePause(feedback_id=case.id, reason="agency", started_at=begin, started_by=after.who, ended_at=end)
            )


def _spoil_messages(after: After) -> None:
    """Trials, long messages, and receipts that never came."""
    sent = after.rows(Message, Message.handed_over_at.is_not(None), Message.step_id != 0)
    for row in sent[5::97]:
        row.trial_of = after.who
    for row in sent[7::13]:
        row.segments, row.price_micros = 2, 2 * row.price_micros
    answered = set(after.session.scalars(sa.select(Answer.message_id)))
    for row in [row for row in sent if row.id in answered][::4]:
        row.delivery = None
    asked = {row.phone_id for row in sent if row.id in answered}
    mute = [row.phone_id for row in sent if row.phone_id not in asked and row.member_id is not None]
    for row in sent:
        if row.phone_id in mute[:3]:
            row.delivery = None


def _answer_late(after: After) -> None:
    """Some answers came after the closing, some from nobody known, some as « I do not know »."""
    ours = sa.select(Step.id).join(Campaign, Campaign.id == Step.campaign_id)
    mine = Answer.step_id.in_(ours.where(Campaign.programme_id == after.programme.id))
    for place, row in enumerate(after.session.scalars(sa.select(Answer).where(mine).order_by(Answer.id))):
        row.late = place % 9 == 4
        if place % 11 == 7:
            row.member_id = None
        if place % 13 == 5:
            row.value, row.correct = "DK", None


def _move_people(after: After) -> None:
    """Members and households that left or came meanwhile, whose sex nobody told, who took their consent back."""
    members, homes = after.rows(Member), after.rows(Household)
    members[0].status, members[1].created_at = MemberStatus.LEFT, after.half
    members[2].created_at, members[3].sex = after.until, Sex.UNKNOWN
    homes[4].status, homes[5].selected_on = MemberStatus.MOVED, after.half.date()
    homes[6].people, homes[7].hea_band, homes[8].sex_of_head = None, None, Sex.UNKNOWN
    links = after.session.execute(
        sa.select(MemberPhone)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(Member.programme_id == after.programme.id)
        .order_by(MemberPhone.phone_id, MemberPhone.member_id)
    ).scalars()
    for place, link in enumerate(links):
        link.ownership = Ownership.OWN if place % 6 == 1 else link.ownership
    for place, member in enumerate(members[9::4]):
        given = after.half + timedelta(days=place % 3 - 1)
        after.session.add(
            Consent(
                programme_id=after.programme.id, member_id=member.id, purpose=Purpose.MESSAGES, granted=place % 3 != 0,
                text_version="demo-1", language="fr", way=Way.SMS, given_at=given,
                withdrawn_at=given + timedelta(days=2) if place % 3 == 1 else None,
            )
        )  # fmt: skip
    without = sa.select(Member.id).where(Member.programme_id == after.programme.id, Member.id % 3 == 1)
    after.session.execute(sa.delete(ClubMember).where(ClubMember.member_id.in_(without)))


def _close_clubs(after: After) -> None:
    """A club that closed, one that was made meanwhile, a union, one that never met, and a station that was silent."""
    clubs = after.rows(Club)
    if len(clubs) > 4:
        clubs[0].closed_on, clubs[1].created_on = after.half.date(), after.half.date()
    clubs[-1].closed_on = after.until.date()
    silent = Station(
        programme_id=after.programme.id, name="Radio Exemple 9", sms_name="Radio Exemple 9", languages=["fr"]
    )
    after.session.add(silent)
    after.session.flush()
    for place, kind in enumerate((ClubKind.UNION, ClubKind.SAVINGS, ClubKind.FFS)):
        row = Club(
            programme_id=after.programme.id, code=f"990{place}", kind=kind, name="Club", sms_name="Club",
            village_id=clubs[-1].village_id, language="fr",
            closed_on=after.until.date() - timedelta(days=1) if kind is ClubKind.FFS else None,
        )  # fmt: skip
        after.session.add(row)
        after.session.flush()
        after.session.add(ClubStation(club_id=row.id, station_id=silent.id))


def _move_village(after: After) -> None:
    """One village goes to a commune where the programme does nothing else, from the middle of the days on."""
    villages = sa.select(ProgrammeVillage.place_id).where(ProgrammeVillage.programme_id == after.programme.id)
    own = sa.select(PlaceParent.parent_id).where(PlaceParent.place_id.in_(villages))
    village = after.session.scalars(villages.order_by(ProgrammeVillage.place_id)).all()[-1]
    old = after.session.scalars(sa.select(PlaceParent).where(PlaceParent.place_id == village)).one()
    other = sa.select(Place.id).where(Place.level == Level.COMMUNE, Place.id.not_in(own)).order_by(Place.id)
    target = after.session.scalars(other).first()
    assert target is not None
    day: date = after.half.date()
    old.valid_to = day - timedelta(days=1)
    after.session.add(PlaceParent(place_id=village, parent_id=target, valid_from=day))
