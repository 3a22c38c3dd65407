"""Whom to ask for a club's report: one phone a club, never in a red commune, never one in training."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Attendance, ClubSession
from messaging import risk
from messaging.models import Club, Facilitator, FacilitatorClub, Phone
from messaging.models.place import RiskLevel

LATELY = timedelta(days=90)  # who reported longer ago is asked no sooner than another


def of(session: Session, club_ids: Collection[int], now: datetime) -> dict[int, int]:
    """The phone to ask, by club: who reported last, else who leads, else who came first.

    A club of a red commune has none, nor one whose facilitators are all in training or cannot be called.
    """
    if not club_ids:
        return {}
    told = _reported(session, club_ids, now)
    found: dict[int, int] = {}
    rows = session.execute(_facilitators(club_ids)).all()
    shut = quiet(session, now)
    oldest = datetime.min.replace(tzinfo=now.tzinfo)
    rows = sorted(rows, key=lambda row: (told.get((row.club_id, row.phone_id), oldest), row.leader, -row.id))
    for row in rows:
        if row.village_id not in shut:
            found[row.club_id] = row.phone_id
    return found


def quiet(session: Session, now: datetime) -> set[int]:
    """The places of red communes: nobody asks there why a club is silent."""
    red = [commune for commune, level in risk.levels(session, now).items() if level is RiskLevel.RED]
    return set(risk.within(session, red, now))


def _facilitators(club_ids: Collection[int]) -> sa.Select[*tuple[object, ...]]:
    return (
        sa.select(FacilitatorClub.club_id, Facilitator.id, Facilitator.phone_id, Facilitator.leader, Club.village_id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .join(Club, Club.id == FacilitatorClub.club_id)
        .join(Phone, Phone.id == Facilitator.phone_id)
        .where(
            FacilitatorClub.club_id.in_(club_ids), Facilitator.active.is_(True), Facilitator.practice.is_(False),
            Club.closed_on.is_(None), Phone.quarantine.is_(None), Phone.invalid_at.is_(None), Phone.erased_at.is_(None),
        )
    )  # fmt: skip


def _reported(session: Session, club_ids: Collection[int], now: datetime) -> dict[tuple[int, int], datetime]:
    """When each phone reported last for each club."""
    query = (
        sa.select(ClubSession.club_id, Attendance.phone_id, sa.func.max(Attendance.received_at))
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .where(ClubSession.club_id.in_(club_ids), ClubSession.held_on >= (now - LATELY).date())
        .where(Attendance.phone_id.is_not(None))
        .group_by(ClubSession.club_id, Attendance.phone_id)
    )
    return {(club_id or 0, phone_id or 0): at for club_id, phone_id, at in session.execute(query)}
