"""The sends of one week: what left, what waits in the outbox, and what is coming, as the planner will make it.

What is coming is counted by the bundles that the planner puts, so that the week shows what will be charged. A campaign
that does not run stands apart: what it would send if somebody started it.

Source: the page on the domain, sections 7 and 8; the design, section 4.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import bill, bundles, planner, precedence
from campaigns.bundles import Waiting
from campaigns.due import Due
from campaigns.models import Airing, Campaign, CampaignState, Episode, Occurrence, Series, Step
from campaigns.week import WEEK, Of, Purse, Send, Stand, marked
from messaging import budget, outbox
from messaging.hours import HoursRule, shut_by
from messaging.models import Budget, Chain, Message, Programme, Station, Text, TextVersion
from messaging.models.post import Kind, State
from messaging.openings import hours_rules


def rules_of(session: Session, programme: Programme) -> list[HoursRule]:
    """The open hours that count for a programme; none: it is always open."""
    return [] if programme.always_open else hours_rules(session, programme.id)


def in_outbox(
    session: Session, programme: Programme, rules: Sequence[HoursRule], since: datetime, until: datetime
) -> list[Send]:
    """The messages of a period that are planned, whatever became of them; replies and trials are left out."""
    found: dict[tuple[int, Kind, datetime], Send] = {}
    rows = list(_grouped(session, programme.id, since, until))
    step_ids = {row.step_id for row in rows}
    owners, wanted = _owners(session, step_ids), _wanted(session, step_ids)
    for row in rows:
        due = wanted.get((row.step_id, row.occurrence), row.due_at)
        made = Send(owners.get(row.step_id, Of()), row.step_id, row.kind, row.due_at, due)
        one = found.setdefault(made.key, made)
        stand = _stand(row.state, row.left)
        one.stands[stand, (row.reason or "") if stand in ("held", "never") else ""] += row.messages
        if stand == "never":
            continue  # and is not charged
        one.messages += row.messages
        one.segments += row.segments
        one.micros += row.micros
        one.languages[row.language] += row.messages
    return [_explained(one, rules, programme.zone) for one in found.values()]


def _stand(state: State, has_left: bool) -> Stand:
    if has_left:
        return "left"
    stands: dict[State, Stand] = {State.HELD: "held", State.CLOSED: "never"}
    return stands.get(state, "waiting")


def _grouped(session: Session, programme_id: int, since: datetime, until: datetime) -> Iterator[Any]:
    left = Message.handed_over_at.is_not(None).label("left")
    parts = (
        Message.step_id, Message.kind, Message.occurrence, Message.due_at, Message.language, Message.state,
        Message.reason, left,
    )  # fmt: skip
    sums = (
        sa.func.count().label("messages"),
        sa.func.sum(Message.segments).label("segments"),
        sa.cast(sa.func.sum(Message.price_micros), sa.BigInteger).label("micros"),
    )
    yield from session.execute(
        sa.select(*parts, *sums).where(Message.programme_id == programme_id, *counted(since, until)).group_by(*parts)
    )


def counted(since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition of a message that the calendar shows."""
    return Message.due_at >= since, Message.due_at < until, Message.kind != Kind.REPLY, Message.trial_of.is_(None)


def _owners(session: Session, step_ids: Iterable[int]) -> dict[int, Of]:
    query = sa.select(Step, Campaign).join(Campaign, Campaign.id == Step.campaign_id).where(Step.id.in_(step_ids))
    return {step.id: _of(campaign, step, runs=True) for step, campaign in session.execute(query)}


def _of(campaign: Campaign, step: Step, *, runs: bool) -> Of:
    return Of(campaign.code, campaign.title_fr, campaign.title_en, step.code, runs, precedence.priority_of(step))


def _wanted(session: Session, step_ids: Iterable[int]) -> dict[tuple[int, str], datetime]:
    """When the batches of some steps were due, by step and the occurrence that their messages carry."""
    query = sa.select(Occurrence.step_id, Occurrence.name, Occurrence.due_at).where(Occurrence.step_id.in_(step_ids))
    return {(step_id, name.partition("/")[0]): due_at for step_id, name, due_at in session.execute(query)}


def of_campaigns(
    session: Session,
    programme: Programme,
    rules: Sequence[HoursRule],
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    running_only: bool = False,
    count: bool = True,
) -> list[Send]:
    """What the campaigns of a programme will send in a period, and is not planned yet.

    Args:
        session: a session.
        programme: whose campaigns.
        rules: its open hours.
        since: aware UTC, included; what is due before and moved here counts.
        until: aware UTC, not included.
        now: the time; nothing comes before it.
        running_only: leave out what leaves only if somebody starts it.
        count: False: only when what leaves, without asking to whom; that takes no time whatever the number of people.
    """
    if until <= now:
        return []
    states = [CampaignState.RUNNING]
    if not running_only:
        states += [CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.PAUSED]
    query = sa.select(Campaign).where(Campaign.programme_id == programme.id, Campaign.state.in_(states))
    found: dict[tuple[int, Kind, datetime], Send] = {}
    held = _in_reach(session, programme, since, until)
    for campaign in session.scalars(query.order_by(Campaign.code)).all():
        seen: Counter[tuple[int, str]] = Counter()  # a phone has an occurrence of a step once
        first = bill.start_of(campaign, programme, now)
        for due in bill.coming(session, campaign, programme, first, until + planner.EARLIER, rules):
            if _leaves_within(due, now, since, until):
                for send in _of_batch(session, due, now, seen) if count else _uncounted(due, now):
                    _join(found, _explained(send, rules, programme.zone))
    del held
    return [
        one for one in found.values() if since <= one.leaves_at < until and (one.messages or one.without or not count)
    ]


