"""What all reports of a club share: which club it is, and that nobody reports for a club that is no longer hers."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import Done
from messaging.models import Club


def club_of(sender: Sender, reading: Reading) -> Club | None:
    """The club a reading names, among those of the sender; None when she gave it up since we asked."""
    return next((club for club in sender.clubs if club.code == reading.fields.get("club")), None)


def hold(session: Session, club: Club) -> None:
    """Keep other reports of a club waiting until this one is committed: two people may tell one thing at once."""
    session.execute(sa.select(Club.id).where(Club.id == club.id).with_for_update(key_share=True))


def not_yours(reading: Reading) -> Done:
    """The refusal of a report for somebody else's club."""
    fields = {"code_given": reading.fields.get("club")}
    refused = Reading(reading.intent, "error", fields, "club_not_yours")
    return Done(key="att.club_not_yours", reading=refused)


def day_of(reading: Reading) -> date:
    """The day a reading is about."""
    return date.fromisoformat(str(reading.fields["date"]))
