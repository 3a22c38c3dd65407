"""What a club decided, in its own words, and later whether it was kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import decisions
from campaigns.conversation import screening
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar import decisions as grammar
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, day_of, hold, not_yours
from campaigns.models import Decision
from messaging import figures, fold
from messaging.models import Club, Pending


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store a decision once, or the answer to whether it was kept."""
    if reading.status == "ok" and "kept" in reading.fields:
        _keep(session, sender, reading, now)
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


def answer_late(session: Session, sender: Sender, now: datetime) -> Done:
    """Act on a bare figure that answers nothing else, from a phone that was asked whether a decision was kept.

    Within a day of the question it is its answer; later nobody is sure what it means, so the question comes once more.
    """
    kept = grammar.KEPT.get(fold.plain(sender.inbound.text))
    asked = decisions.last_asked(session, sender.phone.id, [club.id for club in sender.clubs], now) if kept else None
    if asked is None:
        return DONE
    decision, asked_at = asked
    code = next(club.code for club in sender.clubs if club.id == decision.club_id)
    fields = {"club": code, "decision": decision.id}
    if asked_at > now - decisions.ANSWERS:
        decision.kept, decision.kept_at = kept, now
        return Done(key="decision.thanks", reading=Reading("decision", "ok", {**fields, "kept": kept}))
    _wait(session, sender, fields, now)
    slots = {"day": figures.day(decision.day, now.date())}
    return Done(key="decision.kept?", slots=slots, reading=Reading("decision", "pending", fields))


def _wait(session: Session, sender: Sender, fields: Mapping[str, Any], now: datetime) -> None:
    """Let the question wait for a figure, in place of what waited before."""
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
    session.add(
        Pending(
            phone_id=sender.phone.id, kind=decisions.PENDING, kept=dict(fields), inbound_id=sender.inbound.id,
            made_at=now, expires_at=now + decisions.ANSWERS,
        )
    )  # fmt: skip


def _is_known(session: Session, club: Club, reading: Reading) -> bool:
    """Whether the same words came before: silence makes people resend."""
    same = (Decision.club_id == club.id, Decision.day == day_of(reading), Decision.text == reading.fields["text"])
    return session.scalar(sa.select(sa.exists().where(*same))) or False


def _keep(session: Session, sender: Sender, reading: Reading, now: datetime) -> None:
    """Note whether a decision was kept; that it was asked of this phone is what the question that waited says."""
    asked = sender.pending
    if asked is None or asked.kind != decisions.PENDING or asked.kept.get("decision") != reading.fields["decision"]:
        return
    decision = session.get(Decision, reading.fields["decision"], with_for_update=True)
    if decision is not None:
        decision.kept, decision.kept_at = reading.fields["kept"], now
    session.execute(sa.delete(Pending).where(Pending.phone_id == sender.phone.id))
