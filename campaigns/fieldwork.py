"""What the facilitators, advisers and stations of the demonstration write about each of its simulated days.

Who reports what, and how well it is typed, follows from seed, day and club alone. The shares are the assumptions of the
page on the domain, section 9.1: reports for 85 % of sessions, one listening receipt a club and week in five misses; 2
broadcasts a week and station, of which some fail, and some hosts forget to say so (proposal).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs.days import has_rule, rule_days
from campaigns.handwriting import LATE, LATEST, Meeting, aired, prices, told
from campaigns.models import Airing, Episode
from messaging.clock import at_local, local
from messaging.models import (
    Club,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Programme,
    Station,
    StationPhone,
)
from messaging.models.people import ClubKind, FacilitatorKind

REPORTED = 0.85  # of the sessions that are held; the others are never told
HELD = {  # of the weekly meetings: sessions a year by kind, and receipts of an episode
    ClubKind.APFLS: 36 / 52, ClubKind.IYCF: 28 / 52, ClubKind.COOPERATIVE: 52 / 52, ClubKind.LISTENERS_CLUB: 0.94,
}  # fmt: skip
AIRED, PRICED, RAINED = 0.9, 1 / 7, 0.2
UNSAID = 0.08  # of the broadcasts nobody says what became of them
MISTAKEN = 0.04  # of what hosts say is put right within hours
RAINS = range(5, 11)  # months
WEEK = timedelta(days=7)


@dataclass(order=True)
class Writes:
    """A person's SMS to come, in the order of time."""

    at: datetime
    ident: str
    phone_id: int = field(compare=False)
    text: str = field(compare=False)


class OnAir(NamedTuple):
    """A broadcast that was heard: its day and the number of its episode."""

    day: date
    episode: int


def of_day(session: Session, seed: str, day: date) -> list[Writes]:
    """All that the people of the field write about one local day, some of it days later, in no order."""
    found: list[Writes] = []
    for programme in session.scalars(sa.select(Programme).where(Programme.demonstration).order_by(Programme.id)):
        heard = _heard(session, programme, seed, day)
        found += _stations(session, programme, seed, day)
        found += _advisers(session, programme, seed, day)
        for club, phones, stations in _clubs(session, programme):
            if meets(club, day):
                on_air = max((one for station in stations for one in heard[station]), default=None)
                dice = Random(f"{seed}|{club.id}|{day}")
                found += _of_club(dice, programme, club, phones, day, on_air and on_air.episode)
    return found


def meets(club: Club, day: date) -> bool:
    """Whether a club's own rule has it meet on a day."""
    return has_rule(club) and any(rule_days(club, day, day))


def _of_club(
    dice: Random, programme: Programme, club: Club, phones: list[int], day: date, episode: int | None
) -> Iterator[Writes]:
    """The SMS of one club about its meeting of one day; often none."""
    often = 7 / club.meets_every_days if club.meets_every_days else 1
    if dice.random() > HELD.get(club.kind, 1) * REPORTED / often:
        return
    here, late = dice.uniform(0.5, 0.95), dice.randint(1, LATEST - 1) if dice.random() < LATE else 0
    meeting = Meeting(club.code, round(club.size_f * here), round(club.size_m * here), episode, day, late)
    hours = (8, 19) if late else (15, 19)
    hour = time(dice.randint(*hours), dice.randrange(60))
    first = at_local(day + timedelta(days=late), hour, programme.zone)
    phone = dice.choice(phones)
    other = next((one for one in phones if one != phone), phone)
    for place, said in enumerate(told(dice, club.kind, meeting)):
        at = first + timedelta(minutes=said.after)
        yield Writes(at, f"sim-field-{club.id}-{day}-{place}", other if said.by_other else phone, said.text)


