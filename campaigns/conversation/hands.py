"""Shows of hands: one value an option of a question; a later show of the same club, question and day replaces it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import asking, screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, day_of, hold, not_yours
from campaigns.models import Value
from messaging.database import change
from messaging.models import Club

KIND, UNIT = "hands", "hands"


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store a show of hands, or keep one that does not fit the meeting until its sender says yes."""
    screening.flag(session, sender, reading, now)
    if reading.status not in ("ok", "ignored"):
        asking.ask(session, sender, reading, now)
        return DONE
    asking.settle(session, sender, reading)
    if reading.status == "ok":
        club = club_of(sender, reading)
        if club is None:
            return not_yours(reading)
        hold(session, club)
        _replace(session, club, reading)
        _add(session, sender, club, reading)
    return DONE


def _replace(session: Session, club: Club, reading: Reading) -> None:
    """What was told of this question on this day no longer counts."""
    earlier = sa.update(Value).where(
        Value.programme_id == club.programme_id,
        Value.kind == KIND,
        Value.item.startswith(f"Q{reading.fields['question']}="),
        Value.day == day_of(reading),
        Value.club_id == club.id,
        Value.state == "ok",
    )
    change(session, earlier.values(state="replaced"))


def _add(session: Session, sender: Sender, club: Club, reading: Reading) -> None:
    source = asking.origin(session, sender, reading)
    session.add_all(
        Value(
            programme_id=club.programme_id, kind=KIND, club_id=club.id, item=f"Q{reading.fields['question']}={option}",
            value=count, unit=UNIT, day=day_of(reading), text=reading.fields.get("quiz"), phone_id=sender.phone.id,
            inbound_id=source.id,
        )
        for option, count in reading.fields["counts"].items()
    )  # fmt: skip
