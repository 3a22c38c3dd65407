"""Reach: by phone, by household, by group, by radio, and the gaps between households."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from tests.recounts.cells import Fact, Facts, Figure, Figures, number
from tests.recounts.raw import Row
from tests.recounts.world import World, monthly

HEADS = {"": "total", "-F": "women", "-M": "men", "-JF": "girls", "-JG": "boys", "-FE": "pregnant", "-FA": "lactating"}


def sex_of_phone(world: World, phone: int) -> str:
    """The sex of the one active member who owns it."""
    owners = [
        world.members[row.member_id].sex
        for row in world.raw["member_phone"]
        if row.phone_id == phone and row.ownership == "own" and row.member_id in world.members
    ]
    return owners[0] if len(owners) == 1 else "unknown"


def reached_phones(world: World) -> list[Fact]:
    """The phones with a delivered content message, where that message stands."""
    sexes: dict[int, str] = {}
    found = []
    for row in world.content:
        if world.is_delivered(row):
            sex = sexes.setdefault(row.phone_id, sex_of_phone(world, row.phone_id))
            where = world.of_message(row) | {"language": row.language_wanted, "sex": sex}
            found.append(Fact(row.phone_id, where))
    return found


def phones(world: World, by: Sequence[str]) -> Figures:
    """RCH-PH."""
    rows = world.by_id("phone")
    own = [
        Fact(phone, {**world.of_member(member), "sex": sex_of_phone(world, phone)})
        for member, phones in world.phones_of.items()
        for phone in phones
        if rows[phone].erased_at is None
        and (rows[phone].opted_out_at is None or rows[phone].opted_out_at >= world.starts)
    ]
    return world.cut(by).share(reached_phones(world), own)


def unproved_phones(world: World, by: Sequence[str]) -> Figures:
    """RCH-NR."""
    reached = {row.phone_id for row in world.content if world.is_delivered(row)}
    without = [
        Fact(row.phone_id, world.of_message(row))
        for row in world.content
        if world.has_no_receipt(row) and row.phone_id not in reached
    ]
    return world.cut(by).share(without, [Fact(row.phone_id, world.of_message(row)) for row in world.content])


def by_phone(world: World) -> list[Fact]:
    """The households on one of whose phones a content message was delivered."""
    homes: dict[int, set[int]] = defaultdict(set)
    for member, phones in world.phones_of.items():
        home = world.members[member].household_id
        if home in world.households:
            for phone in phones:
                homes[phone].add(home)
    found = []
    for row in world.content:
        if world.is_delivered(row):
            said = world.of_message(row)
            del said["area"], said["language"]
            found += [Fact(home, {**said, **world.of_household(home)}) for home in homes[row.phone_id]]
    return found


def by_group(world: World) -> list[Fact]:
    """The households with an active member in a club that held a session."""
    homes: dict[int, set[int]] = defaultdict(set)
    for row in world.raw["club_member"]:
        home = world.members[row.member_id].household_id if row.member_id in world.members else None
        if home in world.households:
            homes[row.club_id].add(home)
    return [Fact(home, world.of_household(home)) for session in world.held for home in homes[session.club_id]]


def every_household(world: World) -> list[Fact]:
    """The active households."""
    return [Fact(home, world.of_household(home)) for home in world.households]


def households(world: World, by: Sequence[str]) -> Figures:
    """RCH-HH."""
    return world.cut(by).share([*by_phone(world), *by_group(world)], every_household(world))


def households_by_phone(world: World, by: Sequence[str]) -> Figures:
    """RCH-HH-PH."""
    return world.cut(by).share(by_phone(world), every_household(world))


def households_by_group(world: World, by: Sequence[str]) -> Figures:
    """RCH-HH-GR: in each cell those that no phone reached there."""
    on_phone, in_group, every = world.cut(by).split(by_phone(world), by_group(world), every_household(world))
    cells = dict.fromkeys([*on_phone, *in_group, *every])
    return {
        cell: Figure(
            len({fact.key for fact in in_group.get(cell, [])} - {fact.key for fact in on_phone.get(cell, [])}),
            number(every.get(cell, [])),
        )
        for cell in cells
    }


def heads(column: str, world: World, by: Sequence[str]) -> Figures:
    """RCH-IND and its parts: of the largest report of each club in a cell."""
    reports: list[Fact] = [
        Fact((session.id, report.total, getattr(report, column) or 0), world.of_session(session, session.held_on))
        for session, report in world.reports
        if session.club_id is not None
    ]
    clubs = {row.id: row.club_id for row in world.held}

    def largest(facts: Facts) -> float:
        best: dict[int, tuple[int, int, int]] = {}
        for fact in facts:
            session, total, said = fact.key  # type: ignore[misc]
            before = best.get(clubs[session])
            if before is None or (total, -session) > (before[0], -before[1]):
                best[clubs[session]] = (total, session, said)
        return sum(said for _total, _session, said in best.values())

    return world.cut(by).count(reports, largest)


def in_range(world: World, by: Sequence[str]) -> Figures:
    """RCH-RAD."""
    listens: dict[int, set[int]] = defaultdict(set)
    for row in world.raw["club_station"]:
        listens[row.club_id].add(row.station_id)
    clubs = [row for row in world.open_clubs if listens[row.id]]
    reached = [
        Fact(club.id, {"area": world.commune(club.village_id)})
        for club in clubs
        for airing in world.took_place
        if airing.station_id in listens[club.id]
    ]
    return world.cut(by).share(reached, [Fact(club.id, {"area": world.commune(club.village_id)}) for club in clubs])


def listeners(world: World, by: Sequence[str]) -> Figures:
    """RCH-RAD-L."""
    facts = [
        Fact(session.id, world.of_session(session, session.held_on), (report.women or 0) + (report.men or 0))
        for session, report in world.reports
        if session.airing_id is not None
    ]
    return world.cut(by).count(facts, lambda of_it: sum(fact.weight for fact in of_it))


def estimate(world: World, by: Sequence[str]) -> Figures:
    """RCH-EST."""
    told = [row.people for row in world.households.values() if row.people is not None]
    mean = sum(told) / len(told) if told else 0
    return {cell: Figure(round(one.numerator * mean)) for cell, one in households(world, by).items()}


def difference(is_one: Callable[[Row], bool | None], world: World, by: Sequence[str]) -> Figures:
    """EQU-*: the share reached of those who are so, less that of those who are not; None: nobody knows."""
    cut = world.cut(by)
    reached, every = cut.split([*by_phone(world), *by_group(world)], every_household(world))
    found = {}
    for cell, of_it in every.items():
        own = {fact.key for fact in reached.get(cell, [])}
        shares = []
        for said in (True, False):
            group = {home for home in {fact.key for fact in of_it} if is_one(world.households[home]) is said}  # type: ignore[index]
            shares.append(100 * len(group & own) / len(group) if group else None)
        if shares[0] is not None and shares[1] is not None:
            gap = shares[0] - shares[1]
            found[cell] = Figure(gap, None, gap)
    return found


EVERY = {
    "RCH-PH": phones, "RCH-NR": unproved_phones, "RCH-HH": households, "RCH-HH-PH": households_by_phone,
    "RCH-HH-GR": households_by_group, "RCH-RAD": in_range, "RCH-RAD-L": listeners, "RCH-EST": estimate,
    "EQU-HEAD": partial(difference, lambda home: {"f": True, "m": False}.get(home.sex_of_head)),
    "EQU-POOR": partial(difference, lambda home: None if home.hea_band is None else home.hea_band == "very_poor"),
    **{f"RCH-IND{letters}": partial(heads, column) for letters, column in HEADS.items()},
}  # fmt: skip
CODES = {code: partial(monthly, count) for code, count in EVERY.items()}
