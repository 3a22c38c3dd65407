"""Invented schools, clubs, groups and cooperatives with their facilitators and members; knows no broadcast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from campaigns.library.population.making import Making, Person, Village
from messaging import codes
from messaging.batches import insert, insert_with_ids, update
from messaging.models import Club, ClubMember, ClubStation, Facilitator, FacilitatorClub, Phone
from messaging.models.people import ClubKind, FacilitatorKind, Sex

CLUB: sa.Table = Club.__table__  # type: ignore[assignment]
CLUB_MEMBER: sa.Table = ClubMember.__table__  # type: ignore[assignment]
CLUB_STATION: sa.Table = ClubStation.__table__  # type: ignore[assignment]
FACILITATOR: sa.Table = Facilitator.__table__  # type: ignore[assignment]
FACILITATOR_CLUB: sa.Table = FacilitatorClub.__table__  # type: ignore[assignment]
PHONE: sa.Table = Phone.__table__  # type: ignore[assignment]

TITLES = {
    ClubKind.APFLS: "CEAP",
    ClubKind.LISTENERS_CLUB: "Club",
    ClubKind.IYCF: "Groupe ANJE",
    ClubKind.COOPERATIVE: "Coop",
}
LISTENERS = 20  # members of a listeners' club
OWN_PHONE = 0.3  # of listeners' clubs have a phone of their own
CYCLE = 5  # days between the meetings of every other listeners' club
LEADER = 4  # every so many facilitators one is an opinion leader too


@dataclass
class Group:
    """A club on its way: its kind and village, which of the village's groups of that kind it is, who belongs to it."""

    kind: ClubKind
    village: Village
    rank: int
    people: Sequence[Person]
    id: int = 0


@dataclass
class Team:
    """A facilitator or adviser on the way, and the groups of hers."""

    kind: FacilitatorKind
    sex: Sex
    groups: list[Group]


def make_groups(making: Making) -> dict[str, int]:
    """Make all groups of the plan with facilitators, members and stations; gives how many groups and facilitators."""
    groups = [*_village_groups(making), *_cooperatives(making)]
    numbers = [number for first, last in making.plan["club_numbers"] for number in range(first, last + 1)]
    rows = [_row(making, group, place, codes.make(numbers[place])) for place, group in enumerate(groups)]
    for group, ident in zip(groups, insert_with_ids(making.session, CLUB, rows), strict=True):
        group.id = ident
    _listen(making, [group for group in groups if group.kind == ClubKind.LISTENERS_CLUB])
    belonging = ({"club_id": group.id, "member_id": person.id} for group in groups for person in group.people)
    insert(making.session, CLUB_MEMBER, belonging)
    teams = _advisers(making, groups) if "advisers" in making.plan else _village_teams(making, groups)
    _staff(making, teams)
    return {"clubs": len(groups), "facilitators": len(teams)}


def _village_groups(making: Making) -> Iterator[Group]:
    for village in making.villages:
        for place, word in enumerate(making.plan["club_kinds"]):
            kind = ClubKind(word)
            rank = making.plan["club_kinds"][:place].count(word)
            yield Group(kind, village, rank, _belonging(making, village, kind, rank))


def _belonging(making: Making, village: Village, kind: ClubKind, rank: int) -> Sequence[Person]:
    """Half the village each in its schools; mothers in the IYCF group; a women's and a mixed listeners' club."""
    women = [person for person in village.people if person.sex == Sex.F]
    if kind == ClubKind.APFLS:
        return village.people[rank::2]
    if kind == ClubKind.IYCF:
        return [person for person in women if person.has_stage]
    if rank == 0 and len(making.plan["club_kinds"]) > 1:
        return women[:LISTENERS]
    return making.dice.sample(village.people, min(LISTENERS, len(village.people)))


def _cooperatives(making: Making) -> Iterator[Group]:
    """Cooperatives share out all members; each lies in the village of its first one."""
    everybody = [(village, person) for village in making.villages for person in village.people]
    number = making.plan.get("cooperatives", 0)
    size = len(everybody) // number if number else 0
    for rank in range(number):
        part = everybody[rank * size : (rank + 1) * size]
        yield Group(ClubKind.COOPERATIVE, part[0][0], rank, [person for _village, person in part])


