"""What is read for an evaluator: answers that count, named, of members who agreed to evaluation and to sharing.

The person, the club, the commune stand here by their ids; what leaves has pseudonyms instead.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import scores
from campaigns.evaluation import areas
from campaigns.evaluation.evaluator.anonymity import Traits
from campaigns.models import Campaign, Step
from messaging import places
from messaging.batches import rows_in
from messaging.clock import local
from messaging.imports.protection import UNDER_18
from messaging.models import Club, ClubMember, Consent, Household, Member, MemberPhone, Programme
from messaging.models.people import Ownership, Purpose
from messaging.phones import redact

NEEDED = (Purpose.EVALUATION, Purpose.SHARING)
AGES = ((18, UNDER_18), (24, "18-24"), (49, "25-49"))  # the last year of each; who turns 18 may be under 18
OLDEST = "50plus"
OPTIONS = {"yes": "1", "no": "2"}  # a question of yes and no has two options
NUMBERS = re.compile(r"\d{1,4}( \d{1,4})*")  # options, or a number; a longer one could be a telephone's
MOST = 24  # characters of several options


@dataclass(frozen=True)
class Question:
    """One question of a wave, as both files call it."""

    quiz: str
    wave: str
    code: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others."""
        return self.quiz, self.wave, self.code


@dataclass(frozen=True)
class Answered:
    """One answer that counts; `said` is None when its words are no option and no number."""

    member: int
    question: Question
    said: str | None
    is_correct: bool | None  # None: « I do not know »
    week: date  # its Monday


@dataclass(frozen=True)
class Person:
    """Who answered: what both files need of her, and what is only told as totals."""

    traits: Traits
    club: int | None
    language: str
    shares_phone: bool


@dataclass(frozen=True)
class Answers:
    """All that both files are made of, and what was counted beside it."""

    given: tuple[Answered, ...]
    persons: Mapping[int, Person]
    arms: Mapping[int, str]  # of clubs
    without_consent: int  # persons
    late: int  # answers, as the next two
    unnamed: int
    unreadable: int


def read(session: Session, programme: Programme, today: date) -> Answers:
    """Read what a programme's members answered until now; `today` decides commune and age."""
    asked, sharing = _questions(session, programme), agreed(session, programme)
    row = scores.standings(asked)
    counts = row.c.standing == scores.Standing.COUNTS.value
    query = (
        sa.select(row.c.step_id, row.c.member_id, row.c.value, row.c.correct, row.c.answered_at)
        .where(counts, row.c.member_id.is_not(None))
        .order_by(row.c.answered_at, row.c.id)
    )
    newest: dict[tuple[int, Question], Answered] = {}
    without_consent = set()
    for step, member, value, correct, at in session.execute(query.execution_options(yield_per=1000)):
        if member not in sharing:
            without_consent.add(member)
            continue
        day = local(at, programme.zone).date()
        said = Answered(member, asked[step], _said(value), correct, day - timedelta(days=day.weekday()))
        newest[member, asked[step]] = said
    late, unnamed = session.execute(
        sa.select(
            sa.func.count(sa.case((row.c.standing == scores.Standing.LATE.value, 1))),
            sa.func.count(sa.case((counts & row.c.member_id.is_(None), 1))),
        ).select_from(row)
    ).one()
    given = tuple(newest.values())
    persons = _persons(session, programme, {one.member for one in given}, today)
    return Answers(
        given, persons, _arms(session, programme), len(without_consent), late, unnamed,
        sum(one.said is None for one in given),
    )  # fmt: skip


def agreed(session: Session, programme: Programme) -> set[int]:
    """The members who agree to evaluation and to sharing as of now."""
    return set(session.scalars(_agreed(programme)))


def _questions(session: Session, programme: Programme) -> dict[int, Question]:
    """The questions of a programme by step; polls, which ask for an opinion, are left out."""
    query = (
        sa.select(Step.id, Step.code, Step.definition, Campaign.code)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.programme_id == programme.id, Step.kind == "question", Step.removed_at.is_(None))
    )
    found = {}
    for ident, code, definition, quiz in session.execute(query):
        asked = definition.get("question") or {}
        if not asked.get("poll"):
            found[ident] = Question(quiz, asked.get("wave", "practice"), asked.get("code") or code)
    return found


def _agreed(programme: Programme) -> sa.Select[int]:
    """The members whose last word on each of the purposes is yes, and who did not withdraw it."""
    latest = sa.func.row_number().over(
        partition_by=(Consent.member_id, Consent.purpose), order_by=(Consent.given_at.desc(), Consent.id.desc())
    )
    of_it = sa.and_(
        Consent.programme_id == programme.id, Consent.purpose.in_(NEEDED), Consent.member_id.is_not(None)
    )  # fmt: skip
    columns = (Consent.member_id, Consent.granted, Consent.withdrawn_at, latest.label("age"))
    last = sa.select(*columns).where(of_it).subquery()
    stands = (last.c.age == 1, last.c.granted.is_(True), last.c.withdrawn_at.is_(None))
    by_member = sa.select(last.c.member_id).where(*stands).group_by(last.c.member_id)
    return by_member.having(sa.func.count() == len(NEEDED))


def _persons(session: Session, programme: Programme, members: Collection[int], today: date) -> dict[int, Person]:
    communes = dict(session.execute(places.communes(today)).all())
    codes = {ident: area.commune_code for ident, area in areas.communes(session, programme, today).items()}
    clubs = _clubs(session, members)
    sharing = set(rows_in(session, _sharing(), MemberPhone.member_id, members))
    query = sa.select(
        Member.id, Member.village_id, Member.sex, Member.age_band, Member.birth_year, Member.language,
        Household.hea_band,
    ).join(Household, Household.id == Member.household_id, isouter=True)  # fmt: skip
    return {
        row.id: Person(
            Traits(
                codes.get(communes.get(row.village_id, 0), ""), row.sex.value,
                _age(row.age_band, row.birth_year, today), row.hea_band.value if row.hea_band else "",
            ),
            clubs.get(row.id), row.language, (row.id,) in sharing,
        )
        for row in rows_in(session, query, Member.id, members)
    }  # fmt: skip


def _clubs(session: Session, members: Collection[int]) -> dict[int, int]:
    """The one club in which each of them counts: that of the lowest id."""
    query = sa.select(ClubMember.member_id, sa.func.min(ClubMember.club_id)).group_by(ClubMember.member_id)
    return dict(rows_in(session, query, ClubMember.member_id, members))


def _arms(session: Session, programme: Programme) -> dict[int, str]:
    query = sa.select(Club.id, Club.arm).where(Club.programme_id == programme.id, Club.arm.is_not(None))
    return {ident: arm or "" for ident, arm in session.execute(query)}


def _sharing() -> sa.Select[int]:
    """The members whose phone is not theirs alone."""
    other = sa.orm.aliased(MemberPhone)
    with_others = sa.exists().where(other.phone_id == MemberPhone.phone_id, other.member_id != MemberPhone.member_id)
    return sa.select(MemberPhone.member_id).where(sa.or_(MemberPhone.ownership != Ownership.OWN, with_others))


def _age(band: str | None, year: int | None, today: date) -> str:
    if band or not year:
        return band or ""
    return next((name for last, name in AGES if today.year - year <= last), OLDEST)


def _said(value: str) -> str | None:
    """An answer as numbers of options, a number or `DK`; whatever else stands there does not leave."""
    said = OPTIONS.get(value, value)
    is_number = len(said) <= MOST and NUMBERS.fullmatch(said) and redact(said) == said
    return said if said == scores.DONT_KNOW or is_number else None
