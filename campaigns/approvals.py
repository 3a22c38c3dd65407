"""The second approval: a campaign that warns, or that speaks of tagged things to a red commune, takes two approvers.

The first one's yes is a proposal that the second accepts, and it holds for exactly what was there: any change of the
campaign or its words asks for both anew. Neither of them has written a word of it.

Source: the page on safeguarding, section 12.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import blocked, loading
from campaigns.definitions import dump
from campaigns.models import Campaign
from messaging import proposals, risk
from messaging.errors import RefusedError
from messaging.models import Proposal, Staff, Text
from messaging.models.place import RiskLevel
from messaging.models.post import Kind

WARNING = "warning"
KIND, CAMPAIGN = proposals.SECOND_APPROVAL, proposals.CAMPAIGN
WROTE = (
    "Vous avez écrit un texte de cette campagne : deux autres personnes l'approuvent. / "
    "You wrote a text of this campaign: two other people approve it."
)


def needs_two(session: Session, campaign: Campaign, now: datetime) -> bool:
    """Whether two people approve: an alert or a warning, or a step with a tag that means phones of a red commune."""
    steps = blocked.tagged(session, campaign)
    if any(row.send_as is Kind.ALERT or WARNING in said.tags for row, said in steps):
        return True
    red = [commune for commune, level in risk.levels(session, now).items() if level is RiskLevel.RED]
    return bool(red) and any(blocked.reached(session, campaign, said, red, now) for _row, said in steps)


def first(session: Session, campaign: Campaign) -> Proposal | None:
    """The first approval of exactly what is there now, while it waits for the second."""
    waiting = proposals.open_about(session, CAMPAIGN, campaign.id, KIND)
    return next((row for row in waiting if row.details["seal"] == _seal(session, campaign)), None)


def is_second(session: Session, campaign: Campaign, person: Staff, now: datetime) -> bool:
    """Take the yes of an approver: True when it is the second, False when it is the first and waits for another.

    Raises:
        RefusedError: the first was her own, or she wrote a text of the campaign.
    """
    if _wrote(session, campaign, person):
        raise RefusedError(WROTE)
    before = first(session, campaign)
    if before is not None:
        proposals.accept(session, before.id, person.id, now)
        return True
    proposals.void(session, KIND, CAMPAIGN, campaign.id, person.id, now)
    seal = _seal(session, campaign)
    proposals.ask(
        session, KIND, CAMPAIGN, campaign.id, person.id, now, programme_id=campaign.programme_id, details={"seal": seal}
    )
    return False


def _seal(session: Session, campaign: Campaign) -> str:
    return hashlib.sha256(dump(loading.export(session, campaign)).encode()).hexdigest()[:16]


def _wrote(session: Session, campaign: Campaign, person: Staff) -> bool:
    steps = [step.id for step in loading.steps_of(session, campaign.id)]
    return bool(session.scalar(sa.select(sa.exists().where(Text.step_id.in_(steps), Text.author_id == person.id))))
