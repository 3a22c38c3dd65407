"""Table 1: who was reached, commune by commune and month by month; the three ways are never added up."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import sqlalchemy as sa

from campaigns.evaluation import indicators, terms
from campaigns.evaluation.cells import distinct
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.tables.placed import PLACE, Communes
from campaigns.evaluation.tables.table import Cell, Column, Row, Table
from campaigns.models import ClubSession, Measure, MeasureKind
from messaging.models import Club, ClubMember, Member, MemberPhone
from messaging.models.people import Route, Sex

HEADS = {  # a column: the indicator that it is, of the same commune and month
    "households_reached": "RCH-HH", "people_reached": "RCH-IND", "women_reached": "RCH-IND-F",
    "men_reached": "RCH-IND-M", "girls_reached": "RCH-IND-JF", "boys_reached": "RCH-IND-JG",
    "pregnant_reached": "RCH-IND-FE", "lactating_reached": "RCH-IND-FA", "phones_reached": "RCH-PH",
}  # fmt: skip
TARGETS = ("COV-HH", "RCH-HH")  # of what a target of households may be; the last one goes first
COLUMNS = (
    *PLACE,
    Column("period", "#date+period", "Mois", "Month", "calendar month, cut where the period begins or ends"),
    Column("groups_active", "#service+groups+num", "Groupes actifs", "Active groups",
           "clubs that held a session in the month"),
    Column("households_targeted", "#targeted+hh", "Ménages visés", "Households targeted",
           "the target that was entered for the commune; empty: none was"),
    Column("households_reached", "#reached+hh", "Ménages atteints", "Households reached",
           "RCH-HH: by phone, or through a club that held a session; each once"),
    Column("people_reached", "#reached+ind", "Personnes dans les groupes", "People reached through groups",
           "RCH-IND: over clubs, the largest session of the month"),
    Column("women_reached", "#reached+ind+f+adults", "Femmes", "Women", "RCH-IND-F"),
    Column("men_reached", "#reached+ind+m+adults", "Hommes", "Men", "RCH-IND-M"),
    Column("girls_reached", "#reached+ind+f+children", "Jeunes filles", "Girls", "RCH-IND-JF"),
    Column("boys_reached", "#reached+ind+m+children", "Jeunes garçons", "Boys", "RCH-IND-JG"),
    Column("pregnant_reached", "#reached+ind+f+pregnant", "Femmes enceintes", "Pregnant women",
           "RCH-IND-FE: among the women; never below the commune"),
    Column("lactating_reached", "#reached+ind+f+lactating", "Femmes allaitantes", "Lactating women",
           "RCH-IND-FA: among the women; never below the commune"),
    Column("phones_reached", "#contact+phones+num", "Téléphones atteints", "Phones reached",
           "RCH-PH: a message of a campaign was delivered; never to be added to people"),
    Column("no_phone_reached_by_group", "#reached+ind+group_only", "Sans téléphone, atteints par le groupe",
           "Without a phone, reached by the group",
           "members enrolled without a phone of their own choice, in a club that held a session in the month"),
)  # fmt: skip


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each commune and month in which anything is told."""
    cut = replace(ask, by=("area", "month"))
    found: dict[tuple[int | None, str], dict[str, Cell]] = {}
    columns = {code: column for column, code in HEADS.items()}
    for figure in _figures(cut, columns):
        found.setdefault(_key(figure), {})[columns[figure.code]] = figure.numerator
    for month in ask.period.months():
        of_month = replace(ask, period=month, by=("area",), of=ask.mapped_on)
        name = f"{month.since:%Y-%m}"
        for column, cells in (
            ("groups_active", distinct(of_month, _active(of_month), _home(), Club.id)),
            ("no_phone_reached_by_group", distinct(of_month, _group_only(of_month), _home(), Member.id)),
        ):
            for (area,), number in cells.values.items():
                found.setdefault((area, name), {})[column] = number
    targets, communes = _targets(ask), Communes(ask)
    for area, name in sorted(found, key=lambda key: (key[1], communes.of(key[0]).commune, key[0] or 0)):
        told = {"households_targeted": targets.get(area), **found[area, name]}
        counts = (_plain(told.get(one.name, _none(one))) for one in COLUMNS[len(PLACE) + 1 :])
        yield (*communes.cells(area), name, *counts)


def _figures(ask: Ask, codes: Collection[str]) -> list[Figure]:
    return indicators.compute(
        ask.session, ask.programme, ask.period, ask.now, by=ask.by, codes=codes, within=ask.within
    )


def _key(figure: Figure) -> tuple[int | None, str]:
    return figure.cut["area"], figure.cut["month"]


def _home() -> dict[str, object]:
    return {"area": Club.village_id}


def _active(ask: Ask) -> sa.Select[int]:
    query = sa.select(Club.id).join(ClubSession, ClubSession.club_id == Club.id)
    return query.where(*terms.held(ask.period, ask.programme), ask.within(Club.village_id))


def _group_only(ask: Ask) -> sa.Select[int]:
    """Active members who chose the group, or have no phone, in a club that held a session."""
    has_phone = sa.exists().where(MemberPhone.member_id == Member.id)
    return (
        sa.select(Member.id)
        .join(ClubMember, ClubMember.member_id == Member.id)
        .join(Club, Club.id == ClubMember.club_id)
        .join(ClubSession, ClubSession.club_id == Club.id)
        .where(*terms.held(ask.period, ask.programme), *terms.active(ask.period, ask.programme))
        .where(sa.or_(Member.route == Route.GROUP, ~has_phone), ask.within(Club.village_id))
    )


def _targets(ask: Ask) -> dict[int | None, float]:
    """The target of households of each commune, where one was entered: of several of an indicator the newest."""
    if not ask.is_everywhere:
        return {}  # a target is of the whole commune
    query = sa.select(Measure.place_id, Measure.value).where(
        Measure.programme_id == ask.programme.id, Measure.kind == MeasureKind.TARGET, Measure.place_id.is_not(None),
        Measure.sex == Sex.UNKNOWN,
    )  # fmt: skip
    found: dict[int | None, float] = {}
    for code in TARGETS:
        found |= dict(
            ask.session.execute(query.where(Measure.indicator == code).order_by(Measure.day, Measure.id)).all()
        )
    return found


def _none(column: Column) -> Cell:
    """What nothing was counted of: a target that is not there is no zero."""
    return None if column.name == "households_targeted" else 0


def _plain(number: Cell) -> Cell:
    return int(number) if isinstance(number, float) and number.is_integer() else number


REACH = Table(
    "1_reach_by_commune", "Portée par commune", "Reach by commune", "one commune and month", COLUMNS, rows
)  # fmt: skip
