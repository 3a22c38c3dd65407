"""Neutral SMS and e-mails to staff: who can be told, how often, by which way; knows neither case nor page.

An SMS names no programme, place, number, agency and content. Source: the safeguarding rules, section 8.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from messaging import alarms, languages, mail, marks, outbox, routing, staff
from messaging.alarms import APART, Kind
from messaging.database import ALONE
from messaging.installation import Installation
from messaging.models import Alarm, Gateway, Message, Phone, Programme, Role, Staff, StaffRole
from messaging.models.post import Kind as MessageKind
from messaging.models.post import State
from messaging.routing import SIMULATOR
from messaging.rules import PRIORITY

log = structlog.get_logger()
USE = timedelta(hours=2)
ROLES = (Role.OFFICER, Role.ADMINISTRATOR)  # who is told of alarms
ALARM = f"{outbox.DUTY}alarm:"  # how the occurrences of alarm SMS start
MAILED, TRIED = "alarms:mailed", "alarms:mail_tried"  # marks
TRY_AGAIN = timedelta(minutes=5)  # after an e-mail that did not leave


def reachable(session: Session, held: sa.ColumnElement[bool]) -> Sequence[Staff]:
    """The active accounts of a condition on their roles (`StaffRole`) that have a confirmed phone one may write to."""
    query = (
        sa.select(Staff)
        .join(Phone, Phone.id == Staff.phone_id)
        .where(Staff.active, Staff.phone_confirmed_at.is_not(None))
        .where(sa.exists().where(StaffRole.staff_id == Staff.id, held))
        .where(Phone.opted_out_at.is_(None), Phone.quarantine.is_(None), Phone.invalid_at.is_(None))
        .order_by(Staff.id)
    )
    return session.scalars(query).all()


def was_told_lately(session: Session, person: Staff, now: datetime, *, with_alarms: bool) -> bool:
    """Whether she had such an SMS within ten minutes; of two processes at once the second waits, and finds it.

    An alarm keeps no other SMS back: what waits for her is told once only, an alarm can be told later.
    """
    session.refresh(person, with_for_update=ALONE)
    lately = sa.select(Message.id).where(
        Message.phone_id == person.phone_id,
        Message.occurrence.startswith(outbox.DUTY),
        Message.created_at > now - APART,
    )
    if not with_alarms:
        lately = lately.where(~Message.occurrence.startswith(ALARM))
    return bool(session.scalar(sa.select(lately.exists())))


def put(
    session: Session,
    person: Staff,
    programme: Programme,
    key: str,
    occurrence: str,
    gateway: Gateway | None,
    now: datetime,
) -> bool:
    """Put a neutral SMS to somebody's confirmed phone, by this gateway; False when it is there already.

    Args:
        session: a writing session.
        person: to whom.
        programme: the one that sends it.
        key: of the words in the catalogue of replies.
        occurrence: what makes it the same SMS as another.
        gateway: the way it takes; None: it waits for one.
        now: the time.
    """
    assert person.phone_id is not None
    phone = session.get_one(Phone, person.phone_id)
    words, language = languages.reply(key, [person.language])
    letter = outbox.reply(
        session, programme, words, language, occurrence=occurrence, due_at=now, useful_until=now + USE,
        gateway_id=gateway.id if gateway else None,
        segment_price_micros=routing.price(gateway, phone.prefix) if gateway else 0,
    )  # fmt: skip
    return outbox.put(session, letter, phone.id, now)


def way(gateways: Sequence[Gateway], ill: Collection[str], prefix: str, demonstration: bool) -> Gateway | None:
    """The gateway that carries an alarm: never one that rests, and a healthy one before one of which alarms tell.

    Args:
        gateways: all of them.
        ill: names of those that open alarms are about.
        prefix: of the number it goes to.
        demonstration: it goes by the simulator only.
    """
    real = [row for row in gateways if row.adapter != SIMULATOR]
    usual = gateways if demonstration else real or gateways  # once there is a real one, the simulator reaches nobody
    awake = [row for row in usual if row.paused_at is None]
    healthy = [row for row in awake if row.name not in ill]
    found = (routing.choose(rows, prefix, MessageKind.REPLY, demonstration) for rows in (healthy, awake))
    return next((row for row in found if row is not None), None)


def tell_by_sms(here: Installation, now: datetime) -> int:
    """Put one neutral SMS to each person for whom an open alarm is news; gives how many."""
    with here.db.read() as session:
        if not _due(session, now):
            return 0
    with here.db.write() as session:
        told = 0
        for person, known in _due(session, now):
            if not was_told_lately(session, person, now, with_alarms=True) and _put_alarm(session, person, known, now):
                alarms.note_told(session, known, now)
                told += 1
        return told


def waiting(session: Session, now: datetime) -> Sequence[int]:
    """The alarm SMS that wait to be handed over, by id."""
    due = sa.select(Message.id).where(Message.state == State.WAITING, Message.next_at <= now)
    ours = due.where(Message.priority == PRIORITY[MessageKind.REPLY], Message.occurrence.startswith(ALARM))
    return session.scalars(ours).all()


def _due(session: Session, now: datetime) -> list[tuple[Staff, list[Alarm]]]:
    """Whom to tell of which alarms; the number of queries does not grow with the number of alarms."""
    known = alarms.open_alarms(session)
    if not known:
        return []
    people = reachable(session, StaffRole.role.in_(ROLES))
    told = _told(session, [person.phone_id for person in people], now)
    due = []
    for person in people:
        hers = _hers(session, person, known)
        if alarms.is_news(_since(hers, now), told.get(person.phone_id), now):
            due.append((person, hers))
    return due


def _since(known: Sequence[Alarm], now: datetime) -> list[datetime]:
    """Since when each is news; one of which nobody was told is, though it was noted just before another was told."""
    return [row.raised_at if row.told_at else now for row in known]


def _told(session: Session, phone_ids: Collection[int | None], now: datetime) -> dict[int | None, datetime]:
    """When each phone last had an alarm; an SMS that came to nothing, or waits at a gateway that rests, told nobody."""
    rests = sa.select(Gateway.id).where(Gateway.paused_at.is_not(None))
    is_lost = sa.and_(
        Message.handed_over_at.is_(None), Message.state.in_((State.WAITING, State.CLOSED)),
        sa.or_(Message.useful_until <= now, sa.and_(Message.state == State.WAITING, Message.gateway_id.in_(rests))),
    )  # fmt: skip
    query = sa.select(Message.phone_id, sa.func.max(Message.created_at)).group_by(Message.phone_id)
    query = query.where(Message.phone_id.in_(phone_ids), Message.occurrence.startswith(ALARM), ~is_lost)
    return dict(session.execute(query).all())


def _hers(session: Session, person: Staff, known: Sequence[Alarm]) -> list[Alarm]:
    """What concerns an account: gateways and engine everybody, a budget those who work in its programme."""
    if staff.is_shut_out(session, person):
        return []
    if not any(row.kind == Kind.BUDGET for row in known):
        return list(known)
    own = staff.duties(session, person.id).programmes
    return [row for row in known if row.kind != Kind.BUDGET or not own or row.about in own]


def _put_alarm(session: Session, person: Staff, known: Sequence[Alarm], now: datetime) -> bool:
    programme = _sending(session, person)
    if programme is None:
        return False
    gateways = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    ill = {row.about for row in known if row.kind != Kind.BUDGET}
    prefix = session.get_one(Phone, person.phone_id).prefix
    gateway = way(gateways, ill, prefix, programme.demonstration)
    if gateway is None:
        return False  # no way is left: e-mail, and the page
    occurrence = f"{ALARM}{known[0].id}:{now:%Y%m%dT%H%M%S}"
    return put(session, person, programme, "duty.alarm", occurrence, gateway, now)


def _sending(session: Session, person: Staff) -> Programme | None:
    """The programme that sends it: the first of hers, a real one for a real account."""
    own = staff.programme_ids(session, person.id)
    query = sa.select(Programme).where(Programme.id.in_(own))
    if person.demonstration:
        query = query.where(Programme.demonstration)  # its phone may be anybody's: never by a real gateway
    return session.scalars(query.order_by(Programme.demonstration, Programme.id).limit(1)).first()


def tell_by_mail(here: Installation, now: datetime) -> int:
    """Send one e-mail with all open alarms when one of them is news; gives how many left, 0 or 1.

    One that does not leave is logged, and tried again in five minutes. No transaction is open while it is sent.
    """
    if here.settings.smtp is None:
        return 0
    with here.db.read() as session:
        known = alarms.open_alarms(session)
        told, tried = marks.moment(session, MAILED), marks.moment(session, TRIED)
    if not _is_mail_due(_since(known, now), told, tried, now):
        return 0
    with here.db.write() as session:
        if not marks.note_apart(session, TRIED, now, tried):
            return 0  # another process does it
    if not post_mail(here, *words(known, here.settings.public_url)):
        return 0
    with here.db.write() as session:
        marks.note(session, MAILED, now)
        alarms.note_told(session, known, now)
    return 1


def _is_mail_due(raised: Sequence[datetime], told: datetime | None, tried: datetime | None, now: datetime) -> bool:
    if (tried is not None and now - tried < TRY_AGAIN) or (told is not None and now - told < APART):
        return False
    return alarms.is_news(raised, told, now)


def post_mail(here: Installation, subject: str, body: str) -> bool:
    """Send an e-mail to those who get every alarm; False, and a line in the log, when it does not leave."""
    server, settings = here.settings.smtp, here.settings
    if server is None:
        return False
    try:
        mail.send(server, mail.letter(settings.alarm_from, settings.alarm_to, subject, body))
    except (OSError, ValueError) as error:  # SMTPException is an OSError; a ValueError: a name that cannot be written
        log.error("an alarm e-mail did not leave", error=type(error).__name__)
        return False
    return True


def words(known: Sequence[Alarm], public_url: str) -> tuple[str, str]:
    """Subject and body of the e-mail about these alarms, in French and English."""
    count = len(known)
    subject = f"Jɛkulu : {count} alarme{'s' if count > 1 else ''} / {count} alarm{'s' if count > 1 else ''}"
    parts = ["\n".join((f"{row.raised_at:%Y-%m-%d %H:%M} UTC", *_in_both(row))) for row in known]
    address = f"{public_url}/admin/" if public_url else "/admin/"
    return subject, "\n\n".join([*parts, f"Page Messages / page Messages: {address}", ""])


def _in_both(alarm: Alarm) -> tuple[str, str]:
    return alarms.said(alarm, alarms.SENTENCES, "fr"), alarms.said(alarm, alarms.SENTENCES, "en")
