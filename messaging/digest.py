"""After an outage one message a phone, never a flood: of all that could not leave in time, which one stands for it.

Calls, prompts and messages of campaigns count together; replies and alerts are apart. The highest priority goes, then
the freshest that is still of use when it may leave. Until it has left the others wait, so that one of them takes its
place should it fail; once it has, they close with the reason `caught_up`.

What an outage is, must be told from all the other reasons to be late: closed hours, caps, a missing approval, money, a
modem that needs two days for 2 400 phones. None of these makes an attempt. So a phone was cut off

    when its messages were tried in vain from a day ago or longer until half a day later at least, and nothing left for
    it in between: one bad evening before two closed days is no outage, and neither is one number out of reach while
    others of its gateway work, unless it lasts
    when its gateway was paused, or the engine stood still, for a day or more: that is noted (`outages`)

Source: the page on the domain, sections 7 and 9.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import outages
from messaging.models import Attempt, Message
from messaging.models.post import AttemptState, Kind, State
from messaging.outages import LEAST, Outage
from messaging.rules import Outdone, Reason

BULK = (Kind.CAMPAIGN, Kind.SERVICE)
VAIN = timedelta(hours=12)  # from the first attempt in vain to the last one
LATE = timedelta(hours=1)  # what is no later was kept back by no noted outage, and nobody need look
BACK = timedelta(days=15)  # so far an outage is looked for: no message is of use for longer after one
ABLE = (
    None,
    Reason.HOURS,
    Reason.CAP,
    Reason.PAUSED_GATEWAY,
    Reason.CAUGHT_UP,
    Reason.MOVED,
)  # why one waits that may go


@dataclass(frozen=True)
class Post:
    """One message of a phone, as far as this asks."""

    id: int
    is_bulk: bool
    priority: int
    due_at: datetime
    useful_until: datetime
    waits: bool = True
    is_able: bool = True  # it waits for nothing that only a person can give
    is_under_way: bool = False
    left_at: datetime | None = None
    vain: tuple[datetime, datetime] | None = None  # its first and its last attempt that failed

    def was_tried_in(self, outage: Outage) -> bool:
        """Whether it was tried in vain in an outage."""
        return self.vain is not None and any(outage.holds(moment) for moment in self.vain)


@dataclass(frozen=True)
class Group:
    """What could not leave to one phone in one outage, and whether something of it has left since."""

    posts: Sequence[Post]
    has_left: bool

    def outdone(self, ident: int, moment: datetime) -> Outdone:
        """How it stands with one of them that may leave at a moment."""
        if self.has_left:
            return "left"
        able = [one for one in self.posts if one.id == ident or (one.is_able and one.useful_until > moment)]
        best = max(able, key=lambda one: (one.is_under_way, one.priority, one.due_at, one.id))
        return "" if best.id == ident else "waits"


def group_of(ident: int, posts: Sequence[Post], noted: Sequence[Outage], now: datetime) -> Group | None:
    """The group in which a message stands; None when no outage kept it back.

    Args:
        ident: of the message.
        posts: those of its phone, this one among them.
        noted: the outages of its gateway.
        now: the time.
    """
    own = next((one for one in posts if one.id == ident), None)
    if own is None:
        return None
    for one in noted:
        kept_back = [post for post in posts if one.holds(post.due_at) or post.was_tried_in(one)]
        if own in kept_back and not any(post.left_at is not None and one.holds(post.left_at) for post in posts):
            return _group(kept_back, one)
    cut = next((one for one in cut_off(posts, now) if own.was_tried_in(one)), None)
    return _group([one for one in posts if one.vain or one.left_at], cut) if cut else None


def cut_off(posts: Sequence[Post], now: datetime) -> list[Outage]:
    """When a phone was cut off, from the first attempt in vain until something left for it again, or until now."""
    left = sorted(one.left_at for one in posts if one.left_at is not None)
    vain = sorted(moment for one in posts if one.vain is not None for moment in one.vain)
    found = []
    for since, until in pairwise([datetime.min.replace(tzinfo=now.tzinfo), *left, now]):
        tried = [moment for moment in vain if since < moment < until]
        if tried and tried[-1] - tried[0] >= VAIN and until - tried[0] >= LEAST:
            found.append(Outage(tried[0], until))
    return found


def _group(posts: Sequence[Post], outage: Outage) -> Group:
    """What waits of an outage; what was due in it and left when it was over, has left for all."""
    bulk = [one for one in posts if one.is_bulk and one.due_at <= outage.until]
    has_left = any(one.left_at is not None and one.left_at >= outage.until for one in bulk)
    return Group([one for one in bulk if one.waits or one.is_under_way], has_left)


@dataclass(frozen=True)
class Digest:
    """What is known of the phones of some messages; nothing nearly always."""

    now: datetime
    noted: Sequence[Outage] = ()
    posts: Mapping[int, Sequence[Post]] = field(default_factory=dict)  # by phone

    def outdone(self, message: Message, gateway_id: int | None, opens_at: datetime | None) -> Outdone:
        """Whether another message stands for this one, which goes by a gateway and may leave at a moment."""
        posts = self.posts.get(message.phone_id)
        if not posts or message.kind not in BULK or message.trial_of is not None:
            return ""
        noted = [one for one in self.noted if one.is_of(gateway_id)]
        group = group_of(message.id, posts, noted, self.now)
        return group.outdone(message.id, opens_at or self.now) if group else ""


def look(session: Session, messages: Sequence[Message], now: datetime) -> Digest:
    """What some messages must know of their phones: no query while none of them is late or was tried before."""
    bulk = [one for one in messages if one.kind in BULK and one.trial_of is None]
    noted = outages.known(session) if any(one.due_at < now - LATE for one in bulk) else []
    phone_ids = {one.phone_id for one in bulk if one.tries or any(outage.holds(one.due_at) for outage in noted)}
    return Digest(now, noted, _posts(session, phone_ids, now)) if phone_ids else Digest(now)


def _posts(session: Session, phone_ids: set[int], now: datetime) -> dict[int, list[Post]]:
    """What went and what is to go to some phones of late, with what was tried in vain."""
    in_vain = Attempt.state != AttemptState.ACCEPTED
    columns = (
        Message.id, Message.phone_id, Message.kind, Message.priority, Message.due_at, Message.useful_until,
        Message.state, Message.reason, Message.handed_over_at, Message.trial_of,
    )  # fmt: skip
    query = (
        sa.select(
            *columns,
            sa.func.min(sa.case((in_vain, Attempt.settled_at))).label("first"),
            sa.func.max(sa.case((in_vain, Attempt.started_at))).label("last"),
        )
        .join(Attempt, Attempt.message_id == Message.id, isouter=True)
        .where(Message.phone_id.in_(phone_ids), Message.due_at > now - BACK, Message.due_at <= now)
        .group_by(*columns)
    )
    found: defaultdict[int, list[Post]] = defaultdict(list)
    for row in session.execute(query):
        found[row.phone_id].append(_post(row))
    return found


def _post(row: Any) -> Post:
    moments = sorted(moment for moment in (row.first, row.last) if moment is not None)  # an answer comes after its call
    return Post(
        row.id, row.kind in BULK and row.trial_of is None, row.priority, row.due_at, row.useful_until,
        waits=row.state is State.WAITING, is_able=row.reason in ABLE, is_under_way=row.state is State.SUBMITTING,
        left_at=row.handed_over_at, vain=(moments[0], moments[-1]) if moments else None,
    )  # fmt: skip
