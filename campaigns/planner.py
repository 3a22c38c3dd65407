"""The planner: turns what falls due into rows of the outbox, set-wise; knows when from `calendar`, who from `audience`.

Each batch of a step is planned once, marked by its `Occurrence`, in one INSERT … SELECT a language and set of slot
values. A pass with nothing due asks one question a running step, whatever the number of people enrolled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from campaigns import audience, calendar, slots
from campaigns.calendar import Batch, Broadcast
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.due import Due
from campaigns.models import Airing, AiringStatus, Campaign, CampaignState, Episode, Occurrence, Series, Step
from messaging import hours, outbox
from messaging.clock import at_local, local
from messaging.database import Database, insert_ignore
from messaging.departure import hours_rules
from messaging.errors import DataError
from messaging.letters import measure
from messaging.models import Chain, Gateway, Member, Programme, Text, TextState, TextVersion
from messaging.models.post import Kind
from messaging.outbox import Letter
from messaging.routing import choose
from messaging.rules import Reason
from messaging.texts import render

log = structlog.get_logger()
LOOK_BACK = timedelta(days=3)  # after an outage, what is still of use is planned all the same
AROUND = timedelta(days=8)  # airings this near are looked at: a call leaves at most a week before
EARLIER = timedelta(days=1)
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


def due_batches(session: Session, now: datetime, ahead: timedelta, campaign_id: int | None = None) -> Iterator[Due]:
    """The batches of all running campaigns, or of one, that are due and not planned yet."""
    query = (
        sa.select(Campaign, Programme)
        .join(Programme, Programme.id == Campaign.programme_id)
        .where(Campaign.state == CampaignState.RUNNING, Programme.ended_at.is_(None))
    )
    if campaign_id is not None:
        query = query.where(Campaign.id == campaign_id)
    for campaign, programme in session.execute(query):
        try:
            found = list(_of_campaign(session, campaign, programme, now, ahead))
        except (ValueError, DataError) as error:  # a row that cannot be read: that campaign waits for its mending
            log.error("a campaign cannot be read", campaign=campaign.id, error=str(error)[:200])
            continue
        yield from found


def _of_campaign(
    session: Session, campaign: Campaign, programme: Programme, now: datetime, ahead: timedelta
) -> Iterator[Due]:
    whole = Audience.model_validate(campaign.definition["audience"] or {})
    steps = session.scalars(sa.select(Step).where(Step.campaign_id == campaign.id, Step.removed_at.is_(None))).all()
    started = campaign.started_at or now
    planned = _planned(session, [step.id for step in steps])
    airings = broadcasts(session, programme.id, now)
    rules = [] if programme.always_open else hours_rules(session, programme.id)
    today = local(now, programme.zone).date()
    for step in steps:
        said = Said.model_validate(step.definition)
        meant = merge(whole, said.audience)
        where = audience.scope(session, programme, campaign.id, meant, today, markets=said.when.market is not None)
        since = max(now - LOOK_BACK, _from(started, said, programme.zone))
        # A call may have to move back into the open hours of the day before.
        until = now + ahead + (EARLIER if said.when.before_airing is not None else timedelta(0))
        for batch in calendar.batches(said, since, until, programme.zone, cycles=list(where.markets), airings=airings):
            due = Due(programme, campaign, step, said, meant, batch, where, rules)
            is_open = (step.id, batch.name) not in planned and _is_within(campaign, batch, programme.zone)
            if is_open and (batch.due_at < now + ahead or _must_go_early(due, now, ahead)):
                yield due


def _must_go_early(due: Due, now: datetime, ahead: timedelta) -> bool:
    """Whether a call whose own moment is closed leaves, moved back, before this pass looks no further."""
    leaves_at = _leaves_at(due, now, due.step.send_as)
    return leaves_at is not None and leaves_at < min(now + ahead, due.batch.due_at)


def _from(started: datetime, said: Said, zone: str) -> datetime:
    """Since when a step of a started campaign counts: a dated one of that very day too, though its hour has passed.

    Whoever starts a message for today at ten past wants it to leave now, not next year.
    """
    return at_local(local(started, zone).date(), time.min, zone) if said.when.date else started


def _planned(session: Session, step_ids: Sequence[int]) -> set[tuple[int, str]]:
    query = sa.select(Occurrence.step_id, Occurrence.name).where(
        Occurrence.step_id.in_(step_ids), Occurrence.planned_to.is_(None)
    )
    return {(step_id, name) for step_id, name in session.execute(query)}


def _is_within(campaign: Campaign, batch: Batch, zone: str) -> bool:
    day = local(batch.due_at, zone).date()
    return (campaign.starts_on is None or campaign.starts_on <= day) and (
        campaign.ends_on is None or day <= campaign.ends_on
    )


def broadcasts(session: Session, programme_id: int, now: datetime) -> list[Broadcast]:
    """The airings of a programme around now that were not called off."""
    query = (
        sa.select(Airing, Series.code)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Series, Series.id == Episode.series_id)
        .where(
            Series.programme_id == programme_id,
            Airing.planned_at.between(now - AROUND, now + AROUND),
            Airing.status != AiringStatus.NOT_AIRED,
        )
    )
    return [
        Broadcast(row.id, row.station_id, code, row.planned_at, row.planned_at + timedelta(minutes=row.minutes))
        for row, code in session.execute(query)
    ]


def plan_piece(
    session: Session, campaign_id: int, step_id: int, name: str, now: datetime, ahead: timedelta
) -> tuple[Plan, bool]:
    """Plan one piece of one batch in the session's transaction; True when a further piece is left."""
    found = due_batches(session, now, ahead, campaign_id)
    due = next((one for one in found if (one.step.id, one.batch.name) == (step_id, name)), None)
    if due is None:
        return Plan(), False
    mark = _mark(session, due, now)
    if mark is None:
        return Plan(), False
    piece = _piece(session, due, mark.planned_to or 0)
    result = plan_batch(session, due, piece, now)
    mark.messages += result.planned
    mark.waiting = {"rows": _merged(mark.waiting, result)} if result.waiting or mark.waiting else None
    mark.planned_to = piece[1] if piece else None
    return result, piece is not None


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
    """Put the messages of one batch, or of a range of its members, into the outbox."""
    tongues = audience.tongues(session, due.meant, due.where, due.batch, piece)
    people = audience.source(due.meant, due.where, due.batch, personal=due.said.personal is not None, among=piece)
    done = _plan_source(session, due, people, tongues, now)
    if due.said.personal is not None and piece is None:
        clubs = audience.through_clubs(due.meant, due.where, due.batch)
        done.add(_plan_source(session, due, clubs, audience.spoken_by(session, clubs), now, club=True))
    return done


