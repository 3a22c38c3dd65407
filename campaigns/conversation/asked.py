"""The last question that was sent to a phone, as it stood when it was asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs.decisions import is_asked_since
from campaigns.definitions import Step as Said
from campaigns.models import Campaign, CampaignVersion, Step
from messaging.models import Message, Phone, TextVersion
from messaging.models.post import State

ANSWERABLE = timedelta(days=45)  # later than this nobody means the question any more
LETTERS = "ABCDEFGH"
LEFT = (
    Message.trial_of.is_(None),
    Message.handed_over_at > sa.bindparam("since"),
    Message.state.in_((State.HANDED_OVER, State.CLOSED)),
    Step.kind == "question",
)
PHONES = (
    sa.select(Message.phone_id)
    .join(Step, Step.id == Message.step_id)
    .where(Message.phone_id.in_(sa.bindparam("phones", expanding=True)), *LEFT)
    .distinct()
)
LAST = (
    sa.select(Message, Step)
    .join(Step, Step.id == Message.step_id)
    .where(Message.phone_id == sa.bindparam("phone"), *LEFT, ~is_asked_since(Message))
    # One that had left when she wrote comes first; the clocks of web server and engine may differ, though.
    .order_by((Message.handed_over_at <= sa.bindparam("now")).desc(), Message.handed_over_at.desc(), Message.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Asked:
    """The last question SMS that was sent to a phone."""

    message: Message
    step: Step
    said: Said
    version: TextVersion
    closes_at: datetime
    quiz: Mapping[str, Any]  # as the reader takes it


def phones(session: Session, among: Collection[int], now: datetime) -> Collection[int]:
    """Which of these phones a question was sent to of late: of the others the last one need not be looked for."""
    return set(session.scalars(PHONES, {"phones": among, "since": now - ANSWERABLE}))


def last_question(session: Session, phone: Phone, now: datetime, is_late: bool = False) -> Asked | None:
    """The last message to a phone, when it was a question: open, or late after its closing.

    Of an SMS that comes hours late (`is_late`) `now` is when it was written: what was asked since is not its question.
    """
    query = LAST.where(Message.handed_over_at <= sa.bindparam("now")) if is_late else LAST
    given = {"phone": phone.id, "now": now, "since": now - ANSWERABLE}
    row = session.execute(query, given).first()
    if row is None or row.Message.handed_over_at is None or row.Message.text_id is None:
        return None
    message, step = row.Message, row.Step
    said = as_asked(session, step, message.created_at)
    version = session.get_one(TextVersion, (message.text_id, message.text_version))
    assert said.question is not None
    closes_at = message.handed_over_at + said.question.closes
    return Asked(message, step, said, version, closes_at, _quiz(session, step, said, version, closes_at > now))


def as_asked(session: Session, step: Step, made_at: datetime) -> Said:
    """A question as its campaign said it when the message was made: nobody is graded by a later change."""
    own = sa.select(CampaignVersion).where(CampaignVersion.campaign_id == step.campaign_id)
    present = Said.model_validate(step.definition)
    if not session.scalar(sa.select(own.where(CampaignVersion.at > made_at).exists())):
        return present
    before = own.where(CampaignVersion.at <= made_at).order_by(CampaignVersion.version.desc())
    kept = session.scalar(before.limit(1)) or session.scalar(own.order_by(CampaignVersion.version).limit(1))
    bodies = [body for body in kept.definition["steps"] if body.get("step") == step.code] if kept else []
    then = Said.model_validate(bodies[0]) if bodies else present
    return then if then.question is not None else present


def option_called(called: str, question: Mapping[str, Any]) -> str:
    """The option that a missed call stands for: by its own sign, else by position (`B` and `2` are the second)."""
    options = [str(option) for option in question.get("options") or ("1", "2")]
    sign = called.strip().upper()
    if sign in options:
        return sign
    place = (
        LETTERS.find(sign) if len(sign) == 1 and sign in LETTERS else int(sign) - 1 if sign in set("12345678") else -1
    )
    return options[place] if 0 <= place < len(options) else called


def _quiz(session: Session, step: Step, said: Said, version: TextVersion, is_open: bool) -> dict[str, Any]:
    question = said.question
    assert question is not None
    shown: dict[str, Any] = {"n": 1, "type": question.type}
    if question.type in ("single", "multi"):
        shown["options"] = dict(version.options or {})
    if question.type == "number":
        shown |= {"min": question.min, "max": question.max, "unit": question.unit}
    campaign = session.get_one(Campaign, step.campaign_id)
    return {"id": f"{campaign.code}/{step.code}", "open": is_open, "late": not is_open, "questions": [shown]}