def _row(making: Making, group: Group, place: int, code: str) -> dict[str, Any]:
    women = sum(person.sex == Sex.F for person in group.people)
    title, label = TITLES[group.kind], f"{group.village.label}-{group.rank + 1}"
    return {
        "programme_id": making.programme.id,
        "code": code,
        "kind": group.kind,
        "name": f"{title} d'exemple {label}",
        "sms_name": f"{title} {label}",
        "village_id": group.village.id,
        "language": group.village.language,
        "size_f": women,
        "size_m": len(group.people) - women,
        "is_old": group.kind == ClubKind.COOPERATIVE and group.rank < making.plan["old_cooperatives"],
        "created_on": making.today - timedelta(days=making.dice.randint(100, 300)),
        **_meeting(making, group, place),
    }


def _meeting(making: Making, group: Group, place: int) -> dict[str, Any]:
    if group.kind == ClubKind.LISTENERS_CLUB and place % 2 and making.plan["market_days"] == CYCLE:
        return {"meets_every_days": CYCLE, "meets_anchor": making.today - timedelta(days=place % CYCLE)}
    return {"meets_weekday": place % 7}


def _listen(making: Making, clubs: list[Group]) -> None:
    """Give listeners' clubs their station, and some a phone of their own."""
    stations = making.stations
    rows = ({"club_id": club.id, "station_id": stations[club.village.commune % len(stations)]} for club in clubs)
    insert(making.session, CLUB_STATION, rows)
    owners = [club for club in clubs if making.chance(OWN_PHONE)]
    phones = insert_with_ids(making.session, PHONE, [making.phone() for _club in owners])
    update(
        making.session, CLUB, [{"id": c.id, "relay_phone_id": phone} for c, phone in zip(owners, phones, strict=True)]
    )


def _village_teams(making: Making, groups: list[Group]) -> list[Team]:
    """Three a village: one for the schools, one for the listeners' clubs, a woman for mothers and the women's club."""
    teams = []
    for village in making.villages:
        own = {kind: [g for g in groups if g.village is village and g.kind == kind] for kind in ClubKind}
        listeners = own[ClubKind.LISTENERS_CLUB]
        teams += [
            _team(making, own[ClubKind.APFLS]),
            _team(making, listeners),
            Team(FacilitatorKind.FACILITATOR, Sex.F, [*own[ClubKind.IYCF], *listeners[:1]]),
        ]
    return teams


def _advisers(making: Making, groups: list[Group]) -> list[Team]:
    """Advisers with a cooperative and one or two listeners' clubs each, and as many facilitators of those clubs."""
    cooperatives = [group for group in groups if group.kind == ClubKind.COOPERATIVE]
    clubs = [group for group in groups if group.kind == ClubKind.LISTENERS_CLUB]
    number = making.plan["advisers"]
    advisers = [
        Team(FacilitatorKind.ADVISER, making.pick({Sex.M: 3, Sex.F: 1}), [cooperatives[place], *clubs[place::number]])
        for place in range(number)
    ]
    return advisers + [_team(making, clubs[place::number]) for place in range(number)]


def _team(making: Making, groups: list[Group]) -> Team:
    return Team(FacilitatorKind.FACILITATOR, making.pick({Sex.F: 1, Sex.M: 1}), groups)


def _staff(making: Making, teams: list[Team]) -> None:
    phones = insert_with_ids(making.session, PHONE, [making.phone() for _team in teams])
    rows = [
        {
            "programme_id": making.programme.id,
            "kind": team.kind,
            "phone_id": phone,
            "sex": team.sex,
            "language": team.groups[0].village.language,
            "leader": place % LEADER == 0,
        }
        for place, (team, phone) in enumerate(zip(teams, phones, strict=True))
    ]
    ids = insert_with_ids(making.session, FACILITATOR, rows)
    links = (
        {"facilitator_id": ident, "club_id": group.id}
        for ident, team in zip(ids, teams, strict=True)
        for group in team.groups
    )
    insert(making.session, FACILITATOR_CLUB, links)
