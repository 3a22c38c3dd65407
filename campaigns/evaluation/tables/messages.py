"""Table 2: what became of the messages by commune and day; each column counts what happened that day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import delivery, terms
from campaigns.evaluation.cells import one
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.placed import PLACE, Communes, day_of, pairs
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import Campaign, Step
from messaging.clock import local
from messaging.models import Message, Phone
from messaging.models.post import Delivery, State

CHANNEL = "sms"
MILLION = 1_000_000
# Summed over a period they are: queued and stale MSG-STALE, sent to no_receipt MSG-DR, MSG-NR, MSG-LOST (failed and
# expired together) and MSG-ANS, segments CST-SEG, opted_out_after MSG-OPT.
COUNTS = (
    "queued", "stale", "sent", "delivered", "proved_by_answer", "failed", "expired", "no_receipt", "segments", "micros",
)  # fmt: skip
COLUMNS = (
    *PLACE,
    Column("date", "#date+occurred", "Jour", "Day", "local day of what each column counts"),
    Column("campaign", "#activity+code", "Campagne", "Campaign"),
    Column("topic", "#subsector+name", "Thème", "Topic"),
    Column("language", "#meta+lang", "Langue", "Language", "in which it left"),
    Column("channel", "#channel+code", "Canal", "Channel"),
    Column("queued", "#output+queued+num", "À envoyer", "Queued", "messages that were due that day"),
    Column("stale", "#output+stale+num", "Devenus inutiles", "Stale",
           "of those due that day: out of date before they could leave"),
    Column("sent", "#output+sent+num", "Partis", "Sent", "handed over to a gateway that day; not yet reach"),
    Column("delivered", "#output+delivered+num", "Livrés", "Delivered", "of those sent: by a receipt or an answer"),
    Column("proved_by_answer", "#output+delivered+answer+num", "Livrés selon la réponse", "Proved by an answer",
           "of those delivered: no receipt, but an answer came"),
    Column("failed", "#output+failed+num", "Non livrés", "Failed", "of those sent: failed or cancelled, no answer"),
    Column("expired", "#output+expired+num", "Expirés", "Expired", "of those sent: the carrier's word, no answer"),
    Column("no_receipt", "#output+no_receipt+num", "Sans accusé", "No receipt", "of those sent: nobody knows"),
    Column("segments", "#output+segments+num", "SMS facturés", "Segments", "of those sent"),
    Column("cost_xof", "#value+expenditure+c_xof", "Coût (XOF)", "Cost (XOF)", "of those sent, at our prices"),
    Column("opted_out_after", "#output+optout+num", "Arrêts", "Opt-outs",
           "phones that said STOP that day, within seven days of this campaign's message, their latest"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each commune, day, campaign and language with anything in it, day by day."""
    communes, stopped = Communes(ask), _stopped(ask)
    topics = dict(ask.session.execute(sa.select(Campaign.code, Campaign.topic).where(_own(ask))).all())
    for area, day, campaign, language, *counts in stream(ask.session, _query(ask)):
        after = stopped.pop((area, day, campaign, language), 0)
        yield _row(communes, topics, (area, day, campaign, language), counts, after)
    for key, after in sorted(stopped.items(), key=lambda item: str(item[0])):
        yield _row(communes, topics, key, [0] * len(COUNTS), after)


def _row(communes: Communes, topics: Mapping[str, str], key: Any, counts: list[int], after: int) -> Row:
    area, day, campaign, language = key
    *numbers, micros = (int(number) for number in counts)
    named = (day, campaign, topics.get(campaign, ""), language, CHANNEL)
    return (*communes.cells(area), *named, *numbers, xof(micros), after)


def xof(micros: int) -> int | float:
    """Millionths of XOF as XOF, whole where they are."""
    return micros // MILLION if micros % MILLION == 0 else round(micros / MILLION, 2)


