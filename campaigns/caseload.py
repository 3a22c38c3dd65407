"""Which cases are open and how their clocks stand, as conditions for a query and for one row; changes nothing.

A case is a row of `Feedback`; its number on a phone is `N` and the id, which says nothing of what it is about. Source:
the page on evaluation, section 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import clocks, sorting
from campaigns.clocks import Clock, Days, Pause, Standing
from campaigns.models import CasePause, Feedback
from messaging.errors import DataError
from messaging.hours import parse_spans
from messaging.models import Hours, Inbound, Programme

SENSITIVE = tuple(sorting.SENSITIVE_CASES)
WORKED = tuple(one for one in sorting.CASES if one != "thanks")  # open categories that somebody works on
REFERRED_FIRST = ("sensitive_psea", "sensitive_protection")
SUPERVISED = 2  # so many times NON, and a supervisor sees to it
MOST_PAUSED = 500

_ANSWERED = sa.or_(Feedback.answered_at.is_not(None), Feedback.referred_at.is_not(None))
_SEEN = sa.func.coalesce(Feedback.sorted_at, Feedback.taken_at).is_not(None)
_FIRST_DONE = sa.case(
    (Feedback.category == "sensitive_fraud", sa.or_(Feedback.taken_at.is_not(None), _ANSWERED)),
    (Feedback.category.in_(REFERRED_FIRST), Feedback.referred_at.is_not(None)),
    (Feedback.category == "sensitive_security", Feedback.answered_at.is_not(None)),
    else_=sa.or_(_SEEN, _ANSWERED),
)
_WITHOUT_FIRST = [name for name, term in clocks.FIRST.items() if term is None]
CLOCK: sa.ColumnElement[str] = sa.case(  # the clock that runs: the same as `clock` says of one row
    (Feedback.closed_at.is_not(None), "none"),
    (sa.and_(sa.not_(_FIRST_DONE), Feedback.category.not_in(_WITHOUT_FIRST)), "first"),
    (_ANSWERED, "none"),
    else_="answer",
)
IS_CASE = sa.and_(
    Feedback.category.in_((*WORKED, *SENSITIVE)),
    sorting.BOX.in_(("waiting", "sorted", "sensitive")),  # what nobody has screened is for the officer on duty alone
)
IS_SUPERVISED = sa.and_(Feedback.reopened >= SUPERVISED, Feedback.closed_at.is_(None))


def number(ident: int) -> str:
    """What a case is called on a phone and on paper."""
    return f"N{ident}"


def ident(said: object) -> int | None:
    """The id behind such a number; None for what is no number of a case."""
    digits = str(said).removeprefix("N")
    return int(digits) if digits.isdecimal() and len(digits) < 18 else None


def clock(case: Feedback) -> Clock | None:
    """The clock of a case that runs now; None when nothing is due, or nothing by a clock."""
    is_answered = case.answered_at is not None or case.referred_at is not None
    if case.closed_at is not None:
        return None
    if not _is_first_done(case) and clocks.term("first", case.category) is not None:
        return "first"
    return None if is_answered else "answer"


def due(case: Feedback, days: Days, pauses: Sequence[Pause] = ()) -> datetime | None:
    """When the clock that runs will have run out."""
    runs = clock(case)
    return clocks.due(runs, case.category, case.told_at, days, pauses) if runs else None


def standing(case: Feedback, now: datetime, days: Days, pauses: Sequence[Pause] = ()) -> Standing:
    """How the clock that runs stands."""
    runs = clock(case)
    if runs is None:
        return "paused" if any(until is None for _from, until in pauses) else "calm"
    return clocks.standing(runs, case.category, case.told_at, now, days, pauses)


def stands(session: Session, wanted: Standing, now: datetime, days: Days) -> sa.ColumnElement[bool]:
    """The condition for open cases whose clock stands so: by terms in the query, those with pauses one by one."""
    rested = sa.select(CasePause.feedback_id)
    rows = session.scalars(sa.select(Feedback).where(Feedback.closed_at.is_(None), Feedback.id.in_(rested)))
    known = list(rows.fetchmany(MOST_PAUSED))
    pauses = pauses_of(session, [row.id for row in known])
    own = [row.id for row in known if standing(row, now, days, pauses.get(row.id, ())) == wanted]
    return sa.and_(
        Feedback.closed_at.is_(None),
        sa.or_(Feedback.id.in_(own), sa.and_(Feedback.id.not_in(rested), _unrested(wanted, now, days))),
    )


def _unrested(wanted: Standing, now: datetime, days: Days) -> sa.ColumnElement[bool]:
    late, soon = _over(now, days, near=False), _over(now, days, near=True)
    if wanted == "late":
        return late
    if wanted == "near":
        return sa.and_(soon, sa.not_(late))
    return sa.not_(sa.or_(soon, late)) if wanted == "calm" else sa.false()


def _over(now: datetime, days: Days, *, near: bool) -> sa.ColumnElement[bool]:
    """Whether the clock that runs has run out, or is near its end."""
    found = []
    for runs in ("first", "answer"):
        for term, categories in _terms(runs).items():
            span = max(term.span - term.near, timedelta(0)) if near else term.span
            told_by = clocks.told_by(now, span, term.working, days)
            found.append(sa.and_(CLOCK.in_([runs]), Feedback.category.in_(categories), Feedback.told_at <= told_by))
    return sa.or_(*found)


def _terms(runs: Clock) -> dict[clocks.Term, list[str]]:
    found: dict[clocks.Term, list[str]] = {}
    for category in (*WORKED, *SENSITIVE):
        if term := clocks.term(runs, category):
            found.setdefault(term, []).append(category)
    return found


def pauses_of(session: Session, ids: Iterable[int]) -> dict[int, list[Pause]]:
    """The pauses of some cases, by case."""
    found: dict[int, list[Pause]] = {}
    query = sa.select(CasePause).where(CasePause.feedback_id.in_(list(ids))).order_by(CasePause.id)
    for row in session.scalars(query):
        found.setdefault(row.feedback_id, []).append((row.started_at, row.ended_at))
    return found


def resting(session: Session, case_id: int) -> CasePause | None:
    """The pause in which a case stands now."""
    return session.scalar(
        sa.select(CasePause).where(CasePause.feedback_id == case_id, CasePause.ended_at.is_(None)).limit(1)
    )


def days(session: Session, programme: Programme) -> Days:
    """The days of a programme: closed are those on which its open hours are shut all day, from one date to another.

    There is no row that says « holiday »; a row of the open hours with two dates and no open span is one.
    """
    query = sa.select(Hours).where(
        sa.or_(Hours.programme_id.is_(None), Hours.programme_id == programme.id),
        Hours.place_id.is_(None), Hours.weekday.is_(None), Hours.starts.is_not(None), Hours.ends.is_not(None),
    )  # fmt: skip
    return Days(programme.zone, tuple(_span(row) for row in session.scalars(query) if _shuts_all_day(row)))


def of_inbound(session: Session, inbound_ids: Iterable[int]) -> dict[int, Feedback]:
    """The cases of some SMS, by SMS."""
    rows = session.scalars(sa.select(Feedback).where(Feedback.inbound_id.in_(list(inbound_ids))))
    return {row.inbound_id: row for row in rows}


def cases() -> sa.Select[Feedback, Inbound]:
    """A query of cases with their SMS."""
    return sa.select(Feedback, Inbound).join(Inbound, Inbound.id == Feedback.inbound_id).where(IS_CASE)


def _is_first_done(case: Feedback) -> bool:
    is_answered = case.answered_at is not None or case.referred_at is not None
    if case.category == "sensitive_fraud":
        return case.taken_at is not None or is_answered
    if case.category in REFERRED_FIRST:
        return case.referred_at is not None
    if case.category == "sensitive_security":
        return case.answered_at is not None
    return case.sorted_at is not None or case.taken_at is not None or is_answered


def _shuts_all_day(row: Hours) -> bool:
    try:
        return not parse_spans(row.open_spans) and not parse_spans(row.closed_spans)
    except DataError:  # the sender tells it; no clock stands still for a row that cannot be read
        return False


def _span(row: Hours) -> tuple[date, date]:
    assert row.starts is not None
    assert row.ends is not None
    return row.starts, row.ends
