"""The watch: looks at the figures of the post twice a minute, raises and clears alarms, has those on duty told.

    figures   what the tables say, gathered with few queries
    wrong     which alarms these figures call for: pure
    compare   what changes against the alarms that are open: pure

While the engine is silent nothing of this runs: `tell_if_silent` is called from outside of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import alarms, budget, marks, notices, sender, staff
from messaging.alarms import Kind
from messaging.database import change
from messaging.engines import pulse
from messaging.gateways import signs
from messaging.installation import Installation
from messaging.models import Alarm, Attempt, Budget, Gateway, Mark, Message, Programme
from messaging.models.post import AttemptState, State
from messaging.routing import SIMULATOR
from messaging.settings import Settings

HOUR = timedelta(hours=1)
UNKNOWN_MOST = 0.01  # of an hour's attempts
ATTEMPTS_LEAST = 10  # in the hour: of fewer, one unclear one says nothing about the gateway; the pages list it
NEARLY, FULL = 80, 100  # percent of a month's money
DOUBLED_STANDS = timedelta(hours=24)  # a double is over when it happens: for so long it stays in sight
UNWELL = "unwell:"  # start of the marks that say when a gateway's trouble was first told

Key = tuple[Kind, str]  # what is wrong, and about what
Wrong = Mapping[Key, float | None]  # with its figure, in the unit of its kind


@dataclass(frozen=True)
class Month:
    """The money of one programme this month, in millionths of XOF."""

    programme: str
    used: int  # spent or set aside
    limit: int

    @property
    def percent(self) -> int:
        """How much of it is used."""
        return self.used * 100 // self.limit


@dataclass(frozen=True)
class Share:
    """An hour's attempts at one gateway."""

    unknown: int  # of which it was not known, when their time to be answered was over, whether they left
    attempts: int

    @property
    def percent(self) -> float:
        """How many of a hundred are unknown."""
        return round(100 * self.unknown / self.attempts, 1) if self.attempts else 0.0

    @property
    def is_too_high(self) -> bool:
        """True above one in a hundred, when there are enough to say so."""
        return self.attempts >= ATTEMPTS_LEAST and self.unknown > UNKNOWN_MOST * self.attempts


@dataclass(frozen=True)
class Figures:
    """All that the watch looks at."""

    gateways: Sequence[Gateway] = ()
    troubled: Mapping[int, datetime] = field(default_factory=dict)  # gateway: the look that first found it unwell
    shares: Mapping[str, Share] = field(default_factory=dict)  # by the gateway's name
    months: Sequence[Month] = ()
    is_engine_silent: bool = False


@dataclass(frozen=True)
class Changes:
    """What one look changes; nothing nearly always."""

    raised: Wrong = field(default_factory=dict)
    worse: Wrong = field(default_factory=dict)
    measured: Wrong = field(default_factory=dict)
    cleared: Collection[Key] = ()

    def __bool__(self) -> bool:
        """True when something changes."""
        return bool(self.raised or self.worse or self.measured or self.cleared)


def watch(here: Installation, now: datetime) -> Mapping[str, int]:
    """One look; gives how many alarms were `raised` and `cleared`, and how many people and mailboxes were `told`."""
    with here.db.read() as session:
        seen, known = figures(session, here.settings, now), alarms.open_alarms(session)
    changes, marked = compare(wrong(seen, now), known, now), first_troubles(seen)
    if changes or marked != seen.troubled:
        with here.db.write() as session:
            _remember(session, seen.troubled, marked)
            _apply(session, changes, now)
    raised = len(changes.raised) + len(changes.worse)
    return {"raised": raised, "cleared": len(changes.cleared), "told": tell(here, now)}


def tell(here: Installation, now: datetime) -> int:
    """Have those on duty told of what is open and news to them; gives how many."""
    return notices.tell_by_sms(here, now) + notices.tell_by_mail(here, now)


