"""What became of a broadcast: its host says that it was aired, or why not; the reason is kept as a code, not as words.

Source: the page on the domain, section 4 (airing) and 6.3; the safeguarding rules, 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import airings
from campaigns.conversation import feedback, screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import day_of
from campaigns.models import Airing, AiringStatus, Episode
from messaging import figures, fold, inbox
from messaging.clock import at_local, local

AROUND = timedelta(days=7)
DAY = timedelta(days=1)
EARLY = timedelta(hours=3)  # an episode may go on the air this much before its hour
REASONS = (
    (
        "security",
        re.compile(r"\b(?:securite|insecurite)\b(?! alimentaire)"),
    ),  # shown to its focal point alone, to others as `other`
    ("power", re.compile(r"\b(?:panne|courant|electricite|edm|groupe|carburant|gasoil|batteries?|solaire)\b")),
    ("network", re.compile(r"\b(?:reseau|connexion|liaison)\b")),
    ("staff", re.compile(r"\b(?:absente?s?|malade|animat\w+|technicien\w*|personne)\b")),
)


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Say of the airing that is meant what became of it; without one the SMS alone keeps it."""
    screening.flag(session, sender, reading, now)
    why = reason(reading.fields.get("note"))
    if why == "security" and not sender.inbound.category:
        feedback.flag(session, sender, "security", now)  # why a station is silent is its focal point's alone
    if reading.status != "ok" or sender.station is None:
        return DONE
    moment, zone, is_aired = _moment(sender, reading), _zone(sender), reading.fields["aired"]
    found = _near(session, sender.station.id, reading.fields["episode"], moment)
    airing = meant(found, day_of(reading), moment, inbox.written_at(sender.inbound), zone, aired=is_aired)
    if airing is None:
        return DONE
    at = _aired_at(sender, reading, airing, moment)
    airings.say(session, airing, aired=is_aired, at=at, reason=why, who=None, now=now)
    return Done(slots={"day": figures.day(local(airing.planned_at, zone).date())})


def meant(
    found: Sequence[Airing], day: date, moment: datetime, came: datetime, zone: str, *, aired: bool
) -> Airing | None:
    """Which of the airings of an episode a host speaks of; pure.

    One of the day that was told, the nearest. Else OK means the last that has begun; NON the last that has begun and of
    which nothing was said, and without such a one the nearest: a host may say so days before.
    """
    begun = [one for one in found if one.planned_at <= came + EARLY]
    of_day = [one for one in (begun if aired else found) if local(one.planned_at, zone).date() == day]
    silent = [one for one in begun if one.status is AiringStatus.PLANNED]
    among = of_day or (begun if aired else silent or found)
    return min(among, key=lambda one: abs(one.planned_at - moment), default=None)


def reason(note: str | None) -> str | None:
    """The code of a reason: `power`, `network`, `security`, `staff` or `other`; None when none was given."""
    if not note:
        return None
    plain = fold.plain(note)
    if screening.category(plain) == "security":
        return "security"
    return next((code for code, pattern in REASONS if pattern.search(plain)), "other")


def _moment(sender: Sender, reading: Reading) -> datetime:
    """When it was aired, as told; without an hour when the SMS came, or noon of another day.

    An hour that is still to come was yesterday's: who writes in the morning speaks of the evening before.
    """
    day, came, zone = day_of(reading), inbox.written_at(sender.inbound), _zone(sender)
    if not reading.fields.get("time"):
        return came if day == came.date() else at_local(day, time(12), zone)
    moment = at_local(day, time.fromisoformat(reading.fields["time"]), zone)
    return moment - DAY if reading.fields["aired"] and moment > came + EARLY else moment


def _aired_at(sender: Sender, reading: Reading, airing: Airing, moment: datetime) -> datetime:
    """The hour that was told, else the planned one: of the day that was told, if that is not just today's."""
    day, zone = day_of(reading), _zone(sender)
    if reading.fields.get("time"):
        return moment
    if day == inbox.written_at(sender.inbound).date():
        return airing.planned_at
    return at_local(day, local(airing.planned_at, zone).time(), zone)


def _near(session: Session, station_id: int, episode: int, moment: datetime) -> Sequence[Airing]:
    query = (
        sa.select(Airing)
        .join(Episode, Episode.id == Airing.episode_id)
        .where(
            Airing.station_id == station_id,
            Episode.number == episode,
            Airing.planned_at.between(moment - AROUND, moment + AROUND),
        )
        .order_by(Airing.planned_at, Airing.id)
    )
    return session.scalars(query).all()


def _zone(sender: Sender) -> str:
    return sender.programme.zone if sender.programme else "Africa/Bamako"
