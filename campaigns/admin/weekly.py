"""The sessions of a week in own places, with what was counted; the Monday stands in the address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import g

from campaigns.admin import paging
from campaigns.admin.security import me
from campaigns.clubs import reports
from campaigns.models import Attendance, ClubSession, ClubSessionStatus
from messaging.models import Club, Place

Query = sa.Select[*tuple[Any, ...]]
DAY = sa.func.coalesce(ClubSession.held_on, ClubSession.planned_on)
VILLAGE = sa.func.coalesce(Club.village_id, ClubSession.place_id)


def monday(given: str, today: date) -> date:
    """The Monday of the week of a day in the address; without one, of this week."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = today
    return day - timedelta(days=day.weekday())


def of_week(first: date) -> Query:
    """The sessions of a week in own places: on the day they were held, else on the day they were planned for."""
    week = (first, first + timedelta(days=6))
    return (
        sa.select(ClubSession)
        .outerjoin(Club, Club.id == ClubSession.club_id)
        .where(
            ClubSession.programme_id == g.programme.id,
            me().within(VILLAGE),
            sa.or_(
                ClubSession.held_on.between(*week),
                sa.and_(ClubSession.held_on.is_(None), ClubSession.planned_on.between(*week)),
            ),
        )
    )


def listed(first: date, state: ClubSessionStatus | None, after: str) -> Query:
    """By day, each with the report that counts, its club and village; from the one after `after` (`day_id`) on."""
    told = sa.and_(Attendance.club_session_id == ClubSession.id, Attendance.state.in_(reports.COUNTS))
    query = (
        of_week(first)
        .outerjoin(Place, Place.id == VILLAGE)
        .outerjoin(Attendance, told)
        .with_only_columns(ClubSession, Attendance, Club, Place.name.label("village"), DAY.label("day"))
        .order_by(DAY, ClubSession.id)
    )
    if state is not None:
        query = query.where(ClubSession.status == state)
    day, _dash, ident = after.partition("_")
    key = paging.after(ident)
    if key is None or monday(day, first) != first:
        return query
    last = date.fromisoformat(day)
    return query.where(last <= DAY, sa.or_(last < DAY, ClubSession.id > key))
