"""Reports of one value: one handler for all of them, driven by the catalogue; a new report is a row of it.

A value that the same phone sends again for the same subject, item and day takes the place of the former, which is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import asking, feedback, screening
from campaigns.conversation.catalogue import ROWS, Row
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, day_of, not_yours
from campaigns.models import Value
from messaging import inbox
from messaging.database import change

BY_KIND = {row.kind: row for row in ROWS}
LONGEST = 160  # letters of the words beside a value
NOT_RECEIVED = "complaint_minor"  # the category of a case that PAS RECU opens


@dataclass(frozen=True)
class Subject:
    """What a value is about."""

    club_id: int | None = None
    place_id: int | None = None
    text: str | None = None  # of a distribution its name, of a pest what it is


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store the values of a report, or keep one that is hard to believe until its sender says yes."""
    row = BY_KIND[reading.intent]
    screening.flag(session, sender, reading, now)
    if reading.status not in ("ok", "ignored"):
        asking.ask(session, sender, reading, now)
        return DONE
    asking.settle(session, sender, reading)
    if reading.status == "ignored" or sender.programme is None:
        return DONE
    if row.subject == "club" and club_of(sender, reading) is None:
        return not_yours(reading)
    _put(session, sender, row, reading)
    if row.form == "receipt" and not reading.fields["received"]:
        case = feedback.open_case(session, sender, NOT_RECEIVED, now)
        return Done(slots={"case": case, "days": str(feedback.ANSWER_DAYS)})
    return DONE


def _put(session: Session, sender: Sender, row: Row, reading: Reading) -> None:
    assert sender.programme is not None
    about, day = _subject(sender, row, reading), _day(sender, reading)
    source = asking.origin(session, sender, reading)
    entries = dict(_entries(row, reading.fields))
    _replace(session, sender, row, about, day, list(entries))
    session.add_all(
        Value(
            programme_id=sender.programme.id, kind=row.kind, club_id=about.club_id, place_id=about.place_id, item=item,
            value=value, unit=row.unit, day=day, text=about.text, phone_id=sender.phone.id, inbound_id=source.id,
            sensitive=row.form == "words" and screening.is_sensitive(sender, about.text, reading.intent),
        )
        for item, value in entries.items()
    )  # fmt: skip


def _entries(row: Row, fields: Any) -> Iterator[tuple[str, float]]:
    """The items of a report with their values; one without items has the item "".

    Of words the crop is the item, counted once. Of a receipt the value is how much came, 1 when that was not said.
    """
    if row.form == "items":
        yield from fields[row.field].items()
    elif row.form == "words":
        yield str(fields.get(row.field) or ""), 1
    elif row.form == "receipt":
        yield "", fields.get(row.field, 1) if fields["received"] else 0
    else:
        yield "", fields[row.field]


def _subject(sender: Sender, row: Row, reading: Reading) -> Subject:
    club = club_of(sender, reading) if row.subject == "club" else None
    if club is not None:
        return Subject(club_id=club.id)
    homes = {member.village_id for member in sender.members}
    place_id = sender.clubs[0].village_id if sender.clubs else homes.pop() if len(homes) == 1 else None
    said = reading.fields.get("distribution") if row.form == "receipt" else reading.fields.get("text")
    return Subject(place_id=place_id, text=str(said)[:LONGEST] if said else None)


def _day(sender: Sender, reading: Reading) -> date:
    return day_of(reading) if reading.fields.get("date") else inbox.written_at(sender.inbound).date()


def _replace(session: Session, sender: Sender, row: Row, about: Subject, day: date, items: list[str]) -> None:
    """What this phone said of the same no longer counts; of a distribution, whenever it said so."""
    earlier = [
        Value.phone_id == sender.phone.id, Value.kind == row.kind, Value.item.in_(items), Value.state == "ok",
        Value.club_id.is_not_distinct_from(about.club_id), Value.place_id.is_not_distinct_from(about.place_id),
    ]  # fmt: skip
    earlier.append(Value.text == about.text if row.form == "receipt" else Value.day == day)
    if sender.programme is not None:
        earlier.append(Value.programme_id == sender.programme.id)
    change(session, sa.update(Value).where(*earlier).values(state="replaced"))