def tell_if_silent(here: Installation, now: datetime, since: datetime | None = None) -> bool:
    """Raise the alarm when no engine gave a sign of life for `JEKULU_SILENT_AFTER`, and see to it that it is heard.

    The engine would hand the SMS over, so it is done here, through the claim that every SMS passes: should the engine
    wake up meanwhile, one of the two gets it. The engine's own watch clears the alarm.

    Args:
        here: the installation.
        now: the time.
        since: when the caller began to watch: a machine that was off is not silent yet.

    Returns:
        True while the engine is silent; False too when none ever ran.
    """
    with here.db.read() as session:
        silence = pulse.silence(session, now, since)
    if silence is None or silence < here.settings.silent_after:
        return False
    with here.db.write() as session:
        alarms.raise_one(session, Kind.SILENT, "", now, silence // timedelta(minutes=1))
    notices.tell_by_sms(here, now)
    with here.db.read() as session:
        waiting = notices.waiting(session, now)
    if waiting:
        sender.send_due(here, now, only=waiting)
    notices.tell_by_mail(here, now)
    return True


def figures(session: Session, settings: Settings, now: datetime) -> Figures:
    """What the tables say now. The simulator and a demonstration count only while nothing else is there."""
    is_real = staff.has_real_gateway(session)
    rows = session.scalars(sa.select(Gateway).order_by(Gateway.id)).all()
    silence = pulse.silence(session, now)
    return Figures(
        gateways=[row for row in rows if not is_real or row.adapter != SIMULATOR],
        troubled=_troubled(session),
        shares=shares(session, settings.resolve_after[0], now),
        months=_months(session, is_real, now),
        is_engine_silent=silence is not None and silence >= settings.silent_after,
    )


def wrong(seen: Figures, now: datetime) -> dict[Key, float | None]:
    """What is wrong by these figures; of a gateway that rests nothing else is told."""
    found: dict[Key, float | None] = {}
    for row in seen.gateways:
        share = seen.shares.get(row.name)
        if row.paused_at is not None:
            found[Kind.PAUSED, row.name] = None
        elif is_unwell(row, seen.troubled.get(row.id), now):
            found[Kind.UNWELL, row.name] = None
        if row.paused_at is None and share is not None and share.is_too_high:
            found[Kind.UNKNOWN, row.name] = share.percent
    for month in seen.months:
        if month.percent >= NEARLY:
            found[Kind.BUDGET, month.programme] = month.percent
    if seen.is_engine_silent:
        found[Kind.SILENT, ""] = None
    return found


def is_unwell(row: Gateway, first: datetime | None, now: datetime) -> bool:
    """A telephone that was heard once and is silent, or a gateway that told trouble at two looks one after the other.

    Args:
        row: the gateway.
        first: the look that first found it in trouble.
        now: the time.
    """
    is_lost = row.seen_at is not None and signs.is_silent(row, now)
    stays = bool(row.trouble) and None not in (first, row.checked_at) and row.checked_at != first
    return is_lost or stays


def first_troubles(seen: Figures) -> dict[int, datetime]:
    """For each gateway that tells trouble, the look that first found it so."""
    ill = [row for row in seen.gateways if row.trouble and row.checked_at is not None]
    return {row.id: seen.troubled.get(row.id, row.checked_at) for row in ill if row.checked_at is not None}


def compare(found: Wrong, known: Sequence[Alarm], now: datetime) -> Changes:
    """What changes in the open alarms; the engine's silence is raised by who watches from outside, not here."""
    held = {(Kind(row.kind), row.about): row for row in known}
    worse = {key: new for key, new in found.items() if key in held and _is_worse(key[0], held[key].figure, new)}
    return Changes(
        raised={key: new for key, new in found.items() if key not in held and key[0] is not Kind.SILENT},
        worse=worse,
        measured={
            key: new for key, new in found.items()
            if key in held and key not in worse and _is_other(key[0], held[key].figure, new)
        },
        cleared=[key for key, row in held.items() if key not in found and _is_over(key[0], row, now)],
    )  # fmt: skip


def _is_worse(kind: Kind, old: float | None, new: float | None) -> bool:
    """A month at 100 % is told anew."""
    return kind is Kind.BUDGET and (old or 0) < FULL <= (new or 0)


def _is_other(kind: Kind, old: float | None, new: float | None) -> bool:
    """Of a month the highest figure stays: around 100 % it may go up and down."""
    return new is not None and (new > (old or 0) if kind is Kind.BUDGET else new != old)


def _is_over(kind: Kind, row: Alarm, now: datetime) -> bool:
    if kind is Kind.DOCTOR:
        return False  # it looks from outside, and less often
    return kind is not Kind.DOUBLED or now - row.raised_at >= DOUBLED_STANDS


def shares(session: Session, first_look: timedelta, now: datetime) -> dict[str, Share]:
    """By gateway the last hour's attempts; nothing while none of them is unclear: then nobody has to count.

    An attempt counts as unknown when its gateway's answer was lost, also if a look or a late receipt has settled it.
    """
    if not _is_any_unclear(session, now):
        return {}
    unclear = Attempt.state.in_((AttemptState.UNKNOWN, AttemptState.NOT_SENT))
    lost = sa.or_(unclear, Attempt.denied_at.is_not(None), _took(session, first_look))
    query = (
        sa.select(Gateway.name, sa.func.sum(sa.case((lost, 1), else_=0)), sa.func.count())
        .join(Gateway, Gateway.id == Attempt.gateway_id)
        .where(Attempt.started_at > now - HOUR)
        .group_by(Gateway.name)
    )
    return {name: Share(unknown, attempts) for name, unknown, attempts in session.execute(query)}


def unknown_now(session: Session) -> dict[str, int]:
    """How many attempts have an unknown outcome now, by gateway; not those whose message is closed: nobody waits."""
    query = (
        sa.select(Gateway.name, sa.func.count())
        .join(Attempt, Attempt.gateway_id == Gateway.id)
        .join(Message, Message.id == Attempt.message_id)
        .where(budget.OPEN, Attempt.state == AttemptState.UNKNOWN, Message.state != State.CLOSED)
        .group_by(Gateway.name)
    )
    return dict(session.execute(query).all())


def metrics(session: Session, now: datetime) -> list[str]:
    """Lines for a monitor: open alarms by kind, the engine's silence in seconds, unknown attempts by gateway."""
    known = alarms.open_alarms(session)
    silence = pulse.silence(session, now)
    lines = ["# TYPE jekulu_alarms gauge"]
    lines += [f'jekulu_alarms{{kind="{kind}"}} {sum(row.kind == kind for row in known)}' for kind in Kind]
    if silence is not None:
        lines += [
            "# TYPE jekulu_engine_silent_seconds gauge",
            f"jekulu_engine_silent_seconds {silence.total_seconds():.0f}",
        ]
    lines += ["# TYPE jekulu_unknown_attempts gauge"]
    return lines + [f'jekulu_unknown_attempts{{gateway="{name}"}} {n}' for name, n in unknown_now(session).items()]


def _is_any_unclear(session: Session, now: datetime) -> bool:
    """Whether counting is worth its price: something is unknown now, or an alarm waits to be cleared by the count."""
    unclear = sa.exists().where(Attempt.state == AttemptState.UNKNOWN, Attempt.started_at > now - HOUR)
    told = sa.exists().where(Alarm.kind == Kind.UNKNOWN.value, Alarm.cleared_at.is_(None))
    return bool(session.scalar(sa.select(sa.or_(unclear, told))))


def _took(session: Session, wait: timedelta) -> sa.ColumnElement[bool]:
    """Whether an attempt was settled only so long after it was begun; SQLite subtracts no times."""
    if session.get_bind().dialect.name == "postgresql":
        return Attempt.settled_at - Attempt.started_at >= wait
    days = sa.func.julianday(Attempt.settled_at) - sa.func.julianday(Attempt.started_at)
    return days * 86_400 >= wait.total_seconds() - 0.001  # a day's fraction is a little off


def _months(session: Session, is_real: bool, now: datetime) -> list[Month]:
    used = Budget.charged_micros + Budget.reserved_micros
    query = (
        sa.select(Programme.code, used, Budget.limit_micros)
        .join(Budget, Budget.programme_id == Programme.id)
        .where(Budget.month == budget.month_of(now), Budget.limit_micros > 0)
    )
    if is_real:
        query = query.where(~Programme.demonstration)
    return [Month(code, spent, limit or 0) for code, spent, limit in session.execute(query)]


def _troubled(session: Session) -> dict[int, datetime]:
    rows = session.execute(sa.select(Mark.name, Mark.value).where(Mark.name.startswith(UNWELL)))
    return {int(name.removeprefix(UNWELL)): datetime.fromisoformat(value) for name, value in rows}


def _remember(session: Session, old: Mapping[int, datetime], new: Mapping[int, datetime]) -> None:
    for ident in new.keys() - old.keys():
        marks.note(session, f"{UNWELL}{ident}", new[ident])
    over = [f"{UNWELL}{ident}" for ident in old.keys() - new.keys()]
    change(session, sa.delete(Mark).where(Mark.name.in_(over)))


def _apply(session: Session, changes: Changes, now: datetime) -> None:
    for (kind, about), figure in changes.raised.items():
        is_full = kind is Kind.BUDGET and (figure or 0) >= FULL
        alarms.raise_one(session, kind, about, now, figure, FULL if is_full else None)
    for (kind, about), figure in changes.worse.items():
        alarms.worsen(session, kind, about, now, figure)
    for (kind, about), figure in changes.measured.items():
        alarms.note_figure(session, kind, about, figure)
    for kind, about in changes.cleared:
        alarms.clear(session, kind, about, now)
