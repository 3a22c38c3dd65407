"""Who received which language: the people who wanted one and got another, or nothing; counted from what really left.

That number is the argument for paying a translator. Source: the page on languages, section 10.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Campaign, Occurrence, Step
from messaging.models import Message
from messaging.rules import Reason


@dataclass(frozen=True)
class Received:
    """Phones whose people wanted one language and got another; `language` None: nothing was sent to them."""

    wanted: str
    language: str | None
    people: int
    messages: int

    @property
    def is_wanted(self) -> bool:
        """True when people got the language they wanted."""
        return self.wanted == self.language


def of_campaign(session: Session, campaign_id: int) -> list[Received]:
    """The languages wanted and received in one campaign."""
    return _of_steps(session, session.scalars(sa.select(Step.id).where(Step.campaign_id == campaign_id)).all())


def of_programme(session: Session, programme_id: int) -> list[Received]:
    """The languages wanted and received in all campaigns of a programme."""
    steps = sa.select(Step.id).join(Campaign).where(Campaign.programme_id == programme_id)
    return _of_steps(session, session.scalars(steps).all())


def _of_steps(session: Session, steps: Sequence[int]) -> list[Received]:
    rows = session.execute(
        sa.select(
            Message.language_wanted, Message.language, sa.func.count(sa.distinct(Message.phone_id)), sa.func.count()
        )
        .where(Message.step_id.in_(steps), Message.handed_over_at.is_not(None), Message.trial_of.is_(None))
        .group_by(Message.language_wanted, Message.language)
    )
    found = [Received(*row) for row in rows]
    return sorted([*found, *_nothing(session, steps)], key=lambda one: (one.wanted, one.language or "~"))


def _nothing(session: Session, steps: Sequence[int]) -> list[Received]:
    """Of each language without a text the most people of one batch: the same people wait in the next one again."""
    most: dict[str, list[int]] = {}
    query = sa.select(Occurrence.waiting).where(Occurrence.step_id.in_(steps), Occurrence.waiting.is_not(None))
    for waiting in session.scalars(query):
        for row in (waiting or {}).get("rows", ()):
            if row["reason"] == Reason.NO_TEXT.value:
                most.setdefault(row["language"], []).append(row["people"])
    return [Received(language, None, max(counts), 0) for language, counts in most.items()]
