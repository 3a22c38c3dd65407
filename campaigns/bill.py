"""The bill before sending: people, messages, segments, money and days of a campaign, as the planner will make them.

It counts the same bundles that the planner puts, so that what is shown is what is later charged. What nobody knows yet
(who stops or joins meanwhile, the price of a future market day) is counted as it is today, an unknown value at its
longest.

Source: the page on the domain, sections 7 and 8; the design, section 6.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import audience, bundles, calendar, flow, loading, planner
from campaigns.bundles import Bundle, Waiting
from campaigns.definitions import Audience
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.due import Due
from campaigns.flow import Help, Load
from campaigns.models import Campaign, CampaignState, Enrolment
from messaging import budget, outbox
from messaging.clock import at_local, local
from messaging.hours import HoursRule
from messaging.models import Budget, Programme
from messaging.models.post import Kind
from messaging.openings import hours_rules

AGAIN_AND_AGAIN = timedelta(days=30)  # what comes back without an end is counted for so long
LONGEST = timedelta(days=366)
MICROS = 1_000_000


@dataclass(frozen=True)
class Line:
    """The messages of one step in one language by one gateway, leaving at one moment."""

    step: str
    wanted: str
    language: str
    gateway: str
    draft: bool
    encoding: str
    each: int  # segments of one message
    messages: int
    micros: int  # of all of them, in millionths of XOF
    load: Load

    @property
    def segments(self) -> int:
        """Of all of them."""
        return self.each * self.messages


@dataclass(frozen=True)
class Month:
    """The budget of a month in millionths of XOF: its limit, what is set aside or spent, what this campaign needs."""

    month: date
    limit: int
    used: int
    needed: int

    @property
    def missing(self) -> int:
        """What the limit lacks."""
        return max(self.used + self.needed - self.limit, 0)


@dataclass
class Bill:
    """What a campaign takes in a period."""

    since: datetime
    until: datetime
    lines: list[Line] = field(default_factory=list)
    waiting: Counter[tuple[str, str, str]] = field(default_factory=Counter)  # (step, language, reason) -> people
    people: int = 0  # phones that get at least one message
    late: Counter[str] = field(default_factory=Counter)  # step -> messages that cannot leave in time
    days: int = 0  # local days on which something leaves, if nothing went out of use
    months: list[Month] = field(default_factory=list)
    helps: list[Help] = field(default_factory=list)

    @property
    def messages(self) -> int:
        """All of them."""
        return sum(line.messages for line in self.lines)

    @property
    def segments(self) -> int:
        """Of all messages."""
        return sum(line.segments for line in self.lines)

    @property
    def micros(self) -> int:
        """The whole price in millionths of XOF."""
        return sum(line.micros for line in self.lines)

    @property
    def fits(self) -> bool:
        """Whether everything leaves in time and within the budget of its month."""
        return not self.late and not any(month.missing for month in self.months)

    def by(self, name: str) -> dict[str, dict[str, int]]:
        """Messages, segments and whole XOF by `language`, `step`, `wanted` or `gateway`; steps in their order."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for line in self.lines:
            one = found[getattr(line, name)]
            one["messages"] += line.messages
            one["segments"] += line.segments
            one["micros"] += line.micros
        return {
            key: {"messages": one["messages"], "segments": one["segments"], "xof": xof(one["micros"])}
            for key, one in (found.items() if name == "step" else sorted(found.items()))
        }

    def unserved(self) -> dict[tuple[str, str], int]:
        """Messages that nobody gets, by language and reason."""
        found = Counter[tuple[str, str]]()
        for (_step, language, reason), people in self.waiting.items():
            found[language, reason] += people
        return dict(sorted(found.items()))

    def fallbacks(self) -> list[dict[str, Any]]:
        """Messages that leave in another language than the wanted one."""
        found = Counter[tuple[str, str]]()
        for line in self.lines:
            if line.wanted != line.language:
                found[line.wanted, line.language] += line.messages
        return [{"wanted": a, "language": b, "messages": count} for (a, b), count in sorted(found.items())]


