"""Sorting: what an SMS is for the staff, whatever the machine read in it; decides who may see it, knows no page.

A sensitive SMS is its focal points' alone. What no reviewed list of words has screened is for the officer alone until
she has sorted it. Source: the pages on evaluation, section 8.1, and on safeguarding, sections 8 and 11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Attendance, Decision, Feedback, Value
from messaging import audit
from messaging.errors import RefusedError
from messaging.models import Inbound, Pending
from messaging.models.post import InboundState

CASES = (  # the open categories: an SMS that is one of them is a case of feedback
    "question", "assistance_request", "suggestion", "complaint_minor", "selection", "adverse", "thanks", "data_optout",
    "out_of_scope",
)  # fmt: skip
ASIDE = ("report", "wrong_number", "noise")  # no case: a report that was misread, an SMS for somebody else, nothing
SENSITIVE = ("fraud", "psea", "protection", "security")
RESTRICTED = ("selection", "adverse", "data_optout")  # for officers alone
KINDS = (*CASES, *ASIDE, *SENSITIVE)
FILED = ("feedback", "distribution_ack")  # intents of which the handler makes a case: PAS RECU is a complaint
WITHOUT_REPORT = (None, *FILED, "sensitive", "unknown", "noise")  # intents; the words of all others stand in a table
ASKED = "case_closed"  # the kind of pending state by which a complainant is asked whether she is satisfied

BOX = sa.case(
    (Inbound.twin_of.is_not(None), "twin"),  # the same words stand in the first one, to be sorted there
    (Inbound.sorted_as.in_(SENSITIVE), "sensitive"),
    (Inbound.sorted_as.is_not(None), "sorted"),
    (sa.or_(Inbound.intent == "sensitive", Inbound.category.in_(SENSITIVE)), "sensitive"),  # a report's note may be
    (Inbound.state.in_((InboundState.NEW, InboundState.HELD)), "unread"),  # nobody has looked whether it is sensitive
    (sa.or_(Inbound.maybe_sensitive, Inbound.intent.is_(None)), "doubtful"),
    (Inbound.intent == "unknown", "waiting"),
    (sa.and_(Inbound.intent.in_(FILED), Inbound.category.is_not(None)), "waiting"),
    else_="read",
)  # the one list an SMS stands in
ORDINARY = ("waiting", "sorted", "read")  # what the lists of all show
CATEGORY: sa.ColumnElement[str | None] = sa.func.coalesce(Inbound.sorted_as, Inbound.category)
WHAT: sa.ColumnElement[str | None] = sa.func.coalesce(
    Inbound.sorted_as, sa.case((Inbound.intent.in_(FILED), Inbound.category)), Inbound.intent
)
SENSITIVE_CASES = [f"sensitive_{category}" for category in SENSITIVE]


def boxed(*boxes: str) -> sa.ColumnElement[bool]:
    """The condition that an SMS stands in one of these lists."""
    condition = BOX.in_(boxes)
    return sa.and_(sought(boxes[0]), condition) if len(boxes) == 1 else condition


def sought(box: str) -> sa.ColumnElement[bool]:
    """A condition that all SMS of a list fulfil, and by which an index finds them; true where none would help."""
    if box == "waiting":
        return Inbound.intent.in_(("unknown", *FILED))
    if box == "doubtful":
        known = sa.or_(Inbound.intent.in_(("feedback", "unknown", "noise")), Inbound.intent.is_(None))
        return sa.or_(known, Inbound.id.in_(_cases_of("unclassified")))
    if box == "sensitive":
        return sa.or_(Inbound.intent == "sensitive", Inbound.id.in_(_cases_of(*SENSITIVE_CASES)))
    return sa.true()


def case_of(intent: str | None, category: str | None, sorted_as: str | None) -> str | None:
    """The category of feedback under which an SMS is a case; None when it is none. What staff say goes first."""
    if sorted_as is not None:
        return f"sensitive_{sorted_as}" if sorted_as in SENSITIVE else sorted_as if sorted_as in CASES else None
    if category in SENSITIVE:
        return f"sensitive_{category}"
    return category if intent in FILED else None


def sort(
    session: Session, chosen: Mapping[int, str], seen: Mapping[int, str], who: int, programme_id: int, now: datetime
) -> list[Inbound]:
    """Say what some SMS are: ids with their kind, and as what each was sorted when the page was shown ("": as none).

    A sensitive one becomes an open case of its focal points, every other case is thereby seen to. What somebody else
    has sorted since is left as it is. Gives those that were sorted; the caller has checked that she may.

    Raises:
        RefusedError: a kind is not known.
    """
    if not set(chosen.values()) <= set(KINDS):
        raise RefusedError("Choisissez ce que c'est. / Choose what it is.")
    rows = [row for row in _locked(session, list(chosen)) if (row.sorted_as or "") == seen.get(row.id, "")]
    _put(session, {row: chosen[row.id] for row in rows}, who, programme_id, now)
    return rows


def unsort(session: Session, ids: Sequence[int], who: int, programme_id: int, now: datetime) -> list[Inbound]:
    """Put SMS back among those to sort, as the machine read them; what is sensitive by now stays where it is."""
    rows = [row for row in _locked(session, ids) if row.sorted_as is not None and row.sorted_as not in SENSITIVE]
    _put(session, dict.fromkeys(rows), who, programme_id, now)
    return rows


def case_for(session: Session, inbound: Inbound, programme_id: int) -> Feedback:
    """The case of an SMS that is one; made when it is missing."""
    case = _cases(session, [inbound.id]).get(inbound.id)
    if case is None:
        case = _case(inbound, programme_id)
        session.add(case)
        session.flush()
    return case


def _put(session: Session, wanted: Mapping[Inbound, str | None], who: int, programme_id: int, now: datetime) -> None:
    cases = _cases(session, [row.id for row in wanted])
    for row, kind in wanted.items():
        before = row.sorted_as
        row.sorted_as, row.sorted_by, row.sorted_at = (kind, who, now) if kind else (None, None, None)
        _file(session, row, cases.get(row.id), who, programme_id, now)
        action = "sorted" if kind else "unsorted"
        audit.note(session, audit.actor(who), action, "inbound", row.id, now, before={"as": before}, after={"as": kind})


def _file(
    session: Session, inbound: Inbound, case: Feedback | None, who: int, programme_id: int, now: datetime
) -> None:
    """Make, change or take away the case of an SMS, so that it says what the SMS says."""
    category = case_of(inbound.intent, inbound.category, inbound.sorted_as)
    is_doubtful = inbound.sorted_as is None and inbound.maybe_sensitive
    if inbound.intent not in WITHOUT_REPORT:
        _mask(session, inbound, is_doubtful or category in SENSITIVE_CASES)
        category = category or ("unclassified" if is_doubtful else None)
    if category is None or inbound.phone_id is None:
        if case is not None:
            _drop(session, case, now)
        return
    if case is None:
        case = _case(inbound, programme_id)
        session.add(case)
    is_seen_to = inbound.sorted_as in CASES
    case.category, case.programme_id = category, case.programme_id or programme_id
    case.sorted_at, case.sorted_by = (now, who) if is_seen_to else (None, None)
    if case.answered_at is None and case.referred_at is None:
        case.closed_at = None
    if category in SENSITIVE_CASES:  # nothing is asked of who wrote a sensitive SMS
        asked = sa.and_(Pending.phone_id == inbound.phone_id, Pending.kind == ASKED)
        session.execute(sa.delete(Pending).where(asked))


def _drop(session: Session, case: Feedback, now: datetime) -> None:
    """Take a case away; one that somebody works on or whose number a person knows is closed instead."""
    if case.taken_at is None and case.answered_at is None and case.category != "complaint_minor":
        session.delete(case)
        return
    case.closed_at = case.closed_at or now


def _mask(session: Session, inbound: Inbound, is_sensitive: bool) -> None:
    """Hide, or show again, the words of a report that came in an SMS."""
    for table in (Attendance, Decision, Value):
        own = sa.update(table).where(table.inbound_id == inbound.id)
        session.execute(own.values(sensitive=is_sensitive), execution_options={"synchronize_session": False})


def _case(inbound: Inbound, programme_id: int) -> Feedback:
    category = case_of(inbound.intent, inbound.category, inbound.sorted_as) or ""
    return Feedback(
        programme_id=programme_id, inbound_id=inbound.id, phone_id=inbound.phone_id, category=category,
        told_at=inbound.received_at,
    )  # fmt: skip


def _locked(session: Session, ids: Sequence[int]) -> Sequence[Inbound]:
    query = sa.select(Inbound).where(Inbound.id.in_(ids)).order_by(Inbound.id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).all()


def _cases(session: Session, ids: Sequence[int]) -> dict[int, Feedback]:
    rows = session.scalars(sa.select(Feedback).where(Feedback.inbound_id.in_(ids)))
    return {row.inbound_id: row for row in rows}


def _cases_of(*categories: str) -> sa.Select[int]:
    return sa.select(Feedback.inbound_id).where(Feedback.category.in_(categories))
