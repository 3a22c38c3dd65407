"""Why a club did not report, and the field agent's list of whom to call about it.

    not aired, no signal    worked out from the airing and the report
    all others              noted by who called; security is its focal point's alone, to others it is `other`

A facilitator is called once of all her clubs that are silent. A report ends the silence, and closes the call. Nobody of
a red commune is on the list: there silence is never asked about.

Source: the page on the domain, 6.3; the page on safeguarding, 5.3 and 11.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from campaigns.clubs import listening, reporters
from campaigns.models import Airing, AiringStatus, ClubSession, ClubSessionStatus, Heard, Silence
from messaging import audit, batches, calls, outbox
from messaging.database import change
from messaging.models import Call, Club, Facilitator, FacilitatorClub, Message, Programme
from messaging.rules import Reason

WHY: calls.Why = "no_report"
NUDGE = "nudge:"  # start of the occurrence of what asks for a report
ASKED = (
    Silence.NO_SIGNAL, Silence.NO_NETWORK, Silence.NO_CREDIT, Silence.FACILITATOR_AWAY, Silence.SECURITY, Silence.OTHER,
)  # fmt: skip


def reason(noted: Silence | None, *, is_off: bool = False, heard: Heard | None = None) -> Silence | None:
    """Why there was nothing to hear of a club; pure. None: nobody knows yet.

    Args:
        noted: what somebody noted after a call.
        is_off: the episode was not aired.
        heard: how the club heard it.
    """
    if is_off:
        return Silence.NOT_AIRED
    return Silence.NO_SIGNAL if heard is Heard.NO_SIGNAL else noted


def shown(why: Silence | None, *, to_security: bool) -> Silence | None:
    """The reason as an account may see it: security is its focal point's alone; pure."""
    return Silence.OTHER if why is Silence.SECURITY and not to_security else why


def is_silent() -> sa.ColumnElement[bool]:
    """The condition that a planned meeting was missed, nobody said why, and its club told of none since."""
    later = aliased(ClubSession)
    told = sa.exists().where(later.club_id == ClubSession.club_id, later.held_on >= ClubSession.planned_on)
    return sa.and_(ClubSession.status == ClubSessionStatus.MISSED, ClubSession.silence.is_(None), ~told)


def list_calls(session: Session, programme: Programme, missed: Collection[int], now: datetime) -> int:
    """Put whom to ask about these missed meetings on the call list; gives how many phones."""
    query = sa.select(ClubSession.club_id).where(ClubSession.id.in_(missed), is_silent())
    clubs = session.scalars(query.distinct()).all()
    phones = reporters.of(session, [club for club in clubs if club is not None], now)
    calls.ask_all(session, programme.id, set(phones.values()), WHY, now)
    return len(set(phones.values()))


@dataclass(frozen=True)
class SilentClub:
    """A club of which nothing came since a day."""

    id: int
    code: str
    since: date


def may_ask(session: Session, now: datetime) -> sa.ColumnElement[bool]:
    """The condition on calls that they ask nobody of a red commune, also when it turned red since they were listed."""
    quiet = reporters.quiet(session, now)
    if not quiet:
        return sa.true()
    led = _led().join(Club, Club.id == FacilitatorClub.club_id).where(Club.village_id.not_in(quiet))
    hers = led.where(Facilitator.phone_id == Call.phone_id).correlate(Call)
    elsewhere = sa.exists().where(ClubSession.club_id.in_(hers), is_silent())
    return sa.or_(Call.reason != WHY, Call.done_at.is_not(None), elsewhere)