def _plan_source(
    session: Session,
    due: Due,
    source: audience.Source,
    tongues: audience.Tongues,
    now: datetime,
    club: bool = False,
) -> Plan:
    people = source.subquery("people")
    leaves_at = _leaves_at(due, now, Kind.SERVICE if club else due.step.send_as)
    done = Plan()
    for language, own in tongues:
        spoken = sa.and_(people.c.language == language, people.c.own.is_(None) if own is None else people.c.own == own)
        text = _text(session, due, language, own, club)
        if text is None or leaves_at is None:
            count = session.scalar(sa.select(sa.func.count()).select_from(people).where(spoken)) or 0
            reason = Reason.STALE if leaves_at is None else Reason.NO_TEXT
            done.waiting += Counter({(language, reason.value): count})
            continue
        for group in slots.groups(session, due, people, spoken, text.version, text.row.language, club):
            if group.empty:
                done.waiting += Counter({(language, Reason.EMPTY_SLOT.value): group.count})
                continue
            letter = _letter(session, due, language, text, group.values, leaves_at, club)
            columns = (people.c.phone_id, people.c.member_id, people.c.club_id, people.c.village_id)
            query = sa.select(*columns).where(spoken, *group.conditions)
            done.planned += outbox.put_all(session, letter, query.order_by(people.c.member_id), now)
    return done


def _leaves_at(due: Due, now: datetime, kind: Kind) -> datetime | None:
    """The open moment at which the batch leaves; None when there is none before its use ends."""
    batch, zone = due.batch, due.programme.zone
    if batch.useful_until <= now:
        return None
    if kind in (Kind.ALERT, Kind.REPLY):
        return batch.due_at
    hours_kind = "service" if kind is Kind.SERVICE else "campaign"
    start = max(batch.due_at, now)
    opens = hours.next_open(due.rules, hours_kind, start, zone)
    if opens is not None and opens < batch.useful_until and (batch.moves == "forward" or opens == start):
        return batch.due_at if opens == start else opens
    if batch.moves == "back":
        return hours.last_open(due.rules, hours_kind, start, now, zone) or (
            opens if opens and opens < batch.useful_until else None
        )
    return None


@dataclass(frozen=True)
class Chosen:
    """The text that a group gets, in the language it really is in."""

    row: Text
    version: TextVersion


def _text(session: Session, due: Due, language: str, own: str | None, club: bool) -> Chosen | None:
    """The first text of the chain that may leave: approved, or for a demonstration any that has words."""
    for code in [language, *_falls_to(session, due.programme.id, language, own)]:
        text = session.scalar(sa.select(Text).where(Text.step_id == due.step.id, Text.language == code))
        if text is None or not (text.state is TextState.APPROVED or due.programme.demonstration):
            continue
        version = session.get_one(TextVersion, (text.id, text.version))
        if version.club if club else version.sms:  # a personal text never stands in for the wording for the family
            return Chosen(text, version)
    return None


def _falls_to(session: Session, programme_id: int, language: str, own: str | None) -> list[str]:
    if own not in (None, "null"):
        return [str(code) for code in json.loads(own or "[]")]
    row = session.get(Chain, (programme_id, language))
    return row.falls_to if row else []


def _letter(
    session: Session, due: Due, language: str, text: Chosen, values: dict[str, str], leaves_at: datetime, club: bool
) -> Letter:
    words = (text.version.club if club else text.version.sms) or ""
    kind = Kind.SERVICE if club else due.step.send_as
    gateways = session.scalars(sa.select(Gateway)).all()
    gateway = choose(gateways, "", kind, due.programme.demonstration) or (gateways[0] if gateways else None)
    return Letter(
        programme_id=due.programme.id,
        kind=kind,
        step_id=due.step.id,
        text_id=text.row.id,
        text_version=text.version.version,
        occurrence=due.batch.occurrence,
        language_wanted=language,
        language=text.row.language,
        size=measure(render(words, values)),
        slots=values or None,
        use_club=club,
        personal=due.said.personal is not None and not club,
        tags=due.said.tags,
        draft=text.row.state is not TextState.APPROVED,
        due_at=leaves_at,
        useful_until=due.batch.useful_until,
        segment_price_micros=gateway.price_micros if gateway else 0,
    )
