"""The planner: turns what falls due into rows of the outbox, set-wise; knows when from `calendar`, who from `audience`.

Each batch of a step is planned once, marked by its `Occurrence`, in one INSERT … SELECT a language and set of slot
values. A pass with nothing due asks one question a running step, whatever the number of people enrolled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns import audience, bundles, calendar, precedence
from campaigns.bundles import Bundle, Waiting
from campaigns.calendar import Batch, Broadcast
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.due import Due
from campaigns.models import Airing, AiringStatus, Campaign, CampaignState, Episode, Occurrence, Series, Step
from messaging import budget, outbox
from messaging.clock import at_local, local
from messaging.database import Database, insert_ignore
from messaging.errors import DataError
from messaging.models import Member, Programme, Risk, Station
from messaging.openings import hours_rules
from messaging.rules import MUST_PASS, Check, Reason

log = structlog.get_logger()
LOOK_BACK = timedelta(days=3)  # after an outage, what is still of use is planned all the same
AROUND = timedelta(days=40)  # airings this near are looked at: a month later a club is asked what it kept
EARLIER = timedelta(days=8)  # a call moves back over closed days, a feast and the days around it
AGAIN = timedelta(minutes=10)  # a batch that waits for money or for a setting is tried again after this
SAID = {AiringStatus.PLANNED: None, AiringStatus.AIRED: True, AiringStatus.NOT_AIRED: False}
MAY_CHANGE = {Reason.BUDGET.value, Reason.ANSWER_COST.value, Reason.ONE_WAY.value, Reason.RISK.value}
PIECE = 250_000  # members planned in one transaction, so that no other writer waits longer than a second


@dataclass
class Plan:
    """What one pass did: messages made, and people who wait, by language and reason."""

    planned: int = 0
    waiting: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, other: Plan) -> None:
        """Add another pass."""
        self.planned += other.planned
        self.waiting += other.waiting

    def wait(self, language: str, reason: Reason, people: int) -> None:
        """Note people who get nothing now."""
        self.waiting[language, reason.value] += people

    def rows(self) -> list[dict[str, Any]]:
        """The waiting ones as the command prints them."""
        return [
            {"language": language, "reason": reason, "people": people}
            for (language, reason), people in sorted(self.waiting.items())
        ]


def plan(db: Database, now: datetime, ahead: timedelta) -> Plan:
    """Plan every batch that falls due until `now + ahead`; planning again changes nothing.

    Args:
        db: the database; each batch is a transaction of its own, a large one several.
        now: the time.
        ahead: how long before its hour a message is put in the outbox.
    """
    with db.read() as session:
        names = [(due.campaign.id, due.step.id, due.batch.name) for due in due_batches(session, now, ahead)]
    done = Plan()
    for campaign_id, step_id, name in names:
        try:
            _plan_whole(db, campaign_id, step_id, name, now, ahead, done)
        except Exception as error:  # one broken step must not keep the others from being planned
            log.error("a step cannot be planned", step=step_id, error=type(error).__name__, exc_info=True)
    return done


def _plan_whole(
    db: Database, campaign_id: int, step_id: int, name: str, now: datetime, ahead: timedelta, done: Plan
) -> None:
    more = True
    while more:
        with db.write() as session:
            result, more = plan_piece(session, campaign_id, step_id, name, now, ahead)
        done.add(result)


def due_batches(
    session: Session, now: datetime, ahead: timedelta, campaign_id: int | None = None, step_id: int | None = None
) -> Iterator[Due]:
    """The batches of all running campaigns, of one, or of one step of it, that are due and not planned yet."""
    query = (
        sa.select(Campaign, Programme)
        .join(Programme, Programme.id == Campaign.programme_id)
        .where(Campaign.state == CampaignState.RUNNING, Programme.ended_at.is_(None))
    )
    if campaign_id is not None:
        query = query.where(Campaign.id == campaign_id)
    for campaign, programme in session.execute(query):
        try:
            found = list(_of_campaign(session, campaign, programme, now, ahead, step_id))
        except (ValueError, DataError) as error:  # a row that cannot be read: that campaign waits for its mending
            log.error("a campaign cannot be read", campaign=campaign.id, error=str(error)[:200])
            continue
        yield from found


def _of_campaign(
    session: Session,
    campaign: Campaign,
    programme: Programme,
    now: datetime,
    ahead: timedelta,
    step_id: int | None = None,
) -> Iterator[Due]:
    whole = Audience.model_validate(campaign.definition["audience"] or {})
    own = sa.select(Step).where(Step.campaign_id == campaign.id, Step.removed_at.is_(None))
    steps = session.scalars(own if step_id is None else own.where(Step.id == step_id)).all()
    done = planned(session, [step.id for step in steps], now)
    airings = broadcasts(session, programme.id, now, now)
    rules = [] if programme.always_open else hours_rules(session, programme.id)
    today = local(now, programme.zone).date()
    for step in steps:
        said = Said.model_validate(step.definition)
        meant = merge(whole, said.audience)
        where = audience.scope(session, programme, campaign.id, meant, today, markets=said.when.market is not None)
        first = since(campaign, said, programme.zone, now)
        # A call may have to move back into open hours of days before.
        near = precedence.horizon(said, rules, now + ahead, programme.zone)
        until = near + (EARLIER if said.when.before_airing is not None else timedelta(0))
        for batch in calendar.batches(
            said, first, until, programme.zone, cycles=list(where.markets), airings=airings, role=meant.role
        ):
            due = Due(programme, campaign, step, said, meant, batch, where, rules)
            is_open = (step.id, batch.name) not in done and is_within(campaign, batch, programme.zone)
            if is_open and (batch.due_at < near or _must_go_early(due, now, ahead)):
                yield due


def _must_go_early(due: Due, now: datetime, ahead: timedelta) -> bool:
    """Whether a call whose own moment is closed leaves, moved back, before this pass looks no further."""
    leaves_at = bundles.leaves_at(due, now, due.step.send_as)
    return leaves_at is not None and leaves_at < min(now + ahead, due.batch.due_at)


def since(campaign: Campaign, said: Said, zone: str, now: datetime) -> datetime:
    """Since when a step counts: from the start of its campaign on, a dated one from that very day on, and what an
    outage of the last days left undone.

    Whoever starts a message for today at ten past wants it to leave now, not next year.
    """
    started = campaign.started_at or now
    first = at_local(local(started, zone).date(), time.min, zone) if said.when.date else started
    return max(now - max(LOOK_BACK, said.useful or LOOK_BACK), first)


def planned(session: Session, step_ids: Sequence[int], now: datetime | None = None) -> set[tuple[int, str]]:
    """The batches that are done, and at a moment also those that wait for somebody and need not be tried yet."""
    query = sa.select(Occurrence.step_id, Occurrence.name).where(Occurrence.step_id.in_(step_ids))
    done = {(step_id, name) for step_id, name in session.execute(query.where(Occurrence.planned_to.is_(None)))}
    if now is None:
        return done
    waits = sa.and_(Occurrence.planned_to == 0, Occurrence.waiting.is_not(None))
    rows = session.scalars(sa.select(Occurrence).where(Occurrence.step_id.in_(step_ids), waits)).all()
    changed = session.scalar(sa.select(sa.func.max(Risk.since))) if rows else None
    return done | {(row.step_id, row.name) for row in rows if not _may_go_now(row, changed, now)}


def _may_go_now(row: Occurrence, changed: datetime | None, now: datetime) -> bool:
    """Whether a batch that waits is worth another try: its time has come, or a level was changed since the last one.

    Who waits for a level may wait for months, and is not asked for every ten minutes.
    """
    reasons = {one["reason"] for one in (row.waiting or {"rows": []})["rows"]} & MAY_CHANGE
    if Reason.RISK.value in reasons and changed is not None and changed > row.planned_at:
        return True
    return reasons != {Reason.RISK.value} and row.planned_at <= now - AGAIN


def is_within(campaign: Campaign, batch: Batch, zone: str) -> bool:
    """Whether a batch falls between the first and the last day of its campaign."""
    day = local(batch.due_at, zone).date()
    return (campaign.starts_on is None or campaign.starts_on <= day) and (
        campaign.ends_on is None or day <= campaign.ends_on
    )


def broadcasts(session: Session, programme_id: int, since: datetime, until: datetime) -> list[Broadcast]:
    """The airings of a programme in and around a time, with every other airing of their episodes."""
    near = Airing.planned_at.between(since - AROUND, until + AROUND)
    query = (
        sa.select(Airing, Series.code, Station.tells_hours)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Series, Series.id == Episode.series_id)
        .join(Station, Station.id == Airing.station_id)
        .where(Series.programme_id == programme_id, Airing.episode_id.in_(sa.select(Airing.episode_id).where(near)))
    )
    return [
        Broadcast(
            row.id, row.station_id, code, row.planned_at, row.planned_at + timedelta(minutes=row.minutes),
            row.episode_id, SAID[row.status], tells_hours,
        )
        for row, code, tells_hours in session.execute(query)
    ]  # fmt: skip


def plan_piece(
    session: Session, campaign_id: int, step_id: int, name: str, now: datetime, ahead: timedelta
) -> tuple[Plan, bool]:
    """Plan one piece of one batch in the session's transaction; True when a further piece is left."""
    # Who pauses or changes the campaign meanwhile waits for the piece, and takes it back with the rest.
    session.execute(sa.select(Campaign.id).where(Campaign.id == campaign_id).with_for_update(read=True))
    _await_host(session, name)
    found = due_batches(session, now, ahead, campaign_id, step_id)
    due = next((one for one in found if (one.step.id, one.batch.name) == (step_id, name)), None)
    if due is None:
        return Plan(), False
    mark = _mark(session, due, now)
    if mark is None:
        return Plan(), False
    piece = _piece(session, due, mark.planned_to or 0)
    known = mark.waiting if mark.planned_to else None  # a new round counts who waits anew
    result = plan_batch(session, due, piece, now)
    mark.messages += result.planned
    mark.waiting = {"rows": rows} if (rows := _merged(known, result)) else None
    is_open = any(row["reason"] in MAY_CHANGE for row in mark.waiting["rows"]) if mark.waiting else False
    mark.planned_to, mark.planned_at = (piece[1] if piece else 0 if is_open else None), now
    return result, piece is not None