def open_of(
    session: Session, phone_ids: Collection[int], programme_id: int, now: datetime
) -> dict[int, list[SilentClub]]:
    """The silent clubs of a programme that each phone leads, in the order of their codes; none of a red commune."""
    since = sa.func.min(ClubSession.planned_on)
    query = (
        sa.select(Facilitator.phone_id, Club.id, Club.code, since)
        .join(FacilitatorClub, FacilitatorClub.facilitator_id == Facilitator.id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .join(ClubSession, ClubSession.club_id == Club.id)
        .where(Facilitator.phone_id.in_(phone_ids), Facilitator.active, Club.closed_on.is_(None), is_silent())
        .where(Club.programme_id == programme_id, Club.village_id.not_in(reporters.quiet(session, now)))
        .group_by(Facilitator.phone_id, Club.id, Club.code)
        .order_by(Facilitator.phone_id, Club.code)
    )
    found: dict[int, list[SilentClub]] = {}
    for phone_id, club_id, code, day in session.execute(query):
        found.setdefault(phone_id, []).append(SilentClub(club_id, code, day or date.max))
    return found


def note(session: Session, call: Call, why: Silence, who: int, now: datetime) -> bool:
    """Note what somebody was told about the silence of a phone's clubs; False when the call was made before."""
    led = _led().where(Facilitator.phone_id == call.phone_id)
    listening.lock(session, Club.id.in_(led))  # before the call, as a report does, or two would wait for ever
    if not calls.done(session, call.id, who, now):
        return False
    query = sa.select(ClubSession).where(ClubSession.club_id.in_(led), is_silent())
    for meeting in session.scalars(query.with_for_update(of=ClubSession)):
        meeting.silence, meeting.silence_by, meeting.silence_at = why, who, now
        said = {"silence": str(shown(why, to_security=False))}
        audit.note(session, audit.actor(who), "asked", "club_session", meeting.id, now, after=said)
    return True


def end(session: Session, told: Collection[ClubSession], now: datetime) -> None:
    """Reports came: nobody asks about these meetings any more, nor calls whose clubs have all told."""
    for meeting in told:
        if meeting.silence is not None:
            meeting.silence = meeting.silence_by = meeting.silence_at = None
    session.flush()
    for ids in batches.batches(sorted({meeting.club_id for meeting in told if meeting.club_id})):
        _close_calls(session, sa.select(Club.id).where(Club.id.in_(ids)), now)
    for nudges in batches.batches(f"{NUDGE}{meeting.id}" for meeting in told if meeting.nudged_at is not None):
        waits = sa.and_(Message.step_id == 0, Message.occurrence.in_(nudges))
        outbox.close_all(session, waits, Reason.CHANGED, now)


def follow(session: Session, airing: Airing, now: datetime) -> None:
    """What became of a broadcast was said or corrected: silence for that reason alone begins or ends with it."""
    missed = (ClubSession.airing_id == airing.id, ClubSession.status == ClubSessionStatus.MISSED)
    if airing.status is AiringStatus.NOT_AIRED:
        unheard = sa.update(ClubSession).where(*missed, ClubSession.silence.is_(None))
        change(session, unheard.values(silence=Silence.NOT_AIRED, silence_at=now))
        _close_calls(session, sa.select(ClubSession.club_id).where(*missed), now)
        return
    heard = sa.update(ClubSession).where(*missed, ClubSession.silence == Silence.NOT_AIRED)
    change(session, heard.values(silence=None, silence_at=None, status=ClubSessionStatus.PLANNED))  # missed anew


def _close_calls(session: Session, clubs: sa.Select[Any], now: datetime) -> None:
    """Nobody is called of whose clubs none is silent any more."""
    led = sa.select(Facilitator.phone_id).join(FacilitatorClub).where(FacilitatorClub.club_id.in_(clubs))
    waiting = (Call.reason == WHY, Call.done_at.is_(None), Call.phone_id.in_(led))
    hers = _led().where(Facilitator.phone_id == Call.phone_id).correlate(Call)
    silent = sa.exists().where(ClubSession.club_id.in_(hers), is_silent())
    change(session, sa.update(Call).where(*waiting, ~silent).values(done_at=now))


def _led() -> sa.Select[int]:
    """A query of clubs by who reports for them."""
    return sa.select(FacilitatorClub.club_id).join(Facilitator).where(Facilitator.active)
