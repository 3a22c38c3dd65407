"""What stands in the lists on the last day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tests.recounts.cells import Fact, Figures
from tests.recounts.world import World


def homes(world: World, by: Sequence[str]) -> Figures:
    """COV-HH."""
    return world.cut(by).count([Fact(home, world.of_household(home)) for home in world.households])


def people(world: World, *sexes: str) -> list[Fact]:
    """The active members of some sexes."""
    return [Fact(member, world.of_member(member)) for member, row in world.members.items() if row.sex in sexes]


def of_sex(sex: str, world: World, by: Sequence[str]) -> Figures:
    """COV-F, COV-M."""
    return world.cut(by).count(people(world, sex))


def share_of_women(world: World, by: Sequence[str]) -> Figures:
    """COV-W."""
    return world.cut(by).share(people(world, "f"), people(world, "f", "m"))


def villages(world: World, by: Sequence[str]) -> Figures:
    """COV-VIL."""
    rows = world.own("programme_village")
    return world.cut(by).count([Fact(row.place_id, {"area": world.commune(row.place_id)}) for row in rows])


def clubs(kind: str, world: World, by: Sequence[str]) -> Figures:
    """COV-APFLS, COV-COOP."""
    own = [row for row in world.open_clubs if row.kind == kind]
    return world.cut(by).count([Fact(row.id, {"area": world.commune(row.village_id)}) for row in own])


def advisers(world: World, by: Sequence[str]) -> Figures:
    """COV-ADV."""
    return world.cut(by).count([Fact(r.id) for r in world.own("facilitator") if r.active and r.kind == "adviser"])


CODES: dict[str, Callable[[World, Sequence[str]], Figures]] = {
    "COV-HH": homes,
    "COV-F": partial(of_sex, "f"),
    "COV-M": partial(of_sex, "m"),
    "COV-W": share_of_women,
    "COV-VIL": villages,
    "COV-APFLS": partial(clubs, "apfls"),
    "COV-COOP": partial(clubs, "cooperative"),
    "COV-ADV": advisers,
}
