"""How well SMS are read: by the machine, asked back, seen by staff and how soon; practice is never counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from campaigns import senders
from campaigns.evaluation.counting import Ask, Count
from campaigns.evaluation.middle import median
from campaigns.models import PracticeReport
from messaging.models import Inbound

READ = ("ok", "partial", "late")
ASKED = ("confirm", "pending", "error")
HOUR = 3600  # seconds


def quality(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The indicators of what came in."""
    if set(codes) - {"DQ-FIX"}:
        yield from (one for one in _shares(ask) if one.code in codes)
    if "DQ-FIX" in codes:
        yield from _hours(ask)


def _shares(ask: Ask) -> Iterator[Count]:
    cuts = _cuts(ask)
    kinds = {
        "DQ-AUTO": Inbound.status.in_(READ), "DQ-ASK": Inbound.status.in_(ASKED),
        "DQ-STAFF": Inbound.sorted_by.is_not(None),
    }  # fmt: skip
    sums = [sa.func.sum(sa.case((which, 1), else_=0)) for which in kinds.values()]
    query = sa.select(sa.func.count(), *sums, *cuts).where(*_counted(ask)).group_by(*cuts)
    for number, *found in ask.session.execute(query):
        cut = tuple(found[len(kinds) :])
        yield from (Count(code, cut, int(part or 0), number) for code, part in zip(kinds, found, strict=False))


def _hours(ask: Ask) -> Iterator[Count]:
    """The median of the hours until somebody of the staff sorted an SMS."""
    query = sa.select(Inbound.received_at, Inbound.sorted_at, *_cuts(ask)).where(
        *_counted(ask), Inbound.sorted_by.is_not(None), Inbound.sorted_at.is_not(None)
    )
    waited: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    if not ask.by:
        waited[()] = []
    for came, done, *cut in ask.session.execute(query.execution_options(yield_per=1000)):
        assert done is not None
        waited[tuple(cut)].append((done - came).total_seconds() / HOUR)
    for key, hours in waited.items():
        yield Count("DQ-FIX", key, len(hours), len(hours), median(hours))


def _cuts(ask: Ask) -> list[sa.ColumnElement[str | None]]:
    return [ask.period.month_of(Inbound.received_at)] if ask.by else []


def _counted(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """SMS of the programme's people that were read and are no noise; each once, and none of practice."""
    lies = None if ask.is_everywhere else ask.within
    practised = sa.select(PracticeReport.inbound_id).where(PracticeReport.inbound_id.is_not(None))
    return [
        ask.period.holds(Inbound.received_at),
        Inbound.kind == "sms",
        Inbound.twin_of.is_(None),
        Inbound.status.is_not(None),
        Inbound.status != "ignored",
        sa.func.coalesce(Inbound.intent, "") != "noise",
        Inbound.phone_id.in_(senders.phones(ask.programme.id, lies)),
        Inbound.id.not_in(practised),
    ]
