"""The conversation of one phone: what came in, what left and which reply waits, oldest first; what may not be read
stands as a mark.

A sensitive SMS and the reply to it are left out: when and from which phone one came is for its focal point alone. Of
one that nobody has screened only that it came is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import sorting
from campaigns.admin import masks, paging, readings, words
from campaigns.admin.masks import is_officer
from campaigns.admin.security import programme_ids
from campaigns.admin.words import DELIVERIES, INTENTS, MESSAGE_STATES, N_, _
from messaging.departure import wire
from messaging.models import Inbound, Message, TextVersion
from messaging.models.post import Kind, State
from messaging.phones import redact

SIZE = 50
BEFORE, AFTER = timedelta(days=2), timedelta(days=14)  # of a case: what is shown of the conversation around it
IN, OUT = 0, 1
Key = tuple[datetime, int, int]  # moment, way, id
BOXES = {"doubtful": N_("pas encore trié"), "unread": N_("pas encore lu")}
TRIAL, PERSONAL, BEEP = N_("essai d'un compte"), N_("message personnel"), N_("appel manqué")
ERASED = N_("texte effacé")  # its time is over, or the person asked for it


@dataclass(frozen=True)
class Said:
    """One SMS: its words with numbers taken out, or instead of them a mark that says what it is."""

    at: datetime
    is_ours: bool
    words: str = ""
    mark: str = ""
    note: str = ""  # of an SMS to us what was read in it, of ours how far it got


@dataclass(frozen=True)
class Talk:
    """Some SMS in the order of time; `older` is the key before which there are more."""

    said: Sequence[Said]
    older: str = ""


def latest(session: Session, phone_id: int, before: str = "") -> Talk:
    """The last SMS of a phone before a key, within the account's programmes; the number of queries is fixed."""
    keys = [tuple(row) for row in session.execute(_keys(phone_id, _read(before)).limit(SIZE + 1))]
    more, keys = len(keys) > SIZE, keys[:SIZE]
    return Talk(_said(session, keys), _written(keys[-1]) if more else "")


def around(session: Session, phone_id: int, moment: datetime) -> Talk:
    """The SMS of a phone in the days around a moment, as many as a page holds."""
    query = _keys(phone_id, None)
    at = query.selected_columns.at
    query = query.where(at >= moment - BEFORE, at <= moment + AFTER).limit(SIZE)
    return Talk(_said(session, [tuple(row) for row in session.execute(query)]))


def _said(session: Session, keys: Sequence[tuple[Any, ...]]) -> list[Said]:
    """The SMS of some keys, the last of them first."""
    inbounds = _inbounds(session, [ident for _at, way, ident in keys if way == IN])
    messages = _messages(session, [ident for _at, way, ident in keys if way == OUT])
    return [messages[ident] if way == OUT else inbounds[ident] for _at, way, ident in reversed(keys)]


def _keys(phone_id: int, before: Key | None) -> sa.Select[*tuple[Any, ...]]:
    came = sa.select(Inbound.received_at.label("at"), sa.literal(IN).label("way"), Inbound.id.label("id"))
    when = sa.func.coalesce(Message.handed_over_at, Message.due_at)
    waits = sa.and_(Message.kind == Kind.REPLY, Message.state.in_((State.WAITING, State.HELD, State.SUBMITTING)))
    left = sa.select(when, sa.literal(OUT), Message.id).where(
        Message.phone_id == phone_id, sa.or_(Message.handed_over_at.is_not(None), waits),
        Message.programme_id.in_(programme_ids()),
    )  # fmt: skip
    known = sa.exists().where(Inbound.id == Message.inbound_id, masks.may_know())
    left = left.where(sa.or_(Message.inbound_id.is_(None), known))
    both = came.where(Inbound.phone_id == phone_id, masks.may_know()).union_all(left).subquery()
    query = sa.select(both).order_by(both.c.at.desc(), both.c.way.desc(), both.c.id.desc())
    if before is None:
        return query
    at, way, ident = before
    same = sa.or_(both.c.way < way, sa.and_(both.c.way == way, both.c.id < ident))
    return query.where(sa.or_(both.c.at < at, sa.and_(both.c.at == at, same)))


def _inbounds(session: Session, ids: Sequence[int]) -> dict[int, Said]:
    rows = session.execute(sa.select(Inbound, sorting.BOX).where(Inbound.id.in_(ids)))
    return {row.id: _came(row, box) for row, box in rows}


def _came(row: Inbound, box: str) -> Said:
    if box in BOXES:
        return Said(row.received_at, False, mark=BOXES[box])
    if row.kind != "sms":
        return Said(row.received_at, False, mark=BEEP)
    if not is_officer():
        return Said(row.received_at, False, mark=INTENTS.get(row.intent or "", row.intent or ""))
    note = readings.in_words(row.readings)
    mark = "" if row.text else ERASED
    return Said(row.received_at, False, redact(row.text), mark, note)


def _messages(session: Session, ids: Sequence[int]) -> dict[int, Said]:
    rows = session.scalars(sa.select(Message).where(Message.id.in_(ids))).all()
    texts = {row.text_id for row in rows if row.text_id}
    versions = session.scalars(sa.select(TextVersion).where(TextVersion.text_id.in_(texts)))
    known = {(one.text_id, one.version): one for one in versions}
    return {row.id: _left(row, known.get((row.text_id or 0, row.text_version or 0))) for row in rows}


def _left(row: Message, version: TextVersion | None) -> Said:
    at, note = row.handed_over_at or row.due_at, standing(row)
    if row.trial_of is not None:
        return Said(at, True, mark=TRIAL, note=note)
    if row.personal and not is_officer():
        return Said(at, True, mark=PERSONAL, note=note)
    said = row.body if row.body is not None else wire(row, version) if version else ""
    return Said(at, True, redact(said), "" if said else ERASED, note)


def standing(row: Message) -> str:
    """How far an SMS of ours got: its delivery, else where it is on its way and why it waits."""
    if row.delivery is not None:
        return _(DELIVERIES[row.delivery])
    state = _(MESSAGE_STATES[row.state])
    return f"{state} : {words.why(row.reason)}" if row.reason and row.state is not State.HANDED_OVER else state


def _written(key: Key) -> str:
    at, way, ident = key
    return f"{at.isoformat()}~{way}~{ident}"


def _read(given: str) -> Key | None:
    moment, _tilde, rest = given.partition("~")
    way, _tilde, ident = rest.partition("~")
    number = paging.after(ident)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, int(way), number) if way in ("0", "1") and number is not None and at.tzinfo else None
