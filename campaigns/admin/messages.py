"""Messages: what came in, to be read by those who may, and what goes out, by state and reason; no number is shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request

from campaigns.admin import paging
from campaigns.admin.security import installation, me
from campaigns.models import Campaign, Step
from messaging.clock import utc_now
from messaging.models import (
    Facilitator,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Phone,
    Programme,
    Role,
    Station,
    StationPhone,
)
from messaging.models.post import InboundState, State
from messaging.phones import redact
from messaging.rules import Reason

messages = Blueprint("messages", __name__, url_prefix="/admin/<programme>", template_folder="templates")
Query = sa.Select[*tuple[Any, ...]]
RECENT = timedelta(days=30)
SENSITIVE = sa.or_(Inbound.maybe_sensitive, Inbound.intent == "sensitive")  # what only a focal point opens


@messages.get("/messages")
def inbox() -> str:
    """What came in, the latest first."""
    programme: Programme = g.programme
    with installation().db.read() as session:
        found = paging.page(session, received(programme.id, paging.after(request.args.get("before"))))
        hidden = session.scalar(
            sa.select(sa.func.count(Inbound.id)).where(
                of_programme(programme.id), SENSITIVE, Inbound.received_at > utc_now() - RECENT
            )
        )
    return render_template("inbox.html", page=found, words=words_of, hidden=hidden, days=RECENT.days)


@messages.get("/messages/out")
def outbox() -> str:
    """What goes out: how many in each state, and the rows of one state and reason."""
    programme: Programme = g.programme
    state, reason = request.args.get("state", ""), request.args.get("reason", "")
    since, order = utc_now() - RECENT, [State.HELD, *State]
    with installation().db.read() as session:
        counts = sorted(
            session.execute(by_state(programme.id, since)), key=lambda row: (order.index(row.state), -row.messages)
        )
        query = going_out(programme.id, since, state, reason, request.args.get("before", ""))
        found = paging.page(session, query)
    return render_template("outbox.html", page=found, counts=counts, state=state, reason=reason, days=RECENT.days)


def words_of(inbound: Inbound) -> str | None:
    """The words of an SMS with numbers taken out, for the officer; None when this account may not read them.

    Before it is handled nobody has looked whether it is sensitive, so nobody reads it here.
    """
    if not me().has(Role.OFFICER) or inbound.state is InboundState.NEW:
        return None
    return redact(inbound.text)


def of_programme(programme_id: int) -> sa.ColumnElement[bool]:
    """Inbounds whose phone belongs to somebody of the programme, or to nobody at all."""
    member = sa.select(MemberPhone.phone_id).join(Member).where(MemberPhone.phone_id == Inbound.phone_id)
    leader = sa.select(Facilitator.phone_id).where(Facilitator.phone_id == Inbound.phone_id)
    host = sa.select(StationPhone.phone_id).join(Station).where(StationPhone.phone_id == Inbound.phone_id)
    known = ((member, Member), (leader, Facilitator), (host, Station))
    ours = [query.where(owner.programme_id == programme_id).exists() for query, owner in known]
    return sa.or_(*ours, sa.and_(*(~query.exists() for query, _owner in known)))


def received(programme_id: int, before: int | None) -> Query:
    """Inbounds with the last digits of their phone, the latest first, from the one before `before` on."""
    query = (
        sa.select(Inbound, Phone.last_two)
        .outerjoin(Phone, Phone.id == Inbound.phone_id)
        .where(of_programme(programme_id), ~SENSITIVE)  # of those only a count is shown, to everybody alike
        .order_by(Inbound.id.desc())
    )
    return query if before is None else query.where(Inbound.id < before)


def by_state(programme_id: int, since: datetime) -> Query:
    """How many messages due since then are in each state, for each reason and delivery."""
    columns = (Message.state, Message.reason, sa.func.count().label("messages"))
    where = (Message.programme_id == programme_id, Message.due_at >= since)
    return sa.select(*columns).where(*where).group_by(Message.state, Message.reason)


def going_out(programme_id: int, since: datetime, state: str, reason: str, before: str) -> Query:
    """Messages with their phone, step and campaign, the latest due first; `before` is `moment~id` of the last one."""
    query = (
        sa.select(Message, Phone.last_two, Step.code, Campaign)
        .join(Phone, Phone.id == Message.phone_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .outerjoin(Campaign, Campaign.id == Step.campaign_id)
        .where(Message.programme_id == programme_id, Message.due_at >= since)
        .order_by(Message.due_at.desc(), Message.id.desc())
    )
    if state in set(State):
        query = query.where(Message.state == State(state))
    if reason in set(Reason):
        query = query.where(Message.reason == reason)
    key = cursor(before)
    if key is None:
        return query
    due, ident = key
    return query.where(Message.due_at <= due, sa.or_(Message.due_at < due, Message.id < ident))


def cursor(given: str) -> tuple[datetime, int] | None:
    """Read the key of a row out of an address; None when it is none."""
    moment, _tilde, ident = given.partition("~")
    number = paging.after(ident)
    try:
        due = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return None if number is None or due.tzinfo is None else (due, number)
