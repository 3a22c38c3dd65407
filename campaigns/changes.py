"""Staff change a stored campaign: its head, a step, the order; each state is kept, nobody is overwritten unseen.

    draft, never started      changed at will
    approved                  becomes a draft: it is approved anew
    running                   refused: it is paused first, so that nothing leaves half by an old rule
    paused                    becomes a draft: it is approved anew before it goes on; what waits stays held
    ended                     refused

What waits by an old rule is closed and planned anew by the new one. What left, or may have left, keeps its place, so
that no phone gets it twice. Days that lie behind are not made up for by steps that come again and again; steps that
a person has once follow the planner's look back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import audience, calendar, difference, loading, planner
from campaigns.definitions import Audience, Definition
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.difference import Change
from campaigns.effects import ONCE, is_unsent
from campaigns.models import Campaign, CampaignState, CampaignVersion, Occurrence, Step
from messaging import audit, outbox
from messaging.clock import local
from messaging.database import change, insert_ignore
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Message, Programme
from messaging.models.post import State
from messaging.rules import Reason

TAKEN_BACK = "changed:"  # the occurrence of what was taken back: its place is free for a new one
RUNS = "Cette campagne est en cours : mettez-la d'abord en pause. / This campaign is running: pause it first."
ENDED = "Cette campagne est terminée : elle ne change plus. / This campaign has ended: it does not change any more."


@dataclass(frozen=True)
class Hand:
    """Who changes a campaign, at which of its locks she saw it, and when."""

    staff_id: int | None
    seen: int
    now: datetime


def set_head(session: Session, campaign_id: int, by: Hand, definition: Definition) -> Campaign:
    """Take the head of a definition (title, dates, audience, …).

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended.
    """
    with _changing(session, campaign_id, by, "edited") as row:
        loading.set_head(row, definition)
    return row


def set_step(session: Session, campaign_id: int, by: Hand, code: str, said: Said) -> Campaign:
    """Make a step say this; its code and its texts stay.

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended.
        DataError: there is no such step, or the new one has another code.
    """
    with _changing(session, campaign_id, by, "edited", code) as row:
        step = _step(session, row, code)
        if said.step != code:
            raise DataError("Le code d'une étape ne change pas. / The code of a step does not change.")
        loading.set_step(step, said)
        step.changed_by_staff = True
    return row


def add_step(session: Session, campaign_id: int, by: Hand, said: Said, place: int) -> Campaign:
    """Put a new step at a place, from 0; those behind it move back.

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended.
        DataError: its code is or was taken.
    """
    with _changing(session, campaign_id, by, "added", said.step) as row:
        if session.scalar(sa.select(Step.id).where(Step.campaign_id == row.id, Step.code == said.step)):
            raise DataError(
                f"Le code « {said.step} » a déjà servi dans cette campagne : prenez-en un autre. / "
                f"The code `{said.step}` was used in this campaign before: take another."
            )
        steps = loading.steps_of(session, row.id)
        new = loading.new_step(session, row, said, place)
        new.changed_by_staff = True
        steps.insert(min(max(place, 0), len(steps)), new)
        _number(steps)
    return row


def move(session: Session, campaign_id: int, by: Hand, code: str, places: int) -> Campaign:
    """Move a step up (negative) or down by some places.

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended.
        DataError: there is no such step.
    """
    with _changing(session, campaign_id, by, "moved", code) as row:
        step = _step(session, row, code)
        steps = loading.steps_of(session, row.id)
        at = steps.index(step)
        steps.insert(max(at + places, 0), steps.pop(at))
        _number(steps)
    return row


def remove(session: Session, campaign_id: int, by: Hand, code: str) -> Campaign:
    """Take a step out; its texts stay, and come back when it is restored. What waits of it does not leave.

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended, or this is its last step.
        DataError: there is no such step.
    """
    with _changing(session, campaign_id, by, "removed", code) as row:
        step = _step(session, row, code)
        if len(loading.steps_of(session, row.id)) == 1:
            raise RefusedError("Une campagne garde au moins une étape. / A campaign keeps one step at least.")
        step.removed_at, step.changed_by_staff = by.now, True
    return row


def restore(session: Session, campaign_id: int, by: Hand, version: int) -> Campaign:
    """Make head and steps say again what a version says; texts are not touched, removed steps come back with theirs.

    Raises:
        StaleError: somebody changed the campaign since it was seen.
        RefusedError: it runs or has ended.
        DataError: there is no such version, or it cannot be read any more.
    """
    kept = session.get(CampaignVersion, (campaign_id, version))
    if kept is None:
        raise DataError("Cette version n'existe pas. / There is no such version.")
    with _changing(session, campaign_id, by, "restored") as row:
        try:
            wanted = Definition.model_validate(
                {"campaign": row.code, **kept.definition["head"], "steps": kept.definition["steps"]}
            )
        except ValueError:
            raise DataError("Cette version ne se lit plus. / This version cannot be read any more.") from None
        loading.set_head(row, wanted)
        _set_steps(session, row, wanted.steps, by.now)
    return row


def versions(
    session: Session, campaign_id: int, until: int | None = None, limit: int | None = None
) -> list[CampaignVersion]:
    """The kept states of a campaign, the newest first: all, or so many from the version `until` down."""
    query = sa.select(CampaignVersion).where(CampaignVersion.campaign_id == campaign_id)
    if until is not None:
        query = query.where(CampaignVersion.version <= until)
    return list(session.scalars(query.order_by(CampaignVersion.version.desc()).limit(limit)))


def state(session: Session, row: Campaign) -> dict[str, Any]:
    """How a campaign stands now, as a version keeps it."""
    return {
        "head": dict(row.definition),
        "steps": [dict(step.definition) for step in loading.steps_of(session, row.id)],
    }


def keep(session: Session, row: Campaign, action: str, staff_id: int | None, now: datetime, step: str | None) -> None:
    """Keep how a campaign stands now, under its lock."""
    session.flush()
    kept = CampaignVersion(campaign_id=row.id, version=row.lock, definition=state(session, row), action=action)
    kept.step, kept.staff_id, kept.at = step, staff_id, now
    session.add(kept)
    session.flush()


def catch_up(session: Session, row: Campaign, now: datetime) -> int:
    """Take back what came back since: it was being handed over when its step was changed, and did not leave.

    To be called before a paused campaign goes on; gives how many.
    """
    changed: dict[str | None, datetime] = {}  # the step, or None for all of them, and when its rule changed last
    for older, newer in pairwise(reversed(versions(session, row.id))):
        codes = difference.touched(difference.between(older.definition, newer.definition))
        changed |= dict.fromkeys([None] if codes is None else codes, newer.at)
    return sum(
        _plan_anew(session, row, None if code is None else {code}, now, made_before=at) for code, at in changed.items()
    )


def refusal(row: Campaign) -> str | None:
    """Why a campaign cannot be changed now; None when it can."""
    return {CampaignState.RUNNING: RUNS, CampaignState.ENDED: ENDED}.get(row.state)


@contextmanager
def _changing(session: Session, campaign_id: int, by: Hand, action: str, step: str | None = None) -> Iterator[Campaign]:
    """Change a campaign inside: asks lock and state before, keeps the new state and plans anew after."""
    row = loading.locked(session, campaign_id)
    if why := refusal(row):
        raise RefusedError(why)
    if row.lock != by.seen:
        raise StaleError
    before = state(session, row)
    last = next(iter(versions(session, row.id, limit=1)), None)
    if last is None or last.definition != before:
        row.lock += int(last is not None and last.version == row.lock)
        keep(session, row, "loaded", None, by.now, None)
    yield row
    session.flush()
    changes = difference.between(before, state(session, row))
    if not changes:
        return
    row.lock += 1
    loading.to_draft(row)
    keep(session, row, action, by.staff_id, by.now, step)
    waited = _plan_anew(session, row, difference.touched(changes), by.now)
    _note(session, row, changes, by, action, waited)


def _step(session: Session, row: Campaign, code: str) -> Step:
    found = next((step for step in loading.steps_of(session, row.id) if step.code == code), None)
    if found is None:
        raise DataError(f"L'étape « {code} » n'y est plus. / The step `{code}` is not there any more.")
    return found


def _number(steps: Sequence[Step]) -> None:
    for place, step in enumerate(steps):
        step.position = place


def _set_steps(session: Session, row: Campaign, wanted: Sequence[Said], now: datetime) -> None:
    known = {step.code: step for step in session.scalars(sa.select(Step).where(Step.campaign_id == row.id))}
    for place, said in enumerate(wanted):
        step = known.pop(said.step, None) or loading.new_step(session, row, said, place)
        if step.removed_at or step.definition != loading.body(said):
            loading.set_step(step, said)
            step.changed_by_staff = True
        step.position = place
    for step in known.values():
        if step.removed_at is None:
            step.removed_at, step.changed_by_staff = now, True


def _plan_anew(
    session: Session, row: Campaign, codes: set[str] | None, now: datetime, made_before: datetime | None = None
) -> int:
    """Take back what waits of some steps (None: of all), so that planning makes it by the new rule; gives how many.

    With `made_before` only what was made before then, and nothing is planned anew when there is none.
    """
    if row.started_at is None:
        return 0
    query = sa.select(Step).where(Step.campaign_id == row.id)
    steps = session.scalars(query if codes is None else query.where(Step.code.in_(codes))).all()
    waits = sa.and_(Message.step_id.in_([step.id for step in steps]), Message.trial_of.is_(None), is_unsent())
    waits = waits if made_before is None else sa.and_(waits, Message.created_at < made_before)
    pairs = session.execute(sa.select(Message.step_id, Message.occurrence).where(waits).distinct()).all()
    if made_before is not None and not pairs:
        return 0
    taken = outbox.close_all(session, waits, Reason.CHANGED, now)
    _free(session, steps)
    for step in steps:
        _open_again(session, row, step, {name for step_id, name in pairs if step_id == step.id}, now)
    return taken


def _free(session: Session, steps: Sequence[Step]) -> None:
    """Free the place of what was taken back: a message is unique on step, phone and occurrence."""
    marked = sa.literal(TAKEN_BACK).concat(sa.cast(Message.id, sa.String))
    taken = sa.update(Message).where(
        Message.step_id.in_([step.id for step in steps]),
        Message.state == State.CLOSED,
        Message.reason == Reason.CHANGED.value,
        ~Message.occurrence.startswith(TAKEN_BACK),
    )
    change(session, taken.values(occurrence=marked))


def _open_again(session: Session, row: Campaign, step: Step, taken: set[str], now: datetime) -> None:
    """Let the planner look at the batches to come again, and at those of which something waited."""
    programme, said = session.get_one(Programme, row.programme_id), Said.model_validate(step.definition)
    first = planner.since(row, said, programme.zone, now)
    since = first if said.when.trigger in ONCE else now
    done = session.execute(sa.select(Occurrence.name, Occurrence.due_at).where(Occurrence.step_id == step.id))
    again = {name for name, due_at in done if due_at > since or name.partition("/")[0] in taken or _is_dateless(name)}
    session.execute(sa.delete(Occurrence).where(Occurrence.step_id == step.id, Occurrence.name.in_(again)))
    if step.removed_at is not None or said.when.trigger in ONCE:
        return
    meant = merge(Audience.model_validate(row.definition["audience"] or {}), said.audience)
    today = local(now, programme.zone).date()
    where = audience.scope(session, programme, row.id, meant, today, markets=said.when.market is not None)
    airings = planner.broadcasts(session, programme.id, now, now)
    behind = calendar.batches(
        said, first, now, programme.zone, cycles=list(where.markets), airings=airings, role=meant.role
    )
    rows = [_passed(step, batch, now) for batch in behind if batch.name not in again]
    if rows:
        session.execute(insert_ignore(session, Occurrence, ["step_id", "name"]).values(rows))


def _is_dateless(name: str) -> bool:
    """Whether a batch keeps its name when its day moves: done once, it would never be looked at again."""
    return name == "once" or name.startswith("anchor:")


def _passed(step: Step, batch: calendar.Batch, now: datetime) -> Mapping[str, Any]:
    return {"step_id": step.id, "name": batch.name, "due_at": batch.due_at, "planned_at": now, "messages": 0}


def _note(session: Session, row: Campaign, changes: Sequence[Change], by: Hand, action: str, waited: int) -> None:
    def side(name: str) -> dict[str, Any]:
        return {f"{one.step or '-'}.{one.field}": getattr(one, name) for one in changes}

    audit.note(
        session, audit.actor(by.staff_id), action, "campaign", row.id, by.now,
        before=side("before"), after={**side("after"), "taken_back": waited, "state": row.state.value},
    )  # fmt: skip
