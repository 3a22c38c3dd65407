"""Tip sheets: FICHE and the number printed on the paper bring its sentence, in the words that were approved.

The sentence of sheet 12 is the text of the step `fiche-12` of the campaign `fiches`.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.definitions import Step as Said
from campaigns.definitions.slots import names
from campaigns.models import Campaign, CampaignState, Step
from messaging.letters import measure
from messaging.models import Text, TextState, TextVersion

CAMPAIGN = "fiches"
GIVEN = (CampaignState.APPROVED, CampaignState.RUNNING)
LAST = "fr"


def answer(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Answer with the sheet's sentence in the first of the sender's languages that has it; else that there is none."""
    if reading.status != "ok":
        return DONE
    number = reading.fields["number"]
    step = _step(session, sender, number)
    found = _words(session, sender, step) if step is not None else None
    if found is None:
        return Done(key="tip.none", slots={"number": str(number)})
    return Done(words=found)


def _step(session: Session, sender: Sender, number: int) -> Step | None:
    if sender.programme is None:
        return None
    query = (
        sa.select(Step)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(
            Campaign.programme_id == sender.programme.id,
            Campaign.code == CAMPAIGN,
            Step.code == f"fiche-{number}",
            Step.removed_at.is_(None),
        )
    )
    if not sender.drafts:
        query = query.where(Campaign.state.in_(GIVEN))
    return session.scalar(query)


def _words(session: Session, sender: Sender, step: Step) -> tuple[str, str] | None:
    """What goes to the phone and its language: one SMS, without values to fill in, and nothing about a person.

    Who asks is not known on a shared phone, so a personal sheet is answered by its wording for the family; what a
    place's level may forbid is on no sheet.
    """
    said = Said.model_validate(step.definition)
    if said.tags:
        return None
    query = sa.select(Text, TextVersion).join(
        TextVersion, sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version)
    )
    found = {row.Text.language: row for row in session.execute(query.where(Text.step_id == step.id))}
    for language in dict.fromkeys((*sender.codes, LAST)):
        row = found.get(language)
        if row is None or not (sender.drafts or _is_approved(row.Text, row.TextVersion)):
            continue
        words = row.TextVersion.club if said.personal else row.TextVersion.sms
        if words and not names(words) and _is_one(words):
            return words, language
    return None


def _is_approved(text: Text, version: TextVersion) -> bool:
    return text.state is TextState.APPROVED and text.approved_hash == version.hash


def _is_one(words: str) -> bool:
    size = measure(words)
    return size.encoding == "GSM-7" and size.segments == 1
