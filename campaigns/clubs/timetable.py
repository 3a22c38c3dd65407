"""The slots that a station gives to a series, and the airings that staff move or add by hand.

    a slot is new      its airings are made at once
    a slot changes     what it had planned is taken back and made anew; what staff moved or noted stays
    an airing moves    what waited for its old hour is taken back and planned for the new one

Source: the page on the domain, sections 4 (slot, airing) and 6.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import calendar
from campaigns.changes import TAKEN_BACK
from campaigns.clubs import airings, called_off, listening
from campaigns.models import Airing, AiringStatus, ClubSession, Occurrence, Slot
from messaging import audit, outbox
from messaging.clock import local
from messaging.database import change
from messaging.errors import RefusedError
from messaging.models import Message, Programme, Station
from messaging.models.post import State
from messaging.rules import Reason

LONGEST_CYCLE, LONGEST_MINUTES = 60, 240  # days, minutes
MOST_XOF = 10_000_000
ONE_TIME = (
    "Choisissez un jour de la semaine, ou écrivez un cycle de jours ; pas les deux. / "
    "Choose a weekday, or write a cycle of days; not both."
)
NO_ANCHOR = (
    "Écrivez un jour de ce cycle : il se compte à partir de là. / Write a day of this cycle: it counts from there."
)
BACKWARDS = "Le dernier jour est avant le premier. / The last day lies before the first."
NO_FIRST = (
    "Choisissez un créneau de la même série qui n'est pas lui-même une rediffusion. / "
    "Choose a slot of the same series that is no repeat itself."
)
IS_REPEATED = (
    "Un autre créneau répète celui-ci : il garde sa série et reste une première diffusion. / "
    "Another slot repeats this one: it keeps its series and stays a first broadcast."
)
NOT_LIVE = "Une rediffusion n'est pas en direct. / A repeat is not live."
THERE = "Cette station diffuse déjà à cette heure-là. / This station is on the air at that hour already."
DONE = (
    "Ce qu'il en est advenu est déjà noté : cette diffusion ne se déplace plus. / "
    "What became of it is noted already: this airing can no longer be moved."
)
PAST = (
    "Cette heure est passée : notez plutôt ce qu'il en est advenu. / That hour is over: note what became of it instead."
)


@dataclass(frozen=True)
class Time:
    """What staff write of a slot: a weekday, or a cycle of days from an anchor. Money is in millionths of XOF."""

    series_id: int
    starts: time  # local
    starts_on: date
    weekday: int | None = None  # 0 Monday to 6 Sunday
    every_days: int | None = None
    anchor: date | None = None
    minutes: int = 30
    language: str | None = None
    repeat_of: int | None = None
    is_live: bool = False
    cost_micros: int | None = None
    ends_on: date | None = None


def time_of(slot: Slot) -> Time:
    """What is stored of a slot."""
    return Time(**{name: getattr(slot, name) for name in Time.__dataclass_fields__})


def faults(wanted: Time, others: Mapping[int, Time], slot_id: int | None = None) -> list[tuple[str, str]]:
    """Why a slot cannot be stored, by field, in French and English; `others` are those that it may repeat."""
    found: list[tuple[str, str]] = []
    if (wanted.weekday is None) == (wanted.every_days is None):
        found.append(("weekday", ONE_TIME))
    if wanted.every_days is not None and wanted.anchor is None:
        found.append(("anchor", NO_ANCHOR))
    if wanted.ends_on is not None and wanted.ends_on < wanted.starts_on:
        found.append(("ends_on", BACKWARDS))
    first = others.get(wanted.repeat_of) if wanted.repeat_of not in (None, slot_id) else None
    if wanted.repeat_of is not None and (first is None or first.series_id != wanted.series_id or first.repeat_of):
        found.append(("repeat_of", NO_FIRST))
    if wanted.repeat_of is not None and wanted.is_live:
        found.append(("is_live", NOT_LIVE))
    repeats = [one for one in others.values() if slot_id is not None and one.repeat_of == slot_id]
    if any(one.series_id != wanted.series_id or wanted.repeat_of is not None for one in repeats):
        found.append(("series", IS_REPEATED))
    return found


def slots_of(session: Session, programme_id: int) -> dict[int, Time]:
    """The slots of a programme's stations, by id."""
    own = sa.select(Slot).join(Station, Station.id == Slot.station_id).where(Station.programme_id == programme_id)
    return {row.id: time_of(row) for row in session.scalars(own.order_by(Slot.id))}


def add(session: Session, programme: Programme, station_id: int, wanted: Time, now: datetime, by: int | None) -> Slot:
    """Store a slot without `faults`, and make its airings."""
    row = Slot(station_id=station_id, **asdict(wanted))
    session.add(row)
    session.flush()
    audit.note(session, audit.actor(by), "added", "slot", row.id, now, after=_said(row.station_id, wanted))
    airings.plan_airings(session, programme, now)
    return row


