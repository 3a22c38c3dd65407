"""Who was reached: by phone, through the group, by radio, counted apart and never added up; and the gaps between them.

Source: the page on evaluation, section 2 (RCH), and the shares of households headed by a woman and very poor ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from campaigns.evaluation import terms
from campaigns.evaluation.cells import Cells, by_month, distinct, shares, sums
from campaigns.evaluation.counting import Ask, Count
from campaigns.models import Airing, Attendance, ClubSession
from messaging.models import Club, ClubMember, ClubStation, Household, Member, MemberPhone, Message, Phone
from messaging.models.people import HeaBand, Ownership, Route, Sex

HEADS = {
    "RCH-IND": "total", "RCH-IND-F": "women", "RCH-IND-M": "men", "RCH-IND-JF": "girls", "RCH-IND-JG": "boys",
    "RCH-IND-FE": "pregnant", "RCH-IND-FA": "lactating",
}  # fmt: skip


@by_month
def reach(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `reach`."""
    for code in codes:
        yield from CODES[code](ask, code)


def phones(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-PH: phones with a delivered message, among the own phones of active members."""
    arrived = _messages(ask).where(*terms.content(ask.period, ask.programme), terms.delivered())
    own = (
        terms.on_own_phones(ask.period, ask.programme)
        .join(Phone, Phone.id == MemberPhone.phone_id)
        .where(sa.or_(Phone.opted_out_at.is_(None), Phone.opted_out_at >= ask.period.starts), Phone.erased_at.is_(None))
        .where(ask.within(Member.village_id))
    )
    owners = _owners(ask)
    by_owner = {"sex": sa.func.coalesce(owners.c.sex, Sex.UNKNOWN.value)}
    of_message = {"area": Message.village_id, "language": Message.language_wanted, **_campaign(), **by_owner}
    of_member = {"area": Member.village_id, "language": Member.language, **by_owner}
    if "sex" in ask.by:
        arrived = arrived.outerjoin(owners, owners.c.phone_id == Message.phone_id)
        own = own.outerjoin(owners, owners.c.phone_id == MemberPhone.phone_id)
    found = distinct(ask, arrived, of_message, Message.phone_id)
    yield from shares(ask, code, found, distinct(ask, own, of_member, MemberPhone.phone_id))


def without_receipt(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-NR: phones of which nobody knows whether anything arrived, among those that something was sent to."""
    meant = _messages(ask).where(*terms.content(ask.period, ask.programme))
    by = {"area": Message.village_id}
    unsure = meant.where(terms.unreceipted(), Message.phone_id.not_in(reached_phones(ask)))
    yield from shares(
        ask, code, distinct(ask, unsure, by, Message.phone_id), distinct(ask, meant, by, Message.phone_id)
    )


def reached_phones(ask: Ask) -> sa.Select[int]:
    """The phones that a content message of the period was delivered on."""
    return sa.select(Message.phone_id).where(*terms.content(ask.period, ask.programme), terms.delivered()).distinct()


def households(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-HH and its two routes: by phone, and by the group alone; each household is in one of them."""
    by_route = {"RCH-HH-PH": (_by_phone,), "RCH-HH-GR": (_by_group,), "RCH-HH": (_by_phone, _by_group)}
    first, *others = (route(ask) for route in by_route[code])
    for other in others:
        first = first.plus(other)
    yield from shares(ask, code, first, _all_households(ask))


def heads(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-IND and its parts: the heads of the largest session of each club."""
    rank = sa.func.row_number().over(
        partition_by=ClubSession.club_id, order_by=(Attendance.total.desc(), ClubSession.id)
    )
    column = getattr(Attendance, HEADS[code])
    told = (
        sa.select(column.label("heads"), Club.village_id, rank.label("place"))
        .select_from(Attendance)
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .join(Club, Club.id == ClubSession.club_id)
        .where(*terms.held(ask.period, ask.programme), terms.counts(), ask.within(Club.village_id))
        .subquery("told")
    )
    rows = sa.select(told).where(told.c.place == 1)
    yield from shares(ask, code, sums(ask, rows, {"area": told.c.village_id}, heads=told.c.heads)["heads"])


def in_range(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-RAD: clubs that listen to a station with an airing that took place, among those that listen to one."""
    listening = (
        sa.select(Club.id)
        .join(ClubStation, ClubStation.club_id == Club.id)
        .where(Club.programme_id == ask.programme.id, terms.open_on(ask.period.last), ask.within(Club.village_id))
    )
    aired = terms.aired(ask.session, ask.programme, ask.period, ask.now)
    on_air = sa.select(Airing.station_id).where(Airing.id.in_(aired))
    by = {"area": Club.village_id}
    heard = listening.where(ClubStation.station_id.in_(on_air))
    yield from shares(ask, code, distinct(ask, heard, by, Club.id), distinct(ask, listening, by, Club.id))


def listeners(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-RAD-L: women and men who came to sessions that count for an airing."""
    rows = (
        sa.select(Attendance.id)
        .join(ClubSession, ClubSession.id == Attendance.club_session_id)
        .join(Club, Club.id == ClubSession.club_id)
        .where(*terms.held(ask.period, ask.programme), terms.counts(), ClubSession.airing_id.is_not(None))
        .where(ask.within(Club.village_id))
    )
    both = sa.func.coalesce(Attendance.women, 0) + sa.func.coalesce(Attendance.men, 0)
    yield from shares(ask, code, sums(ask, rows, {"area": Club.village_id}, both=both)["both"])


def estimate(ask: Ask, code: str) -> Iterator[Count]:
    """RCH-EST: the people of the households reached, at the mean size of those that tell it; nothing if none does."""
    told = sa.select(sa.func.sum(Household.people), sa.func.count(Household.people)).where(*_homes(ask))
    people, telling = ask.session.execute(told).one()
    for found in households(ask, "RCH-HH") if telling else ():
        yield Count(code, found.cut, round(found.numerator * (people or 0) / telling))


def gap(ask: Ask, code: str) -> Iterator[Count]:
    """EQU-HEAD, EQU-POOR: how many points more of one kind of household were reached than of the others."""
    name, one_kind = ("head", _headed_by_woman) if code == "EQU-HEAD" else ("hea", _is_very_poor)
    finer = _finer(ask, name)
    sides: dict[tuple[Any, ...], dict[bool, list[float]]] = {}
    for found in households(finer, "RCH-HH"):
        side = one_kind(found.cut[-1])
        if side is not None:
            pair = sides.setdefault(found.cut[:-1], {}).setdefault(side, [0, 0])
            pair[0] += found.numerator
            pair[1] += found.denominator or 0
    for cut, both in sides.items():
        if len(both) == 2 and all(below for _above, below in both.values()):
            points = [100 * above / below for above, below in (both[True], both[False])]
            yield Count(code, cut, points[0] - points[1], value=points[0] - points[1])


def _finer(ask: Ask, name: str) -> Ask:
    return Ask(ask.session, ask.programme, ask.period, ask.now, (*ask.by, name), ask.within, ask.of)


def _headed_by_woman(head: str) -> bool | None:
    return {Sex.F.value: True, Sex.M.value: False}.get(head)


def _is_very_poor(band: str | None) -> bool | None:
    return None if band is None else band == HeaBand.VERY_POOR.value


def _messages(ask: Ask) -> sa.Select[Any]:
    rows = sa.select(Message.id).where(ask.within(Message.village_id))
    return terms.of_campaign(rows) if {"pillar", "agency"} & set(ask.by) else rows


def _campaign() -> dict[str, Any]:
    return {"pillar": terms.pillar(), "agency": terms.agency()}


def _owners(ask: Ask) -> sa.Subquery:
    """The sex of the one active member who owns a phone; phones of several owners are unknown."""
    sex = sa.case((sa.func.count() == 1, sa.func.max(Member.sex)), else_=Sex.UNKNOWN.value)
    return (
        sa.select(MemberPhone.phone_id, sex.label("sex"))
        .join(Member, Member.id == MemberPhone.member_id)
        .where(*terms.active(ask.period, ask.programme), MemberPhone.ownership == Ownership.OWN)
        .group_by(MemberPhone.phone_id)
        .subquery("owners")
    )


def _homes(ask: Ask) -> tuple[sa.ColumnElement[bool], ...]:
    return (*terms.households(ask.period, ask.programme), ask.within(Household.village_id))


def _by_home() -> Mapping[str, Any]:
    return {"area": Household.village_id, "head": Household.sex_of_head, "hea": Household.hea_band}


def _all_households(ask: Ask) -> Cells:
    return distinct(ask, sa.select(Household.id).where(*_homes(ask)), _by_home(), Household.id)


def _by_phone(ask: Ask) -> Cells:
    """Households with a member on one of whose phones a content message was delivered."""
    names = [name for name in ("pillar", "agency") if name in ask.by]
    columns = [_campaign()[name].label(name) for name in names]
    arrived = (
        _messages(_everywhere(ask))
        .with_only_columns(Message.phone_id, *columns, maintain_column_froms=True)
        .where(*terms.content(ask.period, ask.programme), terms.delivered())
        .distinct()
        .subquery("arrived")
    )
    homes = (  # from the phones on: told the members' programme, SQLite would go through all of them for each phone
        sa.select(Member.household_id, *(arrived.c[name] for name in names))
        .select_from(arrived)
        .join(MemberPhone, MemberPhone.phone_id == arrived.c.phone_id)
        .join(Member, Member.id == MemberPhone.member_id)
        .where(*terms.takes_part(ask.period), Member.route == Route.PHONE)
        .distinct()
        .subquery("homes")
    )
    rows = sa.select(Household.id).join(homes, homes.c.household_id == Household.id).where(*_homes(ask))
    return distinct(ask, rows, {**_by_home(), **{name: homes.c[name] for name in names}}, Household.id)


def _by_group(ask: Ask) -> Cells:
    """Households that no phone reached, with a member in a club that met."""
    met = sa.select(ClubSession.club_id).where(*terms.held(ask.period, ask.programme), ClubSession.club_id.is_not(None))
    in_club = (
        sa.select(Member.household_id)
        .join(ClubMember, ClubMember.member_id == Member.id)
        .where(*terms.takes_part(ask.period), ClubMember.club_id.in_(met), Member.household_id.is_not(None))
    )
    on_phone = (
        sa.select(Member.household_id)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .where(*terms.takes_part(ask.period), Member.route == Route.PHONE, Member.household_id.is_not(None))
        .where(MemberPhone.phone_id.in_(reached_phones(ask)))
    )
    rows = sa.select(Household.id).where(*_homes(ask), Household.id.in_(in_club), Household.id.not_in(on_phone))
    return distinct(ask, rows, _by_home(), Household.id)


def _everywhere(ask: Ask) -> Ask:
    """A household is of its own village, wherever the phone that reached it is counted."""
    return Ask(ask.session, ask.programme, ask.period, ask.now, ask.by)


CODES: Mapping[str, Callable[[Ask, str], Iterable[Count]]] = {
    "RCH-PH": phones,
    "RCH-NR": without_receipt,
    **dict.fromkeys(("RCH-HH", "RCH-HH-PH", "RCH-HH-GR"), households),
    **dict.fromkeys(HEADS, heads),
    "RCH-RAD": in_range,
    "RCH-RAD-L": listeners,
    "RCH-EST": estimate,
    **dict.fromkeys(("EQU-HEAD", "EQU-POOR"), gap),
}
