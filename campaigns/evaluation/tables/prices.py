"""Table 9: prices of the markets by week, as facilitators and advisers report them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from campaigns.conversation.catalogue import ROWS
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.placed import Communes, pairs
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import Value
from campaigns.week import monday_of

PRICE = next(row for row in ROWS if row.kind == "price")
CURRENCY, UNIT = PRICE.unit.split("/")  # XOF, kg
SOURCE = "sms"
COLUMNS = (
    Column("market", "#loc+market+name", "Marché", "Market", "of a commune: the village of who reports is withheld"),
    Column("adm2_code", "#adm2+code", "Code : cercle", "Code of the cercle"),
    Column("week_start", "#date+week_start", "Semaine du", "Week from", "Monday"),
    Column("commodity", "#item+name", "Produit", "Commodity"),
    Column("unit", "#item+unit", "Unité", "Unit"),
    Column("currency", "#currency+code", "Monnaie", "Currency"),
    Column("price_producer", "#value+producer+c_xof", "Prix au producteur", "Price to the producer",
           "mean of the reports of the week"),
    Column("price_retail", "#value+retail+c_xof", "Prix de détail", "Retail price", "not asked: always empty"),
    Column("reports", "#output+reports+num", "Relevés", "Reports", "that count; a corrected one counts once"),
    Column("source", "#meta+source", "Source", "Source"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each market, crop and week with a report."""
    communes = Communes(ask)
    for (area, item, monday), found in groupby(stream(ask.session, _query(ask)), key=_week):
        days = [(float(total), number) for *_key, total, number in found]  # seven at most
        reports = sum(number for _total, number in days)
        home = communes.of(area)
        yield (
            home.commune, home.cercle_code, monday.isoformat(), item, UNIT, CURRENCY,
            round(sum(total for total, _number in days) / reports), None, reports, SOURCE,
        )  # fmt: skip


def _week(row: Any) -> tuple[int | None, str, date]:
    area, item, day, *_sums = row
    return area, item, monday_of(day)


def _query(ask: Ask) -> Query:
    mapped = pairs(ask)
    cut = (mapped.c.commune_id, Value.item, Value.day)
    return (
        sa.select(*cut, sa.func.sum(Value.value), sa.func.count())
        .select_from(Value)
        .outerjoin(mapped, mapped.c.village_id == Value.place_id)
        .where(Value.programme_id == ask.programme.id, Value.kind == PRICE.kind, Value.state == "ok")
        .where(ask.period.holds_day(Value.day), ask.within(Value.place_id))
        .group_by(*cut)
        .order_by(*cut)
    )


PRICES = Table("9_market_prices", "Prix des marchés", "Market prices", "one market, week and crop", COLUMNS, rows)
