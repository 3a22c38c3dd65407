"""The calendar: one week of sends with volumes and cost, beside the budget; caps and conflicts are asked for after it.

Counting to whom a week goes takes a second and more, so a page that nobody has counted shows first what leaves when,
and asks for the rest by itself; without JavaScript a link does. Counts are kept for a short time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, g, render_template, request
from sqlalchemy.orm import Session

from campaigns import coming as sends_of
from campaigns import crowding
from campaigns.admin.bill import names
from campaigns.admin.security import installation
from campaigns.admin.words import _, _n, why
from campaigns.crowding import Limit
from campaigns.models import Campaign
from campaigns.week import WEEK, Send, days, monday_of, span_of, total
from messaging.clock import local, utc_now
from messaging.hours import ALL_DAY, HoursRule, Span, open_spans
from messaging.models import Audit, Inbound, Message, Programme

coming = Blueprint("coming", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
FARTHEST = timedelta(days=730)
KEPT_FOR = timedelta(seconds=60)
MOST_KEPT = 30


@dataclass(frozen=True)
class Kept:
    """The coming sends of a week, as they were counted at a moment."""

    at: datetime
    sends: Sequence[Send]


_kept: dict[tuple[Any, ...], Kept] = {}


@coming.get("/calendar")
def page() -> str:
    """One week: the present one, or that of the day in the address; `full` counts everything and seeks conflicts."""
    programme: Programme = g.programme
    now = utc_now()
    today = local(now, programme.zone).date()
    monday = _monday(request.args.get("week", ""), today)
    is_full = request.args.get("full") == "1"
    with installation().db.read() as session:
        rules = sends_of.rules_of(session, programme)
        counted = _counted(session, programme, rules, monday, now, count=is_full)
        ahead = counted.sends if counted else _uncounted(session, programme, rules, monday, now)
        sends = [*sends_of.in_outbox(session, programme, rules, *span_of(monday, programme.zone)), *ahead]
        week = days(rules, monday, sends, programme.zone)
        return render_template(
            "calendar.html", week=week, today=today, before=monday - WEEK, after=monday + WEEK, this=monday_of(today),
            counted=counted, total=total, purses=sends_of.purses(session, programme, monday, sends),
            crowding=crowding.of_week(session, programme, week, now) if is_full else None,
            usual=usual(rules), spans=spans, hour=lambda at: f"{local(at, programme.zone):%H:%M}", stands=stands,
            says=says, names=names(session), zone=programme.zone,
        )  # fmt: skip


def _monday(given: str, today: date) -> date:
    """The Monday of a day in an address; of today when it is none, or lies years away."""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = today
    return monday_of(day if abs(day - today) <= FARTHEST else today)


def _uncounted(
    session: Session, programme: Programme, rules: Sequence[HoursRule], monday: date, now: datetime
) -> list[Send]:
    since, until = span_of(monday, programme.zone)
    return sends_of.of_campaigns(session, programme, rules, since, until, now, count=False)


def _counted(
    session: Session, programme: Programme, rules: Sequence[HoursRule], monday: date, now: datetime, *, count: bool
) -> Kept | None:
    """The coming sends with their volumes, if they were counted within the minute and nothing was noted since.

    What staff change leaves a line in the audit log, what people say an inbound, what is planned a message.
    """
    marks = session.execute(
        sa.select(
            *(sa.select(sa.func.max(model.id)).scalar_subquery() for model in (Audit, Inbound, Message)),
            sa.select(sa.func.sum(Campaign.lock)).scalar_subquery(),
        )
    ).one()
    key = (str(installation().db.engine.url), programme.id, monday, *marks)
    for old in [one for one, kept in _kept.items() if now - kept.at > KEPT_FOR] or list(_kept)[:-MOST_KEPT]:
        _kept.pop(old, None)
    if key not in _kept and count:
        since, until = span_of(monday, programme.zone)
        _kept[key] = Kept(now, sends_of.of_campaigns(session, programme, rules, since, until, now))
    return _kept.get(key)


def usual(rules: Sequence[HoursRule]) -> dict[str, Sequence[Span]]:
    """The open hours of a day of which no dated row speaks, by kind; nothing when it is always open."""
    every = [rule for rule in rules if not rule.is_of_some_days]
    return {kind: open_spans(every, kind, date.min) for kind in ("campaign", "service")} if rules else {}


def spans(found: Sequence[Span]) -> str:
    """« 08:00–11:30, 16:35–17:20 »."""
    if list(found) == [ALL_DAY]:
        return _("toute la journée")
    return ", ".join(f"{start:%H:%M}–{'24:00' if end == ALL_DAY[1] else f'{end:%H:%M}'}" for start, end in found)


def stands(send: Send) -> list[str]:
    """Where the messages of a planned send are, in words, and who gets nothing and why."""
    said = {
        "left": lambda count: _n("%(num)s parti", "%(num)s partis", count),
        "waiting": lambda count: _n("%(num)s en attente", "%(num)s en attente", count),
        "held": lambda count: _n("%(num)s retenu", "%(num)s retenus", count),
        "never": lambda count: _n("%(num)s non envoyé", "%(num)s non envoyés", count),
    }
    found = [
        said[stand](count) + (f" : {why(reason)}" if reason else "")
        for stand in said
        for (at, reason), count in sorted(send.stands.items())
        if at == stand
    ]
    return found + [
        _n("%(num)s personne sans message", "%(num)s personnes sans message", people) + f" : {why(reason)}"
        for reason, people in sorted(send.without.items())
    ]


def says(limit: Limit) -> str:
    """A cap in words."""
    said = {
        1: lambda: _n("%(num)s message par jour", "%(num)s messages par jour", limit.most),
        7: lambda: _n("%(num)s message par semaine", "%(num)s messages par semaine", limit.most),
        30: lambda: _n("%(num)s message par mois", "%(num)s messages par mois", limit.most),
    }
    return said[limit.days]() + (f" ({limit.row.reason})" if limit.row else "")
