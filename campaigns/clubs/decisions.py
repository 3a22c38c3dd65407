"""The decisions of clubs: thirty days on, each is asked after once, on the phone of who reported it.

    asked          in the open hours of service messages, one question a phone and day, and none while another waits
    answered       1, 2 or 3; within a day the question still waits, later it is put once more with the club's code
    never asked    what is sensitive, of a closed club, older than sixty days, or of a red commune: nobody there is
                   pressed to write. Staff note what they hear.

The question names the day of the decision, never its words: nobody read them before they would leave.

Source: the page on the domain, 6.1; the page on incoming SMS, 4.4; the safeguarding rules, 5.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import letters
from campaigns.clubs.letters import Notice
from campaigns.models import Decision
from messaging import audit, figures, outbox
from messaging.clock import local
from messaging.database import Database, change, insert_ignore
from messaging.errors import RefusedError
from messaging.models import Club, Facilitator, FacilitatorClub, Inbound, Message, Pending, Phone, Programme
from messaging.models.place import RiskLevel

AFTER, LATEST = timedelta(days=30), timedelta(days=60)  # from its day: when it is asked after, and no more
USE = timedelta(days=3)  # of the question, when hours, caps or a gateway keep it
ANSWERS = timedelta(hours=24)  # the question waits so long for a bare figure
LATE = timedelta(days=14)  # a figure that comes later is put in front of the person once more
APART = timedelta(hours=24)  # between two such questions to one phone
QUIZ = timedelta(days=3)  # a question of a campaign may still be answered
BATCH = 200
TAGS = ("meeting",)  # held should the commune turn red while it waits
ASKED = "kept:"  # what the occurrence of the question starts with
PENDING = "decision_kept"
UNREAD_TO = "unread_to"  # as `conversation.pending` marks a question: what lay there unread does not answer it
KEPT = ("yes", "partly", "no")
Row = sa.Row[*tuple[Any, ...]]
THEMES = ("feeding", "hygiene", "garden", "field", "livestock", "savings", "water", "school", "other")


class State(enum.StrEnum):
    """Where a decision stands."""

    NOT_DUE = "not_due"
    ASKED = "asked"
    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NO_ANSWER = "no_answer"
    NOT_ASKED = "not_asked"  # its time is over


def state(decision: Decision, now: datetime, today: date) -> State:
    """Where a decision stands on a local day; pure."""
    if decision.kept is not None:
        return State(decision.kept)
    if decision.asked_at is not None:
        return State.ASKED if decision.asked_at > now - LATE else State.NO_ANSWER
    return State.NOT_ASKED if decision.day < today - LATEST else State.NOT_DUE


def stands(wanted: State, now: datetime, today: date) -> sa.ColumnElement[bool]:
    """The condition for decisions that stand so: the same as `state` says of one."""
    if wanted.value in KEPT:
        return Decision.kept == wanted.value
    asked, late = Decision.asked_at, Decision.day < today - LATEST
    if wanted in (State.ASKED, State.NO_ANSWER):
        recent = asked > now - LATE
        return sa.and_(Decision.kept.is_(None), recent if wanted is State.ASKED else asked <= now - LATE)
    return sa.and_(Decision.kept.is_(None), asked.is_(None), late if wanted is State.NOT_ASKED else ~late)


def ask_due(db: Database, now: datetime) -> dict[str, int]:
    """Ask after what is due, and let the questions that have left wait for their answer; gives how many were asked."""
    with db.read() as session:
        running = session.scalars(sa.select(Programme).where(Programme.ended_at.is_(None))).all()
        due = [one.id for one in running if _is_any_due(session, one, now)]
        waits = session.scalar(sa.select(sa.exists().where(*_left(now))))
    if not due and not waits:
        return {}
    with db.write() as session:
        await_answers(session, now)
        asked = sum(ask(session, session.get_one(Programme, ident), now) for ident in due)
    return {"asked": asked} if asked else {}


def ask(session: Session, programme: Programme, now: datetime, most: int = BATCH) -> int:
    """Ask after the decisions of a programme that are due, the oldest first; gives how many were asked.

    The caller has seen that it is an open hour.
    """
    chosen = _one_a_phone(session.execute(_due(session, programme, now).limit(most)).all())
    if not chosen:
        return 0
    today = local(now, programme.zone).date()
    notices = [_notice(row, today) for row in chosen]
    asked = outbox.put_each(session, letters.written(session, programme, notices, now, now + USE), now)
    rows = sa.update(Decision).where(Decision.id.in_([row.Decision.id for row in chosen]))
    session.execute(rows.values(asked_at=now), execution_options={"synchronize_session": False})
    return asked


def await_answers(session: Session, now: datetime) -> int:
    """Let each question that left within a day wait on its phone, where no other waits; gives how many new ones do."""
    unread = (
        sa.select(sa.func.max(Inbound.id))
        .where(Inbound.phone_id == Message.phone_id, Inbound.received_at <= Message.handed_over_at)
        .scalar_subquery()
    )
    query = sa.select(Message.phone_id, Message.handed_over_at, Decision.id, Club.code, unread).where(*_left(now))
    rows = {
        phone_id: {
            "phone_id": phone_id, "kind": PENDING, "made_at": left, "expires_at": left + ANSWERS,
            "kept": {"club": code, "decision": ident, UNREAD_TO: newest or 0},
        }
        for phone_id, left, ident, code, newest in session.execute(query.order_by(Message.handed_over_at))
    }  # fmt: skip
    if not rows:
        return 0
    return change(session, insert_ignore(session, Pending, ["phone_id"]).values(list(rows.values())))


def last_asked(
    session: Session, phone_id: int, club_ids: Iterable[int], now: datetime
) -> tuple[Decision, datetime] | None:
    """The decision of these clubs that a phone was asked after last, and when, if nobody has answered yet."""
    query = (
        sa.select(Decision, Message.handed_over_at)
        .join(Message, sa.and_(Message.step_id == 0, Message.phone_id == phone_id, of_message(Message)))
        .where(Decision.club_id.in_(list(club_ids)), Decision.kept.is_(None), Message.handed_over_at > now - LATE)
        .order_by(Message.handed_over_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row is not None and row[1] is not None else None


def note(session: Session, decision: Decision, *, theme: str, kept: str, who: int, now: datetime) -> None:
    """Note the theme of a decision and whether it was kept, as staff heard it; an empty word takes the note back.

    Raises:
        RefusedError: there is no such theme or answer.
    """
    if theme not in ("", *THEMES) or kept not in ("", *KEPT):
        raise RefusedError("Choisissez dans la liste. / Choose from the list.")
    before = {"theme": decision.theme, "kept": decision.kept}
    after = {"theme": theme or None, "kept": kept or None}
    if before == after:
        return
    if decision.kept != after["kept"]:
        decision.kept, decision.kept_at = after["kept"], now if kept else None
        forget(session, decision)
    decision.theme = after["theme"]
    audit.note(session, audit.actor(who), "changed", "decision", decision.id, now, before=before, after=after)


def forget(session: Session, decision: Decision) -> None:
    """Take away the question that waits for this decision: it is answered."""
    asked = sa.select(Message.phone_id).where(Message.step_id == 0, of_message(Message))
    phones = asked.join(Facilitator, Facilitator.phone_id == Message.phone_id).join(FacilitatorClub)
    own = phones.join(Decision, Decision.club_id == FacilitatorClub.club_id).where(Decision.id == decision.id)
    waits = sa.select(Pending).where(Pending.phone_id.in_(own), Pending.kind == PENDING)
    for pending in session.scalars(waits):
        if pending.kept.get("decision") == decision.id:
            session.delete(pending)


def of_message(message: type[Message]) -> sa.ColumnElement[bool]:
    """The condition that a message asks after a decision of the query."""
    return message.occurrence == sa.literal(ASKED) + sa.cast(Decision.id, sa.String)


def is_asked_since(message: type[Message]) -> sa.ColumnElement[bool]:
    """The condition that the phone of a message was asked after a decision since, and nobody has answered."""
    other = sa.orm.aliased(Message)
    ident = sa.case((other.occurrence.startswith(ASKED), sa.cast(sa.func.substr(other.occurrence, 6), sa.BigInteger)))
    return sa.exists().where(
        other.step_id == 0, other.phone_id == message.phone_id, other.occurrence.startswith(ASKED),
        other.handed_over_at > message.handed_over_at, Decision.id == ident, Decision.kept.is_(None),
    )  # fmt: skip


def _is_any_due(session: Session, programme: Programme, now: datetime) -> bool:
    if not letters.is_open(session, programme, now):
        return False
    return session.execute(_due(session, programme, now).limit(1)).first() is not None


def _due(session: Session, programme: Programme, now: datetime) -> sa.Select[*tuple[Any, ...]]:
    """What may be asked after now, the oldest first, with the phone that is asked: the reporter's where she still leads
    the club."""
    today = local(now, programme.zone).date()
    red = letters.places_of(session, RiskLevel.RED, now)
    is_hers = Facilitator.phone_id == sa.func.coalesce(Decision.phone_id, 0)
    turn = sa.func.row_number().over(partition_by=Decision.id, order_by=(is_hers.desc(), Facilitator.id))
    asked = (
        sa.select(
            Decision.id.label("decision_id"), Club.code, Facilitator.phone_id, Facilitator.language, turn.label("turn")
        )
        .join(Club, Club.id == Decision.club_id)
        .join(FacilitatorClub, FacilitatorClub.club_id == Club.id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .where(Decision.programme_id == programme.id, Decision.asked_at.is_(None), Decision.kept.is_(None))
        .where(Decision.day.between(today - LATEST, today - AFTER), Decision.sensitive.is_(False))
        .where(Club.closed_on.is_(None), Club.village_id.not_in(red))
        .where(Facilitator.active, Facilitator.practice.is_(False), *letters.REACHABLE)
        .subquery("asked")
    )
    return (
        sa.select(Decision, asked.c.code, asked.c.phone_id, asked.c.language, Phone.prefix)
        .join(asked, asked.c.decision_id == Decision.id)
        .join(Phone, Phone.id == asked.c.phone_id)
        .where(asked.c.turn == 1, *_free(now))
        .order_by(Decision.day, Decision.id)
    )


def _free(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions for a phone that no other question waits on, and that was asked none such within a day."""
    own = (Message.step_id == 0, Message.phone_id == Phone.id, Message.occurrence.startswith(ASKED))
    quiz = (Message.phone_id == Phone.id, Message.asks, Message.step_id > 0, Message.handed_over_at > now - QUIZ)
    return (
        ~sa.exists().where(*own, Message.created_at > now - APART),
        ~sa.exists().where(*quiz),
        ~sa.exists().where(Pending.phone_id == Phone.id, Pending.expires_at > now),
    )


