"""What became of a broadcast: its host says that it was aired, or why not; the reason is kept as a code, not as words.

Source: the page on the domain, section 4 (airing) and 6.3; the safeguarding rules, 5.3.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import feedback, screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import day_of
from campaigns.models import Airing, AiringStatus, Episode
from messaging import fold, inbox
from messaging.clock import at_local

AROUND = timedelta(days=7)
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
    """Say of the nearest planned airing of the episode what became of it; without one the SMS alone keeps it."""
    screening.flag(session, sender, reading, now)
    if reason(reading.fields.get("note")) == "security" and not sender.inbound.category:
        feedback.flag(session, sender, "security", now)  # why a station is silent is its focal point's alone
    if reading.status != "ok" or sender.station is None:
        return DONE
    moment = _moment(sender, reading)
    airing = _nearest(session, sender.station.id, reading.fields["episode"], moment)
    if airing is None:
        return DONE
    if reading.fields["aired"]:
        airing.status, airing.reason = AiringStatus.AIRED, None
        airing.aired_at = moment if reading.fields.get("time") else _planned_on(sender, airing, reading)
    else:
        airing.status, airing.aired_at = AiringStatus.NOT_AIRED, None
        airing.reason = reason(reading.fields.get("note"))
    return DONE


def reason(note: str | None) -> str | None:
    """The code of a reason: `power`, `network`, `security`, `staff` or `other`; None when none was given."""
    if not note:
        return None
    plain = fold.plain(note)
    if screening.category(plain) == "security":
        return "security"
    return next((code for code, pattern in REASONS if pattern.search(plain)), "other")


def _moment(sender: Sender, reading: Reading) -> datetime:
    """When it was aired, as told; without an hour when the SMS came, or noon of another day."""
    day, came, zone = day_of(reading), inbox.written_at(sender.inbound), _zone(sender)
    if reading.fields.get("time"):
        return at_local(day, time.fromisoformat(reading.fields["time"]), zone)
    return came if day == came.date() else at_local(day, time(12), zone)


def _planned_on(sender: Sender, airing: Airing, reading: Reading) -> datetime:
    """The planned hour, on the day that was told."""
    return airing.planned_at + (day_of(reading) - airing.planned_at.date())


def _nearest(session: Session, station_id: int, episode: int, moment: datetime) -> Airing | None:
    query = (
        sa.select(Airing)
        .join(Episode, Episode.id == Airing.episode_id)
        .where(
            Airing.station_id == station_id,
            Episode.number == episode,
            Airing.planned_at.between(moment - AROUND, moment + AROUND),
        )
        .order_by(Airing.planned_at, Airing.id)
        .with_for_update(of=Airing)
    )
    return min(session.scalars(query), key=lambda airing: abs(airing.planned_at - moment), default=None)


def _zone(sender: Sender) -> str:
    return sender.programme.zone if sender.programme else "Africa/Bamako"
