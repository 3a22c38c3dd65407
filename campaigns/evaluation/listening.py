"""What clubs heard, what they asked and what was answered on air, what they decided and kept; women among them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from campaigns.clubs import grid
from campaigns.clubs.cells import HEARD, REPORTED, State
from campaigns.clubs.decisions import AFTER
from campaigns.evaluation.counting import Ask, Count
from campaigns.evaluation.middle import median
from campaigns.models import AirQuestion, AirQuestionAsker, AirQuestionState, Decision
from messaging import places
from messaging.clock import local
from messaging.models import Club, Facilitator, FacilitatorClub
from messaging.models.people import Sex

NOT_EXPECTED = (State.NOT_AIRED, State.NOT_YET)
DAY = 24 * 3600  # seconds


def listening(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The indicators of listeners' clubs, questions, decisions and women's voice."""
    if set(codes) & {"LIS-REP", "LIS-COV"}:
        yield from (one for one in _episodes(ask) if one.code in codes)
    if "LIS-Q" in codes:
        for cut, answered, asked in _questions(ask, AirQuestion.asked_at, is_answered()):
            yield Count("LIS-Q", cut, answered, asked)
    if "LIS-DAYS" in codes:
        yield from _days(ask)
    if "DEC-KEPT" in codes:
        yield from _kept(ask)
    if "GEN-VOICE" in codes:
        asker = AirQuestionAsker
        woman = sa.exists().where(asker.air_question_id == AirQuestion.id, asker.sex == Sex.F)
        for cut, hers, answered in _questions(ask, AirQuestion.answered_at, woman, is_answered()):
            yield Count("GEN-VOICE", cut, hers, answered)
    if "GEN-FAC" in codes:
        yield _facilitators(ask)


def _episodes(ask: Ask) -> Iterator[Count]:
    """Cells of the grid; what was not aired and what is still to come is expected of nobody."""
    period = ask.period
    today = local(ask.now, ask.programme.zone).date()
    within = None if ask.is_everywhere else ask.within(Club.village_id)
    found = grid.gather(ask.session, ask.programme, period.since, period.last, today, within=within)
    communes = dict(ask.session.execute(places.communes(ask.mapped_on)).all()) if "area" in ask.by else {}
    expected, reported, heard = Counter[Any](), Counter[Any](), Counter[Any]()
    if not ask.by:
        expected[()] = 0
    for row in found.rows:
        cut = (communes.get(row.village_id),) if ask.by else ()
        for one in row.cells.values() if row.kind in grid.BY_EPISODE else ():
            if one.state not in NOT_EXPECTED:
                expected[cut] += 1
                reported[cut] += one.state in REPORTED
                heard[cut] += one.state in HEARD
    for cut, number in expected.items():
        yield Count("LIS-REP", cut, reported[cut], number)
        yield Count("LIS-COV", cut, heard[cut], number)


def is_answered() -> sa.ColumnElement[bool]:
    """Whether a question was answered on air."""
    return sa.and_(AirQuestion.state == AirQuestionState.ANSWERED, AirQuestion.episode_id.is_not(None))


def _questions(
    ask: Ask, moment: Any, which: sa.ColumnElement[bool], among: sa.ColumnElement[bool] | None = None
) -> Iterator[tuple[tuple[Any, ...], int, int]]:
    """Questions to air by the month of a moment: the cut, those of a kind, and all of them."""
    cuts = [ask.period.month_of(moment)] if ask.by else []
    ground = [*of_own(ask), ask.period.holds(moment), *([] if among is None else [among])]
    query = sa.select(sa.func.sum(sa.case((which, 1), else_=0)), sa.func.count(), *cuts).where(*ground).group_by(*cuts)
    for chosen, number, *cut in ask.session.execute(query):
        yield tuple(cut), int(chosen or 0), number


def of_own(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """The questions of the programme; of own places those that a club there asked."""
    own = [AirQuestion.programme_id == ask.programme.id]
    if not ask.is_everywhere:
        there = sa.select(Club.id).where(ask.within(Club.village_id))
        asked = sa.select(AirQuestionAsker.air_question_id).where(AirQuestionAsker.club_id.in_(there))
        own.append(AirQuestion.id.in_(asked))
    return own


def _days(ask: Ask) -> Iterator[Count]:
    """The median of the days that a question waited for its answer."""
    cuts = [ask.period.month_of(AirQuestion.asked_at)] if ask.by else []
    query = sa.select(AirQuestion.asked_at, AirQuestion.answered_at, *cuts).where(
        *of_own(ask), ask.period.holds(AirQuestion.asked_at), is_answered(), AirQuestion.answered_at.is_not(None)
    )
    waited: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    if not ask.by:
        waited[()] = []
    for asked, answered, *cut in ask.session.execute(query.execution_options(yield_per=1000)):
        assert answered is not None
        waited[tuple(cut)].append((answered - asked).total_seconds() / DAY)
    for key, days in waited.items():
        yield Count("LIS-DAYS", key, len(days), len(days), median(days))


def _kept(ask: Ask) -> Iterator[Count]:
    """Decisions by the day on which they are due: thirty days after they were taken."""
    period, due = ask.period, Decision.day
    today = local(ask.now, ask.programme.zone).date()
    pairs = places.communes(ask.mapped_on).subquery()
    months = ((due < month.until - AFTER, f"{month.since:%Y-%m}") for month in period.months())
    known = {"area": pairs.c.commune_id, "month": sa.case(*months), "theme": Decision.theme}
    cuts = [known[name] for name in ask.by]
    query = (
        sa.select(sa.func.sum(sa.case((Decision.kept == "yes", 1), else_=0)), sa.func.count(), *cuts)
        .join(Club, Club.id == Decision.club_id)
        .where(Decision.programme_id == ask.programme.id, ask.within(Club.village_id))
        .where(due >= period.since - AFTER, due < period.until - AFTER, due <= today - AFTER)
        .group_by(*cuts)
    )
    if "area" in ask.by:
        query = query.outerjoin(pairs, pairs.c.village_id == Club.village_id)
    for kept, number, *cut in ask.session.execute(query):
        yield Count("DEC-KEPT", tuple(cut), int(kept or 0), number)


def _facilitators(ask: Ask) -> Count:
    own = [Facilitator.programme_id == ask.programme.id, Facilitator.active]
    if not ask.is_everywhere:
        there = sa.select(FacilitatorClub.facilitator_id).join(Club).where(ask.within(Club.village_id))
        own.append(Facilitator.id.in_(there))
    query = sa.select(sa.func.sum(sa.case((Facilitator.sex == Sex.F, 1), else_=0)), sa.func.count()).where(*own)
    women, number = ask.session.execute(query).one()
    return Count("GEN-FAC", (), int(women or 0), number)
