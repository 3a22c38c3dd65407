"""The rows behind a figure add up to it: of each indicator with rows, of the whole and of every part of a cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from campaigns.evaluation import behind, indicators
from campaigns.evaluation.behind import BEHIND, NARROWED
from campaigns.evaluation.counting import Ask, Count
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.period import parse
from campaigns.models import (
    AirQuestion,
    AirQuestionAsker,
    AirQuestionState,
    Answer,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Decision,
    Episode,
    Step,
)
from messaging.database import Database
from messaging.models import Club, Household, Member, Programme
from messaging.models.people import ClubKind, Sex
from messaging.models.post import Delivery
from tests.campaigns.evaluation.lived import Life, at

MARCH = ("2026-03-01", "2026-03-31")
CODES = tuple(code for code in BEHIND if code in DEFINITIONS)
# What these are a share of is another thing than the rows that may be counted.
OTHER_WHOLE = ("RCH-PH", "RCH-NR", "ATT-W", "ATT-MEAN", "MSG-OPT", "CFM-RATE")
CUTS = (
    (), *((name,) for name in NARROWED), ("quiz", "wave"), ("quiz", "wave", "question"), ("language", "quiz", "wave"),
    ("sex", "quiz", "wave"), ("sex", "quiz"),
)  # fmt: skip


class Fuller(Life):
    """The same March with all else that rows can be of."""

    def live(self) -> Fuller:
        """March 2026, by hand."""
        super().live()
        self.homes()
        self.groups()
        self.radio()
        self.later()
        return self

    def homes(self) -> None:
        """Every member lives in a household."""
        with self.db.write() as session:
            for place, member in enumerate(session.scalars(sa.select(Member).order_by(Member.id)).all()):
                sex = Sex.F if place % 3 else Sex.M
                home = Household(
                    programme_id=self.programme_id, code=f"H{place}", village_id=self.village_id, sex_of_head=sex
                )
                session.add(home)
                session.flush()
                member.household_id = home.id

    def groups(self) -> None:
        """A field and life school that missed a session, a cooperative, and two decisions, one of them kept."""
        with self.db.write() as session:
            kinds = (ClubKind.APFLS, ClubKind.COOPERATIVE)
            clubs = [
                Club(
                    programme_id=self.programme_id, code=f"104{place}", kind=kind, name=str(place), sms_name=str(place),
                    village_id=self.village_id, language="fr",
                )
                for place, kind in enumerate(kinds, 2)
            ]  # fmt: skip
            session.add_all(clubs)
            session.flush()
            session.add(
                ClubSession(
                    programme_id=self.programme_id, kind=ClubSessionKind.SCHOOL, club_id=clubs[0].id,
                    planned_on=date(2026, 3, 17), status=ClubSessionStatus.MISSED,
                )
            )  # fmt: skip
            for kept in ("yes", "no"):
                session.add(
                    Decision(
                        programme_id=self.programme_id, club_id=self.clubs["1041"], day=date(2026, 2, 10), text="x",
                        theme="hygiene", kept=kept, kept_at=at("03-12"),
                    )
                )  # fmt: skip

    def radio(self) -> None:
        """A session at an airing; two questions to air, that of a woman answered."""
        with self.db.write() as session:
            held = session.scalars(sa.select(ClubSession).where(ClubSession.held_on == date(2026, 3, 19))).one()
            held.airing_id = 1
            episode = session.scalars(sa.select(Episode.id)).one()
            for sex in (Sex.F, Sex.M):
                row = AirQuestion(programme_id=self.programme_id, wording="?", asked_at=at("03-05"))
                if sex is Sex.F:
                    row.state, row.answered_at, row.episode_id = AirQuestionState.ANSWERED, at("03-11"), episode
                session.add(row)
                session.flush()
                session.add(AirQuestionAsker(air_question_id=row.id, sex=sex, asked_at=at("03-05")))

    def later(self) -> None:
        """The question of the quiz once more, afterwards: five answer, one without a name, and one again too late."""
        with self.db.write() as session:
            before = session.scalars(sa.select(Step).where(Step.code == "quiz")).one()
            same = {
                column.key: getattr(before, column.key) for column in sa.inspect(Step).columns if column.key != "id"
            }
            asked = {**before.definition, "question": {**before.definition["question"], "wave": "post"}}
            row = Step(**{**same, "code": "encore", "definition": asked})
            session.add(row)
            session.flush()
            self.steps["encore"] = row.id
        for place in range(5):
            number = f"+2237600010{place}"
            ident = self.sms("encore", number, "03-20", delivery=Delivery.DELIVERED, reason="delivered")
            self.answers(ident, "encore", number, "2" if place == 1 else "1", self.members[place])
        for day, is_late in (("03-21", False), ("03-22", True)):
            ident = self.sms("encore", "+22376000105", day, delivery=Delivery.DELIVERED, reason="delivered")
            self.answers(ident, "encore", "+22376000105", "1", None)
            with self.db.write() as session:
                session.execute(sa.update(Answer).where(Answer.message_id == ident).values(late=is_late))


def told(ask: Ask, by: tuple[str, ...]) -> Iterator[tuple[Count, list[float]]]:
    """Each figure of a cut with what its rows count."""
    for one in indicators.count(ask.session, ask.programme, ask.period, ask.now, by=by, codes=CODES):
        cuts = {name: part or "" for name, part in zip(by, one.cut, strict=True)}
        query = behind.rows(ask, one.code, cuts)
        if query is not None:
            yield one, [row.counted for row in ask.session.execute(query)]


def test_the_rows_add_up_to_the_number(db: Database) -> None:
    life = Fuller(db, at("03-31", "20:00")).live()
    seen, wrong = set(), []
    with life.db.read() as session:
        programme = session.get_one(Programme, life.programme_id)
        ask = Ask(session, programme, parse(*MARCH, programme.zone), life.now)
        for by in CUTS:
            for one, counted in told(ask, by):
                seen |= {one.code} if counted else set()
                many = one.denominator if one.denominator is not None and one.code not in OTHER_WHOLE else len(counted)
                if (sum(counted), len(counted)) != (pytest.approx(one.numerator), many):
                    wrong.append(f"{one.code} {by} {one.cut}: {sum(counted)} of {len(counted)}, {one}")
    assert not wrong, "\n".join(wrong)
    assert not sorted(set(CODES) - seen)
