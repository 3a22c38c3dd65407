"""What the facilitators, advisers and stations of the demonstration write in the course of its simulated days.

Who reports what, and how well it is typed, follows from seed, day and club alone. The shares are the assumptions of the
programme page: reports for 85 % of sessions, 12 % need a second SMS, one listening receipt a club and week in five
misses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

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

REPORTED = 0.85  # of the sessions that are held
HELD = {  # of the weekly meetings: sessions a year by kind, and receipts of an episode
    ClubKind.APFLS: 36 / 52, ClubKind.IYCF: 28 / 52, ClubKind.COOPERATIVE: 52 / 52, ClubKind.LISTENERS_CLUB: 0.94,
}  # fmt: skip
VISITS = 40 / 52  # of what happens at a cooperative is a visit of its adviser
TWICE = 0.12  # of the reports need a second SMS
FORGOTTEN = 0.1  # of these it never comes
CALLED_OFF, UNHEARD, DECIDED, HANDS = 0.03, 0.04, 0.10, 0.05
AIRED, PRICED, RAINED = 0.9, 1 / 7, 0.2
RAINS = range(5, 11)  # months
TOPICS = ("on a parle du moringa", "causerie sur l'eau propre", "beaucoup de questions", "la pluie a gene")
DECISIONS = (
    "chaque famille plante deux moringas", "un lave-mains devant chaque cuisine", "on garde un sac de niebe ensemble",
    "les hommes portent l'eau le jour du club",
)  # fmt: skip


@dataclass(order=True)
class Writes:
    """A person's SMS to come, in the order of time."""

    at: datetime
    ident: str
    phone_id: int = field(compare=False)
    text: str = field(compare=False)


@dataclass(frozen=True)
class Meeting:
    """One meeting of a club, as the dice have it."""

    code: str
    women: int
    men: int
    episode: int | None = None

    @property
    def counts(self) -> str:
        """As the card writes them."""
        return f"F{self.women} H{self.men} T{self.women + self.men}"


def between(session: Session, seed: str, since: datetime, until: datetime) -> list[Writes]:
    """All that the people of the field write from one moment until another, in no order."""
    days = [since.date() + timedelta(days=ahead) for ahead in range((until.date() - since.date()).days + 1)]
    found: list[Writes] = []
    for programme in session.scalars(sa.select(Programme).where(Programme.demonstration).order_by(Programme.id)):
        heard = _episodes(session, programme)
        found += _stations(session, programme, seed, since, until)
        found += _advisers(session, programme, seed, days)
        for club, phones, station in _clubs(session, programme):
            for day in days:
                if meets(club, day):
                    aired = [number for on, number in heard[station] if on <= day] if station else []
                    found += _of_club(Random(f"{seed}|{club.id}|{day}"), programme, club, phones, day, aired[-1:])
    return [one for one in found if since <= one.at < until]


def meets(club: Club, day: date) -> bool:
    """Whether a club's own rule has it meet on a day."""
    if club.meets_weekday is not None:
        return club.meets_weekday == day.weekday()
    if club.meets_every_days is None or club.meets_anchor is None:
        return False
    return (day - club.meets_anchor).days % club.meets_every_days == 0


def told(dice: Random, kind: ClubKind, meeting: Meeting) -> tuple[tuple[int, str], ...]:
    """What is written about one meeting: minutes after the first SMS, and the words; pure."""
    code, word = meeting.code, _keyword(dice, kind)
    head = f"{word} {code}" + (f" E{meeting.episode}" if word == "ECOUTE" and meeting.episode else "")
    if word == "PRES" and dice.random() < CALLED_OFF:
        return ((0, f"PRES {code} annule"),)
    if word == "ECOUTE" and dice.random() < UNHEARD:
        return ((0, f"{head} pas capte"),)
    if dice.random() < TWICE:
        first, second = _two(dice, head, meeting)
        said = ((0, first),) if dice.random() < FORGOTTEN else ((0, first), (dice.randint(18, 70), second))
    else:
        said = ((0, _one(dice, head, meeting)),)
    return said + tuple(_beside(dice, kind, meeting))


def _keyword(dice: Random, kind: ClubKind) -> str:
    if kind is ClubKind.COOPERATIVE:
        return "VISITE" if dice.random() < VISITS else "PRES"
    return "ECOUTE" if kind is ClubKind.LISTENERS_CLUB else "PRES"


def _one(dice: Random, head: str, meeting: Meeting) -> str:
    """A report that is understood at once, typed as people type."""
    women, men, line = meeting.women, meeting.men, f"{head} {meeting.counts}"
    short = f"{head} F{women} H{men}"
    ways = (short, line.lower(), f"{head} {women} femmes {men} hommes", f"Bonjour {short} merci",
            line.replace(" F", "F").replace(" H", "H"), f"{line} {dice.choice(TOPICS)}", line.replace("0", "O"),
            f"{head},{women},{men}")  # fmt: skip
    return line if dice.random() < 0.6 else dice.choice(ways)


def _two(dice: Random, head: str, meeting: Meeting) -> tuple[str, str]:
    """A report that needs a second SMS, and that one."""
    women, men, line = meeting.women, meeting.men, f"{head} {meeting.counts}"
    wrong = line.replace(meeting.code, meeting.code[:2] + meeting.code[:1:-1], 1)
    return dice.choice((
        (f"{head} F{women}", f"H{men}"), (f"{head} T{women + men}", f"F{women} H{men}"), (head, line),
        (f"{head} F{women} H{men} T{women + men + 1}", line), (wrong, line), (f"{line} 44", line),
        (f"{head} F{women + 2} H{men}", f"CORR {meeting.code} {meeting.counts}"),
        (f"{head[:2]}2{line[3:]}", "OUI"),
    ))  # fmt: skip