def _one_a_phone(rows: Iterable[Row]) -> list[Row]:
    """The first decision of each phone; the others wait for another day."""
    return list({row.phone_id: row for row in reversed(list(rows))}.values())


def _notice(row: Row, today: date) -> Notice:
    decision: Decision = row.Decision
    values = {"code": str(row.code), "day": figures.day(decision.day, today)}
    name = f"{ASKED}{decision.id}"
    return Notice(row.phone_id, row.prefix, row.language, name, "decision.kept?", values, asks=True, tags=TAGS)


def _left(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions for questions, of the last day, that nobody has answered and that wait on no phone yet."""
    other = sa.orm.aliased(Message)
    newer = sa.exists().where(other.phone_id == Message.phone_id, other.asks, other.step_id > 0,
                              other.handed_over_at > Message.handed_over_at)  # fmt: skip
    return (
        Decision.asked_at > now - USE - ANSWERS,
        Decision.kept.is_(None),
        Club.id == Decision.club_id,
        FacilitatorClub.club_id == Club.id,
        Facilitator.id == FacilitatorClub.facilitator_id,
        Message.step_id == 0,
        Message.phone_id == Facilitator.phone_id,
        of_message(Message),
        Message.handed_over_at > now - ANSWERS,
        Phone.id == Message.phone_id,
        Phone.opted_out_at.is_(None),
        ~sa.exists().where(Pending.phone_id == Message.phone_id),
        ~newer,
    )