def xof(micros: int) -> int:
    """Whole XOF, halves up."""
    return (micros + MICROS // 2) // MICROS


def of_campaign(
    session: Session, campaign: Campaign, now: datetime, *, days: int | None = None, drafts: bool | None = None
) -> Bill:
    """The bill of a campaign from now, or from its first day, on.

    Args:
        session: a session.
        campaign: the campaign; one that has not started is counted as if it started now.
        now: the time.
        days: for how many days; None: to its end, and 30 days of what comes back without an end.
        drafts: count what is written whatever its state, or only what is approved; None: what is written while the
            campaign is a draft, then what the planner will take.
    """
    programme = session.get_one(Programme, campaign.programme_id)
    since = start_of(campaign, programme, now)
    bill = Bill(since, _until(session, campaign, programme, since, days))
    if drafts is None and campaign.state is CampaignState.DRAFT:
        drafts = True
    seen: defaultdict[tuple[int, str], bytearray] = defaultdict(bytearray)
    rules = [] if programme.always_open else hours_rules(session, programme.id)
    for due in coming(session, campaign, programme, bill.since, bill.until, rules):
        for one in bundles.of_batch(session, due, now, drafts=drafts, to_count=True):
            if isinstance(one, Waiting):
                bill.waiting[due.step.code, one.language, one.reason.value] += one.people
            elif line := _line(session, due, one, seen[due.step.id, due.batch.occurrence]):
                bill.lines.append(line)
    bill.people = _count_any(seen.values())
    bill.waiting = +bill.waiting
    _weigh(bill, rules, programme, _clubs_alone(session, campaign, programme, bill.lines))
    bill.months = _months(session, programme, bill.lines)
    return bill


def start_of(campaign: Campaign, programme: Programme, now: datetime) -> datetime:
    """From when a campaign counts: now, or its first day."""
    if campaign.starts_on is None:
        return now
    return max(now, at_local(campaign.starts_on, time.min, programme.zone))


def _until(session: Session, campaign: Campaign, programme: Programme, since: datetime, days: int | None) -> datetime:
    if days is not None:
        return since + timedelta(days=days)
    if campaign.ends_on is not None:
        end = at_local(campaign.ends_on + timedelta(days=1), time.min, programme.zone)
        return min(max(end, since), since + LONGEST)
    first = local(since, programme.zone).date()
    lasts = [_last_day(Said.model_validate(row.definition), first) for row in loading.steps_of(session, campaign.id)]
    last = max((day for day in lasts if day is not None), default=first)
    end = at_local(last + timedelta(days=1), time.min, programme.zone)
    if None in lasts:
        end = max(end, since + AGAIN_AND_AGAIN)
    return min(max(end, since), since + LONGEST)


def _last_day(said: Said, first: date) -> date | None:
    """The last day a step leaves on; None when it comes back without an end."""
    if said.when.date is not None:
        return said.when.date
    if said.when.after_enrolment is not None:
        return first + timedelta(days=said.when.after_enrolment)
    return None


def coming(
    session: Session,
    campaign: Campaign,
    programme: Programme,
    since: datetime,
    until: datetime,
    rules: Sequence[HoursRule],
) -> Iterator[Due]:
    """The batches of a period that are not planned, of a campaign that has not started as if it started at `since`.

    What an outage of the last days before left undone, and is still of use, stands among them.
    """
    whole = Audience.model_validate(campaign.definition["audience"] or {})
    today = local(since, programme.zone).date()
    airings = planner.broadcasts(session, programme.id, since, until)
    steps = loading.steps_of(session, campaign.id)
    planned = planner.planned(session, [step.id for step in steps])
    enrolled = sa.select(Enrolment.anchor_on).where(Enrolment.campaign_id == campaign.id).distinct()
    anchors = set(session.scalars(enrolled)) if campaign.started_at else {today}
    for step in steps:
        said = Said.model_validate(step.definition)
        meant = merge(whole, said.audience)
        where = audience.scope(session, programme, campaign.id, meant, today, markets=said.when.market is not None)
        first = planner.since(campaign, said, programme.zone, since)
        for batch in calendar.batches(
            said, first, until, programme.zone, cycles=list(where.markets), airings=airings, role=meant.role
        ):
            if (step.id, batch.name) in planned or not planner.is_within(campaign, batch, programme.zone):
                continue
            if batch.enrolled_on is not None:
                if batch.enrolled_on not in anchors:
                    continue
                if campaign.started_at is None:
                    batch = replace(batch, enrolled_on=None)  # everyone meant is enrolled on the day it starts
            yield Due(programme, campaign, step, said, meant, batch, where, rules)


def _line(session: Session, due: Due, bundle: Bundle, seen: bytearray) -> Line | None:
    letter, gateway = bundle.letter, bundle.way.gateway
    messages = 0
    for phone_id in outbox.phones(session, letter, bundle.people, bundle.way):
        if phone_id >= len(seen):
            seen.extend(bytes(phone_id + 1 - len(seen)))
        messages += not seen[phone_id]  # one phone gets one copy, whoever of its people is meant
        seen[phone_id] = 1
    if not messages:
        return None
    kind = "service" if letter.kind is Kind.SERVICE else "campaign"
    segments = letter.size.segments * messages
    load = Load(
        gateway.id if gateway else 0, gateway.rate if gateway else 0.0, kind, messages, segments, letter.due_at,
        letter.useful_until,
    )  # fmt: skip
    return Line(
        due.step.code, letter.language_wanted, letter.language, gateway.name if gateway else "", letter.draft,
        letter.size.encoding, letter.size.segments, messages, letter.price_micros * messages, load,
    )  # fmt: skip


def _count_any(seen: Iterable[bytearray]) -> int:
    """How many phones stand in at least one of the marks."""
    together = bytearray()
    for marks in seen:
        together.extend(bytes(max(len(marks) - len(together), 0)))
        both = int.from_bytes(together, "little") | int.from_bytes(marks, "little")
        together = bytearray(both.to_bytes(len(together), "little"))
    return sum(together)


def _weigh(bill: Bill, rules: Sequence[HoursRule], programme: Programme, clubs: Mapping[str, int] | None) -> None:
    """Whether it leaves in time, and what would help."""
    together: dict[tuple[Any, ...], list[Line]] = {}
    for line in bill.lines:
        load = line.load
        together.setdefault((line.step, load.gateway, load.kind, load.leaves_at, load.until), []).append(line)
    loads = [_sum(lines) for lines in together.values()]
    for (step, *_), passage in zip(together, flow.passages(loads, rules, programme.zone), strict=True):
        bill.late[step] += passage.late
    bill.late = +bill.late
    bill.days = flow.days_needed(loads, rules, programme.zone)
    if bill.late:
        bill.helps = flow.helps(loads, rules, programme.zone, _to_clubs(together, loads, clubs))


def _sum(lines: Sequence[Line]) -> Load:
    return replace(
        lines[0].load, messages=sum(line.messages for line in lines), segments=sum(line.segments for line in lines)
    )


def _clubs_alone(
    session: Session, campaign: Campaign, programme: Programme, lines: Sequence[Line]
) -> Mapping[str, int] | None:
    """How many phones each step to members would take if it went to their clubs alone; None: no step goes to them."""
    whole = Audience.model_validate(campaign.definition["audience"] or {})
    found = {}
    for step in loading.steps_of(session, campaign.id):
        meant = merge(whole, Said.model_validate(step.definition).audience)
        if meant.role in (None, "member"):
            where = audience.scope(session, programme, campaign.id, meant, date.min)
            if count := audience.count_clubs(session, where):
                found[step.code] = count
    return found or None


def _to_clubs(
    together: Mapping[tuple[Any, ...], Sequence[Line]], loads: Sequence[Load], clubs: Mapping[str, int] | None
) -> list[Load] | None:
    if clubs is None:
        return None
    changed = []
    for (step, *_), load in zip(together, loads, strict=True):
        count = min(clubs.get(step, load.messages), load.messages)
        changed.append(replace(load, messages=count, segments=round(load.segments * count / load.messages)))
    return changed


def _months(session: Session, programme: Programme, lines: Sequence[Line]) -> list[Month]:
    needed: Counter[date] = Counter()
    for line in lines:
        if line.load.kind == "campaign":
            needed[budget.month_of(line.load.leaves_at)] += line.micros
    rows = session.scalars(
        sa.select(Budget).where(Budget.programme_id == programme.id, Budget.limit_micros.is_not(None))
    )
    known = {row.month: row for row in rows}
    return [
        Month(month, known[month].limit_micros or 0, known[month].reserved_micros + known[month].charged_micros, micros)
        for month, micros in sorted(needed.items())
        if month in known
    ]
