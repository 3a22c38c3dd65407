"""One reminder to a facilitator whose clubs told nothing of yesterday's meetings; then nothing more is sent.

It leaves from 08:00 on, in the first open minute for service messages, and is of use that day alone. One phone gets one
a day, with the codes of all her clubs that are silent. None goes where the episode was not aired, to a red commune, to
one in training, nor after a STOP.

Source: the page on the domain, 6.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import reporters
from campaigns.clubs.letters import is_open
from campaigns.clubs.silence import NUDGE
from campaigns.conversation import replies, slots
from campaigns.models import Airing, AiringStatus, ClubSession, ClubSessionStatus
from messaging import figures, languages, outbox, routing
from messaging.clock import at_local, local
from messaging.database import Database, change
from messaging.letters import measure
from messaging.models import Club, Facilitator, Gateway, Message, Phone, Programme
from messaging.models.people import ClubKind
from messaging.models.post import Kind

FROM = time(8)  # local
KEY = "nudge.report"
DAY = timedelta(days=1)
TAGS = ("meeting",)  # held should the commune turn red while it waits


@dataclass(frozen=True)
class Silent:
    """A meeting of yesterday that nobody told of."""

    id: int
    code: str
    listens: bool


def send_due(db: Database, now: datetime) -> dict[str, int]:
    """Nudge who is due, each programme in a transaction of its own; gives how many were put."""
    with db.read() as session:
        programmes = session.scalars(sa.select(Programme).where(Programme.ended_at.is_(None))).all()
        due = [one.id for one in programmes if _has_due(session, one, now)]
    sent = 0
    for ident in due:
        with db.write() as session:
            sent += send(session, session.get_one(Programme, ident), now)
    return {"nudges": sent} if sent else {}


def send(session: Session, programme: Programme, now: datetime) -> int:
    """Nudge who is due of a programme, in an open minute; gives how many SMS were put."""
    if local(now, programme.zone).time() < FROM or not is_open(session, programme, now):
        return 0
    which = _due(programme, now)
    rows = session.execute(_silent(which).with_for_update(of=ClubSession, skip_locked=True)).all()
    asked = reporters.of(session, {row.club_id for row in rows}, now)
    by_phone = defaultdict[int, list[Silent]](list)
    for row in rows:
        if row.club_id in asked:
            by_phone[asked[row.club_id]].append(Silent(row.id, row.code, row.kind is ClubKind.LISTENERS_CLUB))
    letters = _letters(session, programme, _reachable(session, by_phone, now, programme.zone), by_phone, now)
    put = outbox.put_each(session, letters, now)
    told = [one.id for _, phone_id in letters for one in by_phone[phone_id]]
    change(session, sa.update(ClubSession).where(ClubSession.id.in_(told)).values(nudged_at=now))
    return put


def _has_due(session: Session, programme: Programme, now: datetime) -> bool:
    is_time = local(now, programme.zone).time() >= FROM
    return is_time and bool(session.scalar(sa.select(sa.exists(_silent(_due(programme, now))))))


def _due(programme: Programme, now: datetime) -> sa.ColumnElement[bool]:
    """The planned meetings of yesterday that nobody told of and nobody was asked about."""
    return sa.and_(
        ClubSession.programme_id == programme.id,
        ClubSession.status == ClubSessionStatus.PLANNED,
        ClubSession.planned_on == local(now, programme.zone).date() - DAY,
        ClubSession.held_on.is_(None),
        ClubSession.nudged_at.is_(None),
        Club.closed_on.is_(None),
        sa.or_(Airing.id.is_(None), Airing.status != AiringStatus.NOT_AIRED),
    )


def _silent(which: sa.ColumnElement[bool]) -> sa.Select[int, int, str, ClubKind]:
    return (
        sa.select(ClubSession.id, Club.id.label("club_id"), Club.code, Club.kind)
        .join(Club, Club.id == ClubSession.club_id)
        .outerjoin(Airing, Airing.id == ClubSession.airing_id)
        .where(which)
        .order_by(Club.code, ClubSession.id)
    )


@dataclass(frozen=True)
class Reader:
    """A phone that may be written to, and in which languages."""

    phone_id: int
    prefix: str
    language: str


def _reachable(session: Session, phones: Iterable[int], now: datetime, zone: str) -> list[Reader]:
    """Those phones that may be written to and were not nudged today."""
    today = at_local(local(now, zone).date(), time(), zone)
    had = sa.exists().where(
        Message.step_id == 0, Message.phone_id == Phone.id, Message.occurrence.startswith(NUDGE),
        Message.created_at >= today,
    )  # fmt: skip
    query = (
        sa.select(Phone.id, Phone.prefix, Phone.language, sa.func.min(Facilitator.language))
        .join(Facilitator, Facilitator.phone_id == Phone.id)
        .where(Phone.id.in_(list(phones)), Phone.opted_out_at.is_(None), ~had)
        .group_by(Phone.id, Phone.prefix, Phone.language)
        .order_by(Phone.id)
    )
    return [Reader(ident, prefix, last or own) for ident, prefix, last, own in session.execute(query)]


def _letters(
    session: Session,
    programme: Programme,
    readers: Sequence[Reader],
    by_phone: dict[int, list[Silent]],
    now: datetime,
) -> list[tuple[outbox.Letter, int]]:
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    chains = {code: languages.chain(session, programme.id, code) for code in {one.language for one in readers}}
    today = local(now, programme.zone).date()
    until = at_local(today + DAY, time(), programme.zone)
    found = []
    for one in readers:
        gateway = routing.choose(gateways, one.prefix, Kind.SERVICE, programme.demonstration)
        draft = gateway is not None and gateway.adapter == routing.SIMULATOR
        text, language = words(by_phone[one.phone_id], today - DAY, chains[one.language], drafts=draft)
        letter = outbox.Letter(
            programme_id=programme.id, kind=Kind.SERVICE, occurrence=f"{NUDGE}{by_phone[one.phone_id][0].id}",
            language_wanted=one.language, language=language, size=measure(text), body=text, due_at=now,
            useful_until=until, draft=draft, tags=TAGS,
            segment_price_micros=routing.price(gateway, one.prefix) if gateway else 0,
        )  # fmt: skip
        found.append((letter, one.phone_id))
    return found


def words(silent: Sequence[Silent], day: date, codes: Sequence[str], *, drafts: bool = False) -> tuple[str, str]:
    """The words of a nudge, one SMS, and the language they are in."""
    line, language = languages.line(KEY, codes, drafts)
    values: dict[str, slots.Value] = {
        "clubs": slots.listed(one.code for one in silent), "ref": f"{silent[0].code} {figures.day(day)}",
        "keyword": "ECOUTE" if silent[0].listens else "PRES",
    }  # fmt: skip
    return replies.fit(line, values), language