def _in_reach(session: Session, programme: Programme, since: datetime, until: datetime) -> list[object]:
    """The rows that every bundle looks up by their keys: while they are held, the session asks for none of them."""
    airings = sa.select(Airing).join(Episode).join(Series).where(Series.programme_id == programme.id)
    near = Airing.planned_at.between(since - planner.AROUND, until + planner.AROUND)
    texts = (
        sa.select(TextVersion)
        .join(Text, sa.and_(Text.id == TextVersion.text_id, Text.version == TextVersion.version))
        .join(Step, Step.id == Text.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Campaign.programme_id == programme.id, Campaign.state != CampaignState.ENDED)
    )
    queries: list[sa.Select[Any]] = [
        airings.where(near), texts,
        sa.select(Chain).where(Chain.programme_id == programme.id),
        sa.select(Episode).join(Series).where(Series.programme_id == programme.id),
        sa.select(Series).where(Series.programme_id == programme.id),
        sa.select(Station).where(Station.programme_id == programme.id),
    ]  # fmt: skip
    return [row for query in queries for row in session.scalars(query)]


def _leaves_within(due: Due, now: datetime, since: datetime, until: datetime) -> bool:
    """Whether some of a batch leaves in the period: a personal one goes to clubs as well, by wider hours."""
    return any(since <= one.leaves_at < until for one in _uncounted(due, now))


def _uncounted(due: Due, now: datetime) -> list[Send]:
    """When a batch leaves, by kind."""
    of = _of(due.campaign, due.step, runs=due.campaign.state is CampaignState.RUNNING)
    kinds = {due.step.send_as} | ({Kind.SERVICE} if due.said.personal is not None else set())
    moments = [(kind, bundles.leaves_at(due, now, kind)) for kind in sorted(kinds)]
    wanted = max(due.batch.due_at, now)
    return [Send(of, due.step.id, kind, moment, wanted) for kind, moment in moments if moment is not None]


def _of_batch(session: Session, due: Due, now: datetime, seen: Counter[tuple[int, str]]) -> list[Send]:
    """The sends of one batch: one, or of a personal step also that to the clubs."""
    found: dict[tuple[int, Kind, datetime], Send] = {}
    without: Counter[str] = Counter()
    of = _of(due.campaign, due.step, runs=due.campaign.state is CampaignState.RUNNING)
    had = due.step.id, due.batch.occurrence
    drafts = True if due.campaign.state is CampaignState.DRAFT else None
    for part in bundles.of_batch(session, due, now, drafts=drafts, to_count=True):
        if isinstance(part, Waiting):
            without[part.reason.value] += part.people
            continue
        letter = part.letter
        marks = marked(outbox.phones(session, letter, part.people, part.way)) & ~seen[had]
        seen[had] |= marks
        phones = marks.bit_count()
        made = Send(of, due.step.id, letter.kind, letter.due_at, max(due.batch.due_at, now))
        made.messages, made.marks = phones, marks
        made.segments, made.micros = letter.size.segments * phones, letter.price_micros * phones
        made.languages = +Counter({letter.language: phones})
        _join(found, made)
    for send in [] if found else _uncounted(due, now)[:1]:
        _join(found, send)
    next(iter(found.values())).without += without
    return list(found.values())


def _join(found: dict[tuple[int, Kind, datetime], Send], new: Send) -> None:
    """Add a send to what leaves with it: the same step by several stations, languages or gateways."""
    one = found.setdefault(new.key, new)
    if one is new:
        return
    one.marks |= new.marks
    one.messages += new.messages
    one.segments += new.segments
    one.micros += new.micros
    one.languages += new.languages
    one.without += new.without


def _explained(send: Send, rules: Sequence[HoursRule], zone: str) -> Send:
    """The send with the reason of the hours row that moved it."""
    if send.is_moved:
        rule = shut_by(rules, "service" if send.kind is Kind.SERVICE else "campaign", send.wanted_at, zone)
        send.closed_by = rule.reason if rule else ""
    return send


def planned_marks(session: Session, since: datetime, until: datetime) -> dict[tuple[int, Kind, datetime], int]:
    """The phones of what left or waits in a period, of all programmes together, by the key of a send."""
    gone = sa.and_(Message.state == State.CLOSED, Message.handed_over_at.is_(None))
    query = (
        sa.select(Message.step_id, Message.kind, Message.due_at, Message.phone_id)
        .where(Message.programme_id.in_(sa.select(Programme.id)), *counted(since, until), ~gone)
        .execution_options(yield_per=10_000)
    )
    ids: defaultdict[tuple[int, Kind, datetime], list[int]] = defaultdict(list)
    for step_id, kind, due_at, phone_id in session.execute(query):
        ids[step_id, kind, due_at.replace(second=0, microsecond=0)].append(phone_id)
    return {key: marked(found) for key, found in ids.items()}


def purses(session: Session, programme: Programme, monday: date, sends: Iterable[Send]) -> list[Purse]:
    """The budget of the months of a week, beside what is coming in it."""
    needed: Counter[date] = Counter()
    for one in sends:
        if one.of.runs and not one.is_planned and one.kind is Kind.CAMPAIGN:
            needed[budget.month_of(one.leaves_at)] += one.micros
    months = sorted({monday.replace(day=1), (monday + WEEK - timedelta(days=1)).replace(day=1), *needed})
    rows = session.scalars(sa.select(Budget).where(Budget.programme_id == programme.id, Budget.month.in_(months)))
    known = {row.month: row for row in rows}
    return [
        Purse(month, row.limit_micros, row.reserved_micros + row.charged_micros, needed[month])
        if (row := known.get(month))
        else Purse(month, None, 0, needed[month])
        for month in months
    ]
