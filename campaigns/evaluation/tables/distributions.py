"""Table 8: what was handed out, commune by commune, beside who was told of it and who said that it came."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from campaigns.conversation.catalogue import ROWS
from campaigns.evaluation import terms
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.messages import xof
from campaigns.evaluation.tables.placed import PLACE, Communes
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import Campaign, Distribution, Step, Value
from messaging import places
from messaging.models import Member, MemberPhone, Message

RECEIPT = next(row.kind for row in ROWS if row.form == "receipt")
COLUMNS = (
    *PLACE,
    Column("distribution", "#activity+distribution+code", "Distribution", "Distribution"),
    Column("modality", "#modality+code", "Modalité", "Modality", "in_kind, cash, voucher or cash+"),
    Column("item", "#item+name", "Article", "Item"),
    Column("unit", "#item+unit", "Unité", "Unit"),
    Column("planned_hh", "#targeted+hh", "Ménages prévus", "Households planned"),
    Column("notified_hh", "#output+notified+hh", "Ménages prévenus", "Households notified",
           "with a member on whose phone the message of this distribution was delivered"),
    Column("served_hh", "#reached+hh", "Ménages servis", "Households served"),
    Column("served_women_headed", "#reached+hh+f_headed", "dont menés par une femme", "of them headed by a woman",
           "empty: not counted"),
    Column("quantity", "#output+quantity+num", "Quantité", "Quantity", "in the unit"),
    Column("value_xof", "#value+transfer+c_xof", "Valeur (XOF)", "Value (XOF)", "empty: not told"),
    Column("confirmed_by_sms", "#output+confirmed+num", "Reçu, par SMS", "Confirmed by SMS",
           "phones that wrote RECU; of a distribution, not of one item"),
    Column("not_received_reports", "#output+not_received+num", "Pas reçu, par SMS", "Not received, by SMS",
           "phones that wrote PAS RECU; of a distribution, not of one item"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each commune, distribution and item with its day in the period."""
    communes = Communes(ask)
    for row in stream(ask.session, _query(ask)):
        area, code, modality, item, unit, step, planned, served, headed, counted, quantity, micros = row
        notified, confirmed, missing = _told(ask, area, step)
        amount = int(quantity) if float(quantity).is_integer() else round(quantity, 2)
        yield (
            *communes.cells(area), code, modality, item, unit, planned, notified, served, headed if counted else None,
            amount, None if micros is None else xof(int(micros)), confirmed, missing,
        )  # fmt: skip


def _query(ask: Ask) -> Query:
    """The rows of villages added up with those of their commune."""
    mapped = places.communes(ask.mapped_on).subquery("mapped")
    one = Distribution
    area = sa.func.coalesce(mapped.c.commune_id, one.place_id)
    cut = (area, one.code, one.modality, one.item, one.unit, one.step_id)
    sums = (one.planned, one.served, one.served_women_headed)
    return (
        sa.select(*cut, *map(sa.func.sum, sums), sa.func.count(one.served_women_headed), sa.func.sum(one.quantity),
                  sa.func.sum(one.value_micros))
        .outerjoin(mapped, mapped.c.village_id == one.place_id)
        .where(one.programme_id == ask.programme.id, ask.period.holds_day(one.day), ask.within(one.place_id))
        .group_by(*cut)
        .order_by(one.code, one.item, area)
    )  # fmt: skip


def _told(ask: Ask, area: int, step_id: int | None) -> tuple[int | None, int | None, int | None]:
    """Households notified, and who wrote that it came and that it did not; over communes DIS-CONF. None: no step."""
    if step_id is None:
        return None, None, None
    mapped = places.communes(ask.mapped_on).subquery("here")
    here = sa.select(mapped.c.village_id).where(mapped.c.commune_id == area)
    homes = (
        sa.select(sa.func.count(Member.household_id.distinct()))
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .join(Message, Message.phone_id == MemberPhone.phone_id)
        .where(Message.step_id == step_id, Message.trial_of.is_(None), terms.delivered())
        .where(Member.programme_id == ask.programme.id, Member.village_id.in_(here), ask.within(Member.village_id))
    )
    name = sa.select(Campaign.code + "/" + Step.code).join(Step, Step.campaign_id == Campaign.id)
    came = sa.func.sum(sa.case((Value.value > 0, 1), else_=0))
    said = sa.select(came, sa.func.count()).where(
        Value.programme_id == ask.programme.id, Value.kind == RECEIPT, Value.state == "ok",
        Value.text == name.where(Step.id == step_id).scalar_subquery(), Value.place_id.in_(here),
        ask.within(Value.place_id),
    )  # fmt: skip
    confirmed, number = ask.session.execute(said).one()
    return ask.session.scalar(homes) or 0, int(confirmed or 0), number - int(confirmed or 0)


DISTRIBUTIONS = Table(
    "8_distributions", "Distributions", "Distributions", "one commune, distribution and item", COLUMNS, rows
)  # fmt: skip