def set_time(session: Session, programme: Programme, slot: Slot, wanted: Time, now: datetime, by: int | None) -> None:
    """Write another time without `faults` over a slot that the session holds locked; its airings follow.

    Only the airings to come that stand where the old time put them are made anew: of this slot, and of those that
    repeat it.
    """
    before = time_of(slot)
    if before == wanted:
        return
    same = sa.select(Slot).where(sa.or_(Slot.id == slot.id, Slot.repeat_of == slot.id))
    planned = [row for one in session.scalars(same) for row in _to_come(session, one, programme.zone, now)]
    for name, value in asdict(wanted).items():
        setattr(slot, name, value)
    _take_away(session, planned, now)
    session.flush()
    audit.note(
        session, audit.actor(by), "changed", "slot", slot.id, now,
        before=_said(slot.station_id, before), after=_said(slot.station_id, wanted),
    )  # fmt: skip
    airings.plan_airings(session, programme, now)


def add_airing(session: Session, programme: Programme, wanted: Airing, now: datetime, by: int | None) -> Airing:
    """Store an airing outside every slot; one of the past counts for the meetings since then.

    Raises:
        RefusedError: the station is on the air at that hour already.
    """
    _check_free(session, wanted)
    session.add(wanted)
    session.flush()
    audit.note(session, audit.actor(by), "added", "airing", wanted.id, now, after=_hour(wanted))
    if wanted.planned_at <= now:
        listening.of_station(session, wanted.station_id, local(wanted.planned_at, programme.zone).date())
    return wanted


def move(
    session: Session, programme: Programme, airing: Airing, at: datetime, minutes: int, now: datetime, by: int | None
) -> int:
    """Give a planned airing another hour, aware UTC; gives how many messages were taken back to be planned anew.

    Raises:
        RefusedError: what became of it is noted; the hour is over, or taken.
    """
    called_off.lock(session, airing.episode_id)
    session.refresh(airing)
    if airing.status is not AiringStatus.PLANNED:
        raise RefusedError(DONE)
    if at <= now:
        raise RefusedError(PAST)
    before, was_at = _hour(airing), airing.planned_at
    airing.planned_at, airing.minutes = at, minutes
    _check_free(session, airing)
    if _hour(airing) == before:
        return 0
    airing.changed_by = by
    session.flush()
    audit.note(session, audit.actor(by), "moved", "airing", airing.id, now, before=before, after=_hour(airing))
    if was_at <= now:  # while nobody said anything of it, it counted as aired
        listening.of_station(session, airing.station_id, local(was_at, programme.zone).date())
    return _take_back(session, [airing.id], now)


def _to_come(session: Session, slot: Slot, zone: str, now: datetime) -> list[Airing]:
    """The planned airings of a slot that stand where its time puts them."""
    own = sa.select(Airing).where(
        Airing.slot_id == slot.id, Airing.planned_at > now, Airing.status == AiringStatus.PLANNED
    )
    found = []
    for row in session.scalars(own.with_for_update()):
        at = local(row.planned_at, zone)
        if at.time() == slot.starts and any(airings.days(slot, at.date(), at.date())):
            found.append(row)
    return found


def _take_away(session: Session, rows: Sequence[Airing], now: datetime) -> None:
    ids = [row.id for row in rows]
    _take_back(session, ids, now)
    session.execute(sa.update(ClubSession).where(ClubSession.airing_id.in_(ids)).values(airing_id=None))
    session.execute(sa.delete(Airing).where(Airing.id.in_(ids)))


def _take_back(session: Session, airing_ids: Sequence[int], now: datetime) -> int:
    """Take back what waits for airings, and let the planner look at them again; what has left has left."""
    names = [calendar.occurrence(ident) for ident in airing_ids]
    of_these = sa.or_(sa.false(), *(Occurrence.name.op("||")("/").startswith(f"{name}/") for name in names))
    steps = session.scalars(sa.select(Occurrence.step_id).where(of_these).distinct()).all()
    which = sa.and_(Message.step_id.in_(steps), Message.occurrence.in_(names), Message.trial_of.is_(None))
    taken = outbox.close_all(session, which, Reason.CHANGED, now)
    marked = sa.literal(TAKEN_BACK).concat(sa.cast(Message.id, sa.String))  # a message is unique on step and occurrence
    freed = sa.and_(which, Message.state == State.CLOSED, Message.reason == Reason.CHANGED.value)
    change(session, sa.update(Message).where(freed).values(occurrence=marked))
    session.execute(sa.delete(Occurrence).where(of_these))
    return taken


def _check_free(session: Session, wanted: Airing) -> None:
    """Refuse an hour at which the station airs something else."""
    near = sa.select(Airing).where(
        Airing.station_id == wanted.station_id,
        Airing.status != AiringStatus.NOT_AIRED,
        Airing.planned_at.between(wanted.planned_at - timedelta(hours=4), wanted.planned_at + timedelta(hours=4)),
    )
    end = wanted.planned_at + timedelta(minutes=wanted.minutes)
    with session.no_autoflush:
        rows = [row for row in session.scalars(near) if row is not wanted]
    if any(
        row.planned_at < end and wanted.planned_at < row.planned_at + timedelta(minutes=row.minutes) for row in rows
    ):
        raise RefusedError(THERE)


def _hour(row: Airing) -> dict[str, Any]:
    return {
        "planned_at": row.planned_at.isoformat(timespec="minutes"), "minutes": row.minutes, "episode": row.episode_id,
        "station": row.station_id,
    }  # fmt: skip


def _said(station_id: int, said: Time) -> dict[str, Any]:
    return {"station": station_id, **{name: value for name, value in asdict(said).items() if value is not None}}