def _beside(dice: Random, kind: ClubKind, meeting: Meeting) -> Iterator[tuple[int, str]]:
    """What a club sends beside the report of its meeting."""
    if kind is ClubKind.LISTENERS_CLUB and dice.random() < DECIDED:
        yield 95, f"DECISION {meeting.code} {dice.choice(DECISIONS)}"
    elif kind is ClubKind.LISTENERS_CLUB and dice.random() < HANDS:
        right = round((meeting.women + meeting.men) * dice.uniform(0.4, 0.9))
        yield 100, f"MAINS {meeting.code} Q1 1={right} 2={meeting.women + meeting.men - right}"


def _of_club(
    dice: Random, programme: Programme, club: Club, phones: list[int], day: date, aired: list[int]
) -> Iterator[Writes]:
    """The SMS of one club about its meeting of one day; often none."""
    often = 7 / club.meets_every_days if club.meets_every_days else 1
    if dice.random() > HELD.get(club.kind, 1) * REPORTED / often:
        return
    here = dice.uniform(0.5, 0.95)
    meeting = Meeting(club.code, round(club.size_f * here), round(club.size_m * here), aired[0] if aired else None)
    first = at_local(day, time(dice.randint(15, 19), dice.randrange(60)), programme.zone)
    phone = dice.choice(phones)
    for place, (minutes, text) in enumerate(told(dice, club.kind, meeting)):
        yield Writes(first + timedelta(minutes=minutes), f"sim-field-{club.id}-{day}-{place}", phone, text)


def _clubs(session: Session, programme: Programme) -> Iterator[tuple[Club, list[int], int | None]]:
    """The open clubs with the phones that may report for each and the station it listens to."""
    phones: dict[int, list[int]] = defaultdict(list)
    leads = (
        sa.select(FacilitatorClub.club_id, Facilitator.phone_id)
        .join(Facilitator, Facilitator.id == FacilitatorClub.facilitator_id)
        .where(Facilitator.programme_id == programme.id, Facilitator.active)
        .order_by(Facilitator.id)
    )
    for club_id, phone_id in session.execute(leads):
        phones[club_id].append(phone_id)
    station = sa.select(sa.func.min(ClubStation.station_id)).where(ClubStation.club_id == Club.id).scalar_subquery()
    query = sa.select(Club, station).where(Club.programme_id == programme.id, Club.closed_on.is_(None))
    for club, station_id in session.execute(query.order_by(Club.id)):
        if phones[club.id]:
            yield club, phones[club.id], station_id


def _episodes(session: Session, programme: Programme) -> dict[int, list[tuple[date, int]]]:
    """Day and number of what each station was to air, the earliest first."""
    found: dict[int, list[tuple[date, int]]] = defaultdict(list)
    query = sa.select(Airing.station_id, Airing.planned_at, Episode.number).join(Episode).order_by(Airing.planned_at)
    for station_id, planned_at, number in session.execute(query):
        found[station_id].append((local(planned_at, programme.zone).date(), number))
    return found


def _stations(session: Session, programme: Programme, seed: str, since: datetime, until: datetime) -> Iterator[Writes]:
    """What a host says of each broadcast, an hour or so after it."""
    query = (
        sa.select(Airing.id, Airing.planned_at, Episode.number, sa.func.min(StationPhone.phone_id))
        .join(Episode, Episode.id == Airing.episode_id)
        .join(StationPhone, StationPhone.station_id == Airing.station_id)
        .join(Station, Station.id == Airing.station_id)
        .where(Station.programme_id == programme.id, Airing.planned_at.between(since - timedelta(hours=3), until))
        .group_by(Airing.id, Airing.planned_at, Episode.number)
        .order_by(Airing.id)
    )
    for ident, planned_at, number, phone_id in session.execute(query):
        dice = Random(f"{seed}|airing|{ident}")
        at = planned_at + timedelta(minutes=dice.randint(35, 120))
        text = f"RAD E{number} OK" if dice.random() < AIRED else f"RAD E{number} NON {dice.choice(('panne', 'reseau'))}"
        yield Writes(at, f"sim-air-{ident}", phone_id, text)


def _advisers(session: Session, programme: Programme, seed: str, days: list[date]) -> Iterator[Writes]:
    """Prices once a week of each adviser, and the rain of the rainy months."""
    query = sa.select(Facilitator.id, Facilitator.phone_id).where(
        Facilitator.programme_id == programme.id, Facilitator.active, Facilitator.kind == FacilitatorKind.ADVISER
    )
    for ident, phone_id in session.execute(query.order_by(Facilitator.id)):
        for day in days:
            dice = Random(f"{seed}|adviser|{ident}|{day}")
            at = at_local(day, time(dice.randint(8, 12), dice.randrange(60)), programme.zone)
            if dice.random() < PRICED:
                yield Writes(at, f"sim-price-{ident}-{day}", phone_id, _prices(dice))
            elif day.month in RAINS and dice.random() < RAINED:
                yield Writes(at, f"sim-rain-{ident}-{day}", phone_id, f"PLUIE {dice.randint(3, 45)}")


def _prices(dice: Random) -> str:
    maize, groundnut = dice.randrange(140, 230, 5), dice.randrange(350, 500, 5)
    return dice.choice(
        (f"PRIX MAIS {maize}", f"PRIX MAIS {maize} ARACHIDE {groundnut}", f"prix arachide {groundnut}f/kg")
    )
