"""Table 12: one row a message, without phone, person, village or club; a million of them in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.messages import xof
from campaigns.evaluation.tables.placed import Communes, day_of
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import Campaign, Step
from messaging.models import Message, Phone

CLASS = slice(1, 5)  # of a prefix such as +22376: the country and the first digit, which say the operator's class
COLUMNS = (
    Column("day", "#date+occurred", "Jour", "Day", "local day on which it was due"),
    Column("kind", "#meta+kind", "Genre", "Kind", "reply, service, campaign or alert"),
    Column("campaign", "#activity+code", "Campagne", "Campaign", "empty: a reply or a single message"),
    Column("step", "#activity+step+code", "Étape", "Step"),
    Column("commune", "#adm3+name", "Commune", "Commune", "as the map stood on the last day", quasi=True),
    Column("commune_code", "#adm3+code", "Code : commune", "Code of the commune", quasi=True),
    Column("language", "#meta+lang", "Langue", "Language", "in which it left"),
    Column("encoding", "#meta+encoding", "Alphabet", "Encoding"),
    Column("segments", "#output+segments+num", "SMS facturés", "Segments"),
    Column("price_xof", "#value+expenditure+c_xof", "Prix (XOF)", "Price (XOF)", "at our prices"),
    Column("state", "#status+code", "État", "State"),
    Column("reason", "#status+reason", "Raison", "Reason", "why it is held or was closed"),
    Column("delivery", "#status+delivery", "Livraison", "Delivery",
           "by its receipts alone; table 2 counts answers as a proof too"),
    Column("operator", "#meta+operator", "Classe d'opérateur", "Operator class",
           "country code and first digit of the number"),
    Column("tries", "#meta+tries+num", "Essais", "Tries", "how often it was handed to a gateway"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each message that was due within the period, trials left out, in the order in which they were due."""
    communes = Communes(ask)
    homes = {village: communes.of(commune) for village, commune in communes.of_villages().items()}
    steps = {ident: (campaign, step) for ident, campaign, step in ask.session.execute(_steps(ask))}
    for day, step, village, prefix, micros, *plain in stream(ask.session, _query(ask)):
        kind, language, encoding, segments, state, reason, delivery, tries = plain
        home = homes.get(village)
        place = (home.commune, home.commune_code) if home else ("", "")
        campaign, code = steps.get(step, ("", ""))
        yield (day, kind, campaign, code, *place, language, encoding, segments, xof(micros), state, reason, delivery,
               prefix[CLASS], tries)  # fmt: skip


def _query(ask: Ask) -> Query:
    """Words are taken as they are stored: to make one of ours of each would take half of the time."""
    return (
        sa.select(
            day_of(ask, Message.due_at), Message.step_id, Message.village_id, Phone.prefix, Message.price_micros,
            _word(Message.kind), Message.language, Message.encoding, Message.segments, _word(Message.state),
            Message.reason, _word(Message.delivery), Message.tries,
        )
        .join(Phone, Phone.id == Message.phone_id)
        .where(Message.programme_id == ask.programme.id, ask.period.holds(Message.due_at))
        .where(Message.trial_of.is_(None), ask.within(Message.village_id))
        .order_by(Message.due_at, Message.id)
    )  # fmt: skip


def _word(column: Any) -> sa.ColumnElement[str]:
    return sa.type_coerce(column, sa.String())


def _steps(ask: Ask) -> Query:
    query = sa.select(Step.id, Campaign.code, Step.code).join(Campaign, Campaign.id == Step.campaign_id)
    return query.where(Campaign.programme_id == ask.programme.id)


MESSAGE_ROWS = Table(
    "12_message_rows", "Messages un par un", "Messages one by one", "one message", COLUMNS, rows
)  # fmt: skip
