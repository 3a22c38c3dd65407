"""The six place columns that most tables begin with, and the local day of a moment, in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from campaigns.evaluation import areas
from campaigns.evaluation.areas import Area
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.table import Column
from messaging import places
from messaging.models import Place, PlaceCode, PlaceParent
from messaging.models.place import Level

NOWHERE = Area(0)
BEFORE = timedelta(days=1)  # the day of a moment may begin before the period, elsewhere than in Greenwich


def _pair(level: str, number: int, fr: str, en: str) -> tuple[Column, Column]:
    known = "as the map stood on the last day; empty: not in the map"
    return (
        Column(level, f"#adm{number}+name", fr, en, known, quasi=number == 3),
        Column(f"{level}_code", f"#adm{number}+code", f"Code : {fr.lower()}", f"Code of the {en.lower()}",
               "in one coding scheme; empty: it has no code in it", quasi=number == 3),
    )  # fmt: skip


PLACE = (
    *_pair("region", 1, "Région", "Region"),
    *_pair("cercle", 2, "Cercle", "Cercle"),
    *_pair("commune", 3, "Commune", "Commune"),
)


@dataclass
class Communes:
    """The communes of a question by their id, read once and then as they are met."""

    ask: Ask
    known: dict[int | None, Area] = field(default_factory=dict)
    scheme: str = ""

    def __post_init__(self) -> None:
        session, programme = self.ask.session, self.ask.programme
        self.scheme = areas.scheme_of(session, programme)
        self.known = {None: NOWHERE}
        self.known.update(areas.communes(session, programme, self.ask.mapped_on).items())

    def of(self, ident: int | None) -> Area:
        """The commune with what it lies in; empty where nothing is known of it."""
        if ident not in self.known:
            assert ident is not None
            self.known.update(areas.of(self.ask.session, {ident}, self.scheme, self.ask.mapped_on).items())
        return self.known[ident]

    def cells(self, ident: int | None) -> tuple[str, ...]:
        """The six place cells of a commune."""
        one = self.of(ident)
        return one.region, one.region_code, one.cercle, one.cercle_code, one.commune, one.commune_code

    def of_villages(self) -> dict[int, int]:
        """The commune of every village on the map."""
        return dict(self.ask.session.execute(places.communes(self.ask.mapped_on)).all())


def pairs(ask: Ask) -> sa.Subquery:
    """Villages with their communes, to be joined: `village_id`, `commune_id`."""
    return places.communes(ask.mapped_on).subquery("mapped")


def cercle_codes(ask: Ask, idents: Iterable[int]) -> dict[int | None, str]:
    """The code of the cercle that each of a few places is or lies in, in the scheme of the programme."""
    scheme, found = areas.scheme_of(ask.session, ask.programme), dict[int | None, str]()
    for ident in idents:
        cercle = _cercle(ask, ident)
        code = sa.select(PlaceCode.code).where(PlaceCode.place_id == cercle, PlaceCode.scheme == scheme)
        found[ident] = ask.session.scalar(code) or ""
    return found


def _cercle(ask: Ask, place: int | None) -> int | None:
    while place is not None and ask.session.get_one(Place, place).level is not Level.CERCLE:
        above = sa.select(PlaceParent.parent_id).where(PlaceParent.place_id == place)
        place = ask.session.scalar(above.where(places.valid(PlaceParent, ask.mapped_on)))
    return place


def day_of(ask: Ask, moment: Any) -> sa.ColumnElement[str]:
    """The local day of a column of moments, such as `2026-03-10`; moments lie within the period."""
    zone = ask.period.zone
    if ask.session.get_bind().dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone(zone, moment), "YYYY-MM-DD", type_=sa.String())
    spans = _offsets(ask.period.starts - BEFORE, ask.period.ends + BEFORE, ZoneInfo(zone))
    days = [(until, sa.func.date(moment, f"{seconds:+d} seconds", type_=sa.String())) for until, seconds in spans]
    last = days[-1][1]
    return sa.case(*((moment < until, day) for until, day in days[:-1]), else_=last) if len(days) > 1 else last


def _offsets(since: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """Until when a zone is how many seconds ahead, hour by hour where that changes; in Mali it never does."""
    found: list[tuple[datetime, int]] = []
    at = since
    while at < until:
        ahead = at.astimezone(zone).utcoffset() or timedelta()
        at += timedelta(hours=1)
        seconds = round(ahead.total_seconds())
        found[-1:] = [(at, seconds)] if found and found[-1][1] == seconds else [*found[-1:], (at, seconds)]
    return found
