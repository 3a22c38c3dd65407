"""What a club decided, in its own words, and later whether it was kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, day_of, hold, not_yours
from campaigns.models import Decision
from messaging.models import Club, Pending


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store a decision once, or the answer to whether it was kept."""
    if reading.status == "ok" and "kept" in reading.fields:
        _keep(session, sender, reading)
        return DONE
    screening.flag(session, sender, reading, now)
    if reading.status != "ok":
        return DONE
    club = club_of(sender, reading)
    if club is None:
        return not_yours(reading)
    hold(session, club)
    if not _is_known(session, club, reading):
        text = reading.fields["text"]
        session.add(
            Decision(
                programme_id=club.programme_id, club_id=club.id, day=day_of(reading), text=text,
                sensitive=screening.is_sensitive(sender, text), phone_id=sender.phone.id, inbound_id=sender.inbound.id,
            )
        )  # fmt: skip
    return DONE


def _is_known(session: Session, club: Club, reading: Reading) -> bool:
    """Whether the same words came before: silence makes people resend."""
    same = (Decision.club_id == club.id, Decision.day == day_of(reading), Decision.text == reading.fields["text"])
    return session.scalar(sa.select(sa.exists().where(*same))) or False


def _keep(session: Session, sender: Sender, reading: Reading) -> None:
    """Note whether a decision was kept; that it was asked of this phone is what the question that waited says."""
    asked = sender.pending
    if asked is None or asked.kind != "decision_kept" or asked.kept.get("decision") != reading.fields["decision"]:
        return
    decision = session.get(Decision, reading.fields["decision"], with_for_update=True)
    if decision is not None:
        decision.kept = reading.fields["kept"]
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