def _clubs(session: Session, programme: Programme) -> Iterator[tuple[Club, list[int], set[int]]]:
    """The open clubs with the phones that may report for each and the stations it listens to."""
    phones: dict[int, list[int]] = defaultdict(list)
    leads = (
        sa.select(FacilitatorClub.club_id, Facilitator.phone_id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .where(Facilitator.programme_id == programme.id, Facilitator.active)
        .order_by(Facilitator.id)
    )
    for club_id, phone_id in session.execute(leads):
        phones[club_id].append(phone_id)
    stations: dict[int, set[int]] = defaultdict(set)
    for club_id, station_id in session.execute(sa.select(ClubStation.club_id, ClubStation.station_id)):
        stations[club_id].add(station_id)
    query = sa.select(Club).where(Club.programme_id == programme.id, Club.closed_on.is_(None))
    for club in session.scalars(query.order_by(Club.id)):
        if phones[club.id]:
            yield club, phones[club.id], stations[club.id]


def _airings(session: Session, programme: Programme, since: date, until: date) -> sa.Result[int, datetime, int, int]:
    """Id, hour, station and number of episode of the broadcasts of some days, both included."""
    first, last = (at_local(day, time(0), programme.zone) for day in (since, until + timedelta(days=1)))
    return session.execute(
        sa.select(Airing.id, Airing.planned_at, Airing.station_id, Episode.number)
        .join(Episode, Episode.id == Airing.episode_id)
        .join(Station, Station.id == Airing.station_id)
        .where(Station.programme_id == programme.id, Airing.planned_at >= first, Airing.planned_at < last)
        .order_by(Airing.id)
    )


def _is_aired(seed: str, airing_id: int) -> bool:
    """Whether a broadcast really came, whatever its host says."""
    return Random(f"{seed}|on air|{airing_id}").random() < AIRED


def _heard(session: Session, programme: Programme, seed: str, day: date) -> dict[int, list[OnAir]]:
    """What each station really broadcast in the week up to a day."""
    found: dict[int, list[OnAir]] = defaultdict(list)
    for ident, planned_at, station_id, number in _airings(session, programme, day - WEEK + timedelta(days=1), day):
        if _is_aired(seed, ident):
            found[station_id].append(OnAir(local(planned_at, programme.zone).date(), number))
    return found


def _stations(session: Session, programme: Programme, seed: str, day: date) -> Iterator[Writes]:
    """What a host says of each broadcast, an hour or so after it."""
    phones = sa.select(StationPhone.station_id, sa.func.min(StationPhone.phone_id)).group_by(StationPhone.station_id)
    hosts = {station_id: phone_id for station_id, phone_id in session.execute(phones)}  # noqa: C416
    for ident, planned_at, station_id, number in _airings(session, programme, day, day):
        if station_id not in hosts:
            continue
        dice = Random(f"{seed}|airing|{ident}")
        first = planned_at + timedelta(minutes=dice.randint(35, 120))
        told_of = aired(dice, number, is_aired=_is_aired(seed, ident), unsaid=UNSAID, corrected=MISTAKEN)
        for place, said in enumerate(told_of):
            at = first + timedelta(minutes=said.after)
            yield Writes(at, f"sim-air-{ident}-{place}", hosts[station_id], said.text)


def _advisers(session: Session, programme: Programme, seed: str, day: date) -> Iterator[Writes]:
    """Prices once a week of each adviser, and the rain of the rainy months."""
    query = sa.select(Facilitator.id, Facilitator.phone_id).where(
        Facilitator.programme_id == programme.id, Facilitator.active, Facilitator.kind == FacilitatorKind.ADVISER
    )
    for ident, phone_id in session.execute(query.order_by(Facilitator.id)):
        dice = Random(f"{seed}|adviser|{ident}|{day}")
        at = at_local(day, time(dice.randint(8, 12), dice.randrange(60)), programme.zone)
        if dice.random() < PRICED:
            yield Writes(at, f"sim-price-{ident}-{day}", phone_id, prices(dice))
        elif day.month in RAINS and dice.random() < RAINED:
            yield Writes(at, f"sim-rain-{ident}-{day}", phone_id, f"PLUIE {dice.randint(3, 45)}")
