"""Invented households, one member each, their phones (shared, missing) and their consent; knows no club."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.library.population.making import Making, Person, Village, months_before
from messaging.batches import insert, insert_with_ids
from messaging.imports.protection import UNDER_18, ends_on, has_stage
from messaging.models import Consent, Household, Member, MemberPhone, Phone
from messaging.models.people import ContentLevel, HeaBand, LifeStage, Ownership, Purpose, Route, Sex, Way

HOUSEHOLD: sa.Table = Household.__table__  # type: ignore[assignment]
MEMBER: sa.Table = Member.__table__  # type: ignore[assignment]
PHONE: sa.Table = Phone.__table__  # type: ignore[assignment]
MEMBER_PHONE: sa.Table = MemberPhone.__table__  # type: ignore[assignment]
CONSENT: sa.Table = Consent.__table__  # type: ignore[assignment]

HEA = {HeaBand.VERY_POOR: 45, HeaBand.POOR: 40, HeaBand.MIDDLE: 13, HeaBand.BETTER_OFF: 2}
WOMEN_HEADS = 0.25
MINORS = 0.05  # of those without a phone
SHARED_PHONES = 0.15
THREE_ON_ONE = 0.3  # of the shared phones; two share the others
BY_CLUB = 0.05  # have a phone and yet chose the club
PERSONAL = 0.3  # of women with a phone of their own
OPTED_OUT = 0.015
WITHDRAWN = 0.01
FURTHER_PURPOSES = {Purpose.EVALUATION: 0.85, Purpose.SHARING: 0.6, Purpose.VOICE: 0.4}
WAYS = {Way.ORAL: 70, Way.PAPER: 20, Way.SMS: 10}
SHARERS = (Ownership.SPOUSE, Ownership.HOUSEHOLD, Ownership.NEIGHBOUR)
LITERACY = {"self": 25, "helped": 50, "nobody": 25}
STAGES = {LifeStage.PREGNANT: 8, LifeStage.LACTATING: 22, LifeStage.CAREGIVER: 25, LifeStage.NONE: 45}
TEXT_VERSION = "demo-1"

Row = dict[str, Any]


def make_persons(making: Making) -> dict[str, int]:
    """Make the households and members of all villages, half of them women; gives how many, and how many phones."""
    villages = _spread(making)
    homes = insert_with_ids(making.session, HOUSEHOLD, [_home(making, place, v) for place, v in enumerate(villages)])
    members = [_member(making, place, v, homes[place]) for place, v in enumerate(villages)]
    _take_phones_away(making, members)
    phones, links = _phones(making, members)
    holders = {place for place, _phone_place, _owner in links}
    ids = insert_with_ids(making.session, MEMBER, members)
    phone_ids = insert_with_ids(making.session, PHONE, phones)
    linked = ({"member_id": ids[m], "phone_id": phone_ids[p], "ownership": owner} for m, p, owner in links)
    insert(making.session, MEMBER_PHONE, linked)
    consents = (row for place, m in enumerate(ids) for row in _consents(making, members[place], m, place in holders))
    insert(making.session, CONSENT, consents)
    for village, member, ident in zip(villages, members, ids, strict=True):
        village.people.append(Person(ident, member["sex"], has_stage(member)))
    return {"households": len(homes), "members": len(ids), "phones": len(phone_ids)}


def _spread(making: Making) -> list[Village]:
    """The village of each household, in order: as many in each, or one more."""
    each, more = divmod(making.plan["households"], len(making.villages))
    return [village for place, village in enumerate(making.villages) for _ in range(each + (place < more))]


def _home(making: Making, place: int, village: Village) -> Row:
    dice = making.dice
    people = max(2, round(dice.gauss(making.plan["mean_people"], 2)))
    small = dice.choice((0, 0, 1))
    return {
        "programme_id": making.programme.id,
        "code": f"M{place + 1:04}",
        "village_id": village.id,
        "hea_band": making.pick(HEA),
        "sex_of_head": Sex.F if making.chance(WOMEN_HEADS) else Sex.M,
        "people": people,
        "women_15_49": min(1 + (people > 6), people - small - 1),
        "children_0_23": small,
        "children_24_59": min(dice.choice((0, 1)), max(0, people - small - 3)),
        "selected_on": making.today - timedelta(days=dice.randint(200, 400)),
    }


def _member(making: Making, place: int, village: Village, household_id: int) -> Row:
    """A grown-up of her village; phones, route and consent are settled later."""
    dice = making.dice
    sex = (Sex.F, Sex.M)[place % 2]
    age = dice.randint(19, 64)
    member: Row = {
        "programme_id": making.programme.id,
        "code": f"P{place + 1:04}",
        "household_id": household_id,
        "village_id": village.id,
        "sex": sex,
        "birth_year": making.today.year - age,
        "age_band": "18-24" if age < 25 else "25-49" if age < 50 else "50plus",
        "language": village.language if making.chance(0.85) else dice.choice(making.plan["also"]),
        "literacy": making.pick(LITERACY),
        "safe_hours": dice.choice(("matin", "après-midi", "soir")) if making.chance(0.3) else None,
        "life_stage": LifeStage.NONE,
        "child_birth_month": None,
        "life_stage_until": None,
        "route": Route.GROUP,
        "content_level": ContentLevel.ANYONE,
        "created_at": making.now - timedelta(days=dice.randint(60, 200)),
    }
    if sex == Sex.F and age < 46:
        _stage(making, member)
    return member


def _stage(making: Making, member: Row) -> None:
    stage = making.pick(STAGES)
    member["life_stage"] = stage
    if stage == LifeStage.PREGNANT:
        member["life_stage_until"] = months_before(making.today, -making.dice.randint(2, 8))
    elif stage != LifeStage.NONE:
        oldest = 11 if stage == LifeStage.LACTATING else 24
        member["child_birth_month"] = months_before(making.today, making.dice.randint(0, oldest))
    member["life_stage_until"] = ends_on(member)


def _take_phones_away(making: Making, members: list[Row]) -> None:
    """Say who has a phone: the documented share of women and of men has none, a few of whom are under 18."""
    for sex in (Sex.F, Sex.M):
        all_of_them = [member for member in members if member["sex"] == sex]
        without = round(len(all_of_them) * making.plan["without_phone"][sex])
        for member in all_of_them:
            member["route"] = Route.PHONE
        for member in making.dice.sample(all_of_them, without):
            member["route"] = Route.GROUP
            if making.chance(MINORS) and not has_stage(member):
                member |= {"birth_year": None, "age_band": UNDER_18}


def _phones(making: Making, members: list[Row]) -> tuple[list[Row], list[tuple[int, int, Ownership]]]:
    """Phones, and who is reached on which (place of the member, place of the phone, whose it is to her)."""
    phones: list[Row] = []
    links: list[tuple[int, int, Ownership]] = []
    waiting = [place for place, member in enumerate(members) if member["route"] == Route.PHONE]
    while waiting:
        village = members[waiting[0]]["village_id"]
        size = (3 if making.chance(THREE_ON_ONE) else 2) if making.chance(SHARED_PHONES) else 1
        group = [place for place in waiting[:size] if members[place]["village_id"] == village]
        del waiting[: len(group)]
        owners = [Ownership.OWN, *(making.dice.choice(SHARERS) for _ in group[1:])]
        links += [(place, len(phones), owner) for place, owner in zip(group, owners, strict=True)]
        phones.append(_phone(making))
        for place in group:
            members[place]["first_name"] = _initial(making) if len(group) > 1 else None
            _choose_content(making, members[place], is_alone=len(group) == 1)
    return phones, links


def _phone(making: Making) -> Row:
    row = making.phone()
    if making.chance(OPTED_OUT):
        row |= {"opted_out_at": making.now - timedelta(days=making.dice.randint(1, 50)), "opted_out_by": "sms"}
    return row


def _initial(making: Making) -> str:
    return making.dice.choice("ABCDFGHKMNOSTY") + "."


def _choose_content(making: Making, member: Row, is_alone: bool) -> None:
    if making.chance(BY_CLUB):
        member["route"] = Route.GROUP
    elif is_alone and member["sex"] == Sex.F and making.chance(PERSONAL):
        member |= {"content_level": ContentLevel.PERSON, "safe_hours": member["safe_hours"] or "soir"}


def _consents(making: Making, member: Row, ident: int, has_phone: bool) -> Iterator[Row]:
    """What she agreed to: messages when she has a phone, the life stage when one is noted, other purposes by chance."""
    purposes = [Purpose.LIFE_STAGE] if has_stage(member) else []
    if has_phone:
        purposes += [Purpose.MESSAGES, *(p for p, share in FURTHER_PURPOSES.items() if making.chance(share))]
    way = making.pick(WAYS)
    for purpose in purposes:
        yield {
            "programme_id": making.programme.id,
            "member_id": ident,
            "purpose": purpose,
            "granted": True,
            "text_version": TEXT_VERSION,
            "language": member["language"],
            "way": way,
            "witness": making.dice.choice("ABKMS") if way == Way.ORAL else None,
            "taken_by": "animatrice d'exemple",
            "given_at": member["created_at"],
            "withdrawn_at": _withdrawal(making, purpose),
        }


def _withdrawal(making: Making, purpose: Purpose) -> datetime | None:
    if purpose == Purpose.MESSAGES and making.chance(WITHDRAWN):
        return making.now - timedelta(days=making.dice.randint(1, 50))
    return None