def _await_host(session: Session, name: str) -> None:
    """Let nobody say what became of an episode's broadcasts while what follows them is planned, and look after that."""
    if name.startswith(calendar.AIRING):
        own = sa.select(Airing.episode_id).where(Airing.id == int(name.removeprefix(calendar.AIRING)))
        session.execute(sa.select(Episode.id).where(Episode.id.in_(own)).with_for_update(read=True))


def _mark(session: Session, due: Due, now: datetime) -> Occurrence | None:
    """The row that says who plans this batch; None when another process has done it."""
    statement = insert_ignore(session, Occurrence, ["step_id", "name"]).values(
        step_id=due.step.id, name=due.batch.name, due_at=due.batch.due_at, planned_at=now, planned_to=0, messages=0
    )
    session.execute(statement)
    mark = session.get_one(Occurrence, (due.step.id, due.batch.name), with_for_update=True)
    return None if mark.planned_to is None else mark


def _piece(session: Session, due: Due, done: int) -> tuple[int, int] | None:
    """The next range of member ids, the first excluded; None when one transaction holds the rest."""
    if due.meant.role not in (None, "member"):
        return None
    last = session.scalar(sa.select(sa.func.max(Member.id))) or 0
    return None if last - done <= PIECE else (done, done + PIECE)