def _query(ask: Ask) -> Query:
    """What was due and what left, each on its day: first added up by village, so that a million rows are read once."""
    both = sa.union_all(_due(ask), _left(ask)).subquery("both")
    mapped = pairs(ask)
    cut = (mapped.c.commune_id, both.c.day, Campaign.code, both.c.language)
    return (
        sa.select(*cut, *(sa.func.sum(both.c[name]) for name in COUNTS))
        .select_from(both)
        .join(Step, Step.id == both.c.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .outerjoin(mapped, mapped.c.village_id == both.c.village_id)
        .group_by(*cut)
        .order_by(both.c.day, Campaign.code, mapped.c.commune_id, both.c.language)
    )


def _due(ask: Ask) -> Query:
    late = sa.and_(Message.state == State.CLOSED, Message.reason.in_(delivery.STALE), Message.handed_over_at.is_(None))
    which = (Message.programme_id == ask.programme.id, *terms.ours(), ask.period.holds(Message.due_at))
    return _sums(ask, Message.due_at, which, queued=sa.literal(1), stale=one(late))


def _left(ask: Ask) -> Query:
    delivered, lost = terms.delivered(), terms.lost()
    is_expired = sa.func.coalesce(Message.delivery == Delivery.EXPIRED, sa.false())
    return _sums(
        ask, Message.handed_over_at, terms.sent(ask.period, ask.programme), sent=sa.literal(1),
        delivered=one(delivered), proved_by_answer=one(sa.and_(delivered, sa.not_(terms.received()))),
        failed=one(sa.and_(lost, sa.not_(is_expired))), expired=one(sa.and_(lost, is_expired)),
        no_receipt=one(terms.unreceipted()), segments=Message.segments, micros=Message.price_micros,
    )  # fmt: skip


def _sums(ask: Ask, moment: Any, which: terms.Conditions, **counts: Any) -> Query:
    cut = (Message.village_id, Message.step_id, day_of(ask, moment).label("day"), Message.language)
    nothing = sa.literal(0)
    sums = (sa.func.sum(counts.get(name, nothing)).label(name) for name in COUNTS)
    return sa.select(*cut, *sums).where(*which, ask.within(Message.village_id)).group_by(*cut)


def _own(ask: Ask) -> sa.ColumnElement[bool]:
    return Campaign.programme_id == ask.programme.id


def _stopped(ask: Ask) -> Counter[tuple[Any, ...]]:
    """Opt-outs soon after a message, as MSG-OPT counts them, by the cut of a row; there are few."""
    latest = sa.func.row_number().over(
        partition_by=Message.phone_id, order_by=(Message.handed_over_at.desc(), Message.id.desc())
    )
    before = (
        sa.select(Phone.opted_out_at, Message.handed_over_at, Message.village_id, Message.step_id, Message.language,
                  latest.label("place"))
        .join(Message, Message.phone_id == Phone.id)
        .where(
            ask.period.holds(Phone.opted_out_at), Message.programme_id == ask.programme.id, *terms.ours(),
            Message.due_at >= ask.period.starts - delivery.AFTER - terms.WAITS, Message.due_at < ask.period.ends,
            Message.handed_over_at >= ask.period.starts - delivery.AFTER, Message.handed_over_at <= Phone.opted_out_at,
            terms.delivered(), ask.within(Message.village_id),
        )
        .subquery("before")
    )  # fmt: skip
    mapped = pairs(ask)
    query = (
        sa.select(before, mapped.c.commune_id, Campaign.code)
        .join(Step, Step.id == before.c.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .outerjoin(mapped, mapped.c.village_id == before.c.village_id)
        .where(before.c.place == 1)
    )
    zone = ask.period.zone
    return Counter(
        (row.commune_id, local(row.opted_out_at, zone).date().isoformat(), row.code, row.language)
        for row in ask.session.execute(query)
        if row.opted_out_at - row.handed_over_at <= delivery.AFTER
    )


MESSAGES = Table(
    "2_messages", "Messages par jour", "Messages by day", "one commune, day, campaign, language and channel", COLUMNS,
    rows,
)  # fmt: skip
