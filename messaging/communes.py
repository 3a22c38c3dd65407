"""The switches of a commune: its risk level and its pause. To be careful takes one person, to be less so takes two.

    raise_level     at once; what waits with a tag that is blocked now is held
    ask_to_lower    and another account accepts: what was held for the level may leave again
    pause           at once; all that waits for a phone of the commune is held, and nobody is told by SMS
    ask_to_lift     and another account accepts: what was held is dropped, or leaves as far as it is of use

What is on its way into the queue meanwhile is held by the sender at the last moment.

Source: the page on safeguarding, sections 5.1 and 12.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, outbox, places, proposals, risk
from messaging.database import change, insert_ignore
from messaging.errors import RefusedError
from messaging.models import Message, PausedPlace, Place, Proposal, Risk, Role
from messaging.models.place import Level, RiskLevel
from messaging.models.post import State
from messaging.rules import Reason

APPROVERS = frozenset({Role.APPROVER})
ON_DUTY = frozenset({Role.APPROVER, Role.OFFICER})
DROP, KEEP = "drop", "keep"  # what becomes of old messages when a pause is lifted
NOT_HIGHER = (
    "Ce niveau n'est pas plus élevé. Pour baisser, faites une demande : une deuxième personne l'accepte. / "
    "This level is not higher. To lower it, ask: a second person accepts."
)
NOT_LOWER = "Ce niveau n'est pas plus bas que l'actuel. / This level is not lower than the present one."
NOT_PAUSED = "Cette commune n'est pas en pause. / This commune is not paused."


def raise_level(session: Session, commune_id: int, level: RiskLevel, staff_id: int, now: datetime) -> int:
    """Raise the level of a commune, at once; gives how many messages are held.

    Raises:
        RefusedError: no approver, no commune, or no higher level.
    """
    proposals.need(session, staff_id, APPROVERS)
    before = _level(session, commune_id, now)
    if risk.ORDER.index(level) <= risk.ORDER.index(before):
        raise RefusedError(NOT_HIGHER)
    proposals.void(session, proposals.LOWER_RISK, proposals.PLACE, commune_id, staff_id, now)
    _set(session, commune_id, level, staff_id, now)
    blocked = risk.tagged(risk.blocked_tags(session)[level])
    held = outbox.hold_all(session, sa.and_(_here(session, commune_id, now), blocked), Reason.RISK)
    _note(session, "raised", commune_id, staff_id, now, before=before.value, level=level.value, held=held)
    return held


def ask_to_lower(
    session: Session, commune_id: int, level: RiskLevel, staff_id: int, now: datetime, programme_id: int
) -> Proposal:
    """Ask to lower the level of a commune.

    Raises:
        RefusedError: neither approver nor officer, no lower level, or a request waits already.
    """
    before = _level(session, commune_id, now)
    if risk.ORDER.index(level) >= risk.ORDER.index(before):
        raise RefusedError(NOT_LOWER)
    return proposals.ask(
        session, proposals.LOWER_RISK, proposals.PLACE, commune_id, staff_id, now, programme_id=programme_id,
        details={"before": before.value, "level": level.value},
    )  # fmt: skip


def pause(session: Session, commune_id: int, staff_id: int, now: datetime) -> int:
    """Pause a commune, at once; gives how many messages are held. To pause twice changes nothing.

    Raises:
        RefusedError: neither approver nor officer, or no commune.
    """
    proposals.need(session, staff_id, ON_DUTY)
    _lock(session, commune_id)
    row = {"place_id": commune_id, "since": now, "staff_id": staff_id}
    if not change(session, insert_ignore(session, PausedPlace, ["place_id"]).values(**row)):
        return 0
    held = outbox.hold_all(session, _here(session, commune_id, now), Reason.PAUSED_PLACE)
    _note(session, "paused", commune_id, staff_id, now, held=held)
    return held


def ask_to_lift(
    session: Session, commune_id: int, old: str, staff_id: int, now: datetime, programme_id: int
) -> Proposal:
    """Ask to lift a pause; `old` says what becomes of the messages it held: `drop` or `keep`.

    Raises:
        RefusedError: neither approver nor officer, no pause, or a request waits already.
    """
    if session.get(PausedPlace, commune_id) is None:
        raise RefusedError(NOT_PAUSED)
    return proposals.ask(
        session, proposals.LIFT_PAUSE, proposals.PLACE, commune_id, staff_id, now, programme_id=programme_id,
        details={"old": KEEP if old == KEEP else DROP},
    )  # fmt: skip


def accept(session: Session, proposal_id: int, staff_id: int, now: datetime) -> Proposal:
    """Accept what another account asked about a commune, and do it.

    Raises:
        RefusedError: it is the account's own, no approver, or somebody has decided.
    """
    _lock(session, int(session.get_one(Proposal, proposal_id).object_id))  # who raises it meanwhile closes the request
    row = proposals.accept(session, proposal_id, staff_id, now)
    DOES[row.kind](session, row, staff_id, now)
    return row


def held(session: Session, commune_id: int, programme_id: int, now: datetime) -> dict[str, int]:
    """How many messages of a programme are held for the phones of a commune, by reason."""
    here = Message.phone_id.in_(risk.phones(risk.within(session, [commune_id], now)))
    query = sa.select(Message.reason, sa.func.count()).where(
        here, Message.state == State.HELD, Message.programme_id == programme_id
    )
    return {reason or "": count for reason, count in session.execute(query.group_by(Message.reason))}


def history(session: Session, commune_id: int) -> list[Risk]:
    """Every change of the level of a commune, the latest first."""
    query = sa.select(Risk).where(Risk.place_id == commune_id).order_by(Risk.since.desc(), Risk.id.desc())
    return list(session.scalars(query))


def _lower(session: Session, row: Proposal, staff_id: int, now: datetime) -> None:
    commune_id, level = int(row.object_id), RiskLevel(row.details["level"])
    before = _level(session, commune_id, now)
    _set(session, commune_id, level, staff_id, now)
    free = _here(session, commune_id, now) & ~risk.tagged(risk.blocked_tags(session)[level])
    released = outbox.release_all(session, free, Reason.RISK, now)
    after = {"level": level.value, "proposal": row.id, "released": released}
    _note(session, "lowered", commune_id, staff_id, now, before=before.value, **after)


def _lift(session: Session, row: Proposal, staff_id: int, now: datetime) -> None:
    commune_id, old = int(row.object_id), row.details["old"]
    _lock(session, commune_id)
    if not change(session, sa.delete(PausedPlace).where(PausedPlace.place_id == commune_id)):
        raise RefusedError(NOT_PAUSED)
    here = _here(session, commune_id, now)
    if old == KEEP:
        count = outbox.release_all(session, here, Reason.PAUSED_PLACE, now)
    else:
        mine = sa.and_(here, Message.state == State.HELD, Message.reason == Reason.PAUSED_PLACE.value)
        count = outbox.close_all(session, mine, Reason.PAUSED_PLACE, now)
    _note(session, "lifted", commune_id, staff_id, now, proposal=row.id, old=old, messages=count)


DOES = {proposals.LOWER_RISK: _lower, proposals.LIFT_PAUSE: _lift}


def _here(session: Session, commune_id: int, now: datetime) -> sa.ColumnElement[bool]:
    """The condition that a message goes to the commune."""
    return risk.at(risk.within(session, [commune_id], now), Message)


def _lock(session: Session, commune_id: int) -> Place:
    """The commune, so that two people do not change it in the same moment."""
    row = session.get(Place, commune_id, with_for_update=True)
    if row is None or row.level is not Level.COMMUNE:
        raise RefusedError("Ce lieu n'est pas une commune. / This place is no commune.")
    return row


def _level(session: Session, commune_id: int, now: datetime) -> RiskLevel:
    _lock(session, commune_id)
    return places.risk(session, commune_id, now)


def _set(session: Session, commune_id: int, level: RiskLevel, staff_id: int, now: datetime) -> None:
    session.add(Risk(place_id=commune_id, level=level, since=now, staff_id=staff_id))
    session.flush()


def _note(
    session: Session, action: str, commune_id: int, staff_id: int, now: datetime, *, before: str = "", **after: object
) -> None:
    audit.note(
        session, audit.actor(staff_id), action, "place", commune_id, now,
        before={"level": before} if before else None, after=after,
    )  # fmt: skip