def _merged(known: dict[str, Any] | None, result: Plan) -> list[dict[str, Any]]:
    total = Counter({(row["language"], row["reason"]): row["people"] for row in (known or {"rows": []})["rows"]})
    total += result.waiting
    return Plan(0, total).rows()


def plan_batch(session: Session, due: Due, piece: tuple[int, int] | None, now: datetime) -> Plan:
    """Put the messages of one batch, or of a range of its members, into the outbox, as far as the budget pays."""
    done = Plan()
    moment = bundles.leaves_at(due, now, due.step.send_as)
    rivals = precedence.rivals(session, due, moment)
    for one in bundles.of_batch(session, due, now, piece):
        if isinstance(one, Waiting):
            done.wait(one.language, one.reason, one.people)
            continue
        most = _payable(session, one)
        done.planned += outbox.put_all(session, one.letter, one.people, now, way=one.way, most=most)
        if most is not None and (left := outbox.count(session, one.letter, one.people, one.way)):
            done.wait(one.letter.language_wanted, Reason.BUDGET, left)
    if moment is not None and rivals:
        precedence.keep_apart(session, due, moment, rivals)
    return done


def _payable(session: Session, bundle: Bundle) -> int | None:
    """How many messages of a bundle the month's budget still pays for; None: all."""
    if Check.BUDGET not in MUST_PASS[bundle.letter.kind] or not bundle.letter.price_micros:
        return None
    left = budget.room(session, bundle.letter.programme_id, bundle.letter.due_at)
    return None if left is None else left // bundle.letter.price_micros
