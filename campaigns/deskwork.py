"""What the officer of the demonstration does in its simulated days: she sorts what came in and works the cases.

She leaves the last two days to whoever signs in, and a part of what is older, so that there is something to do in every
list. What a complainant says of an answer follows from the seed and her phone alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import answering, cases, sorting
from campaigns.fieldwork import Writes
from campaigns.models import Feedback
from messaging.errors import RefusedError
from messaging.models import Inbound, Programme, Role, Staff, StaffRole

LEFT = timedelta(days=2)
SORTED, ANSWERED, CONTENT = 0.85, 0.7, 0.8
MOST = 200  # SMS of one morning
WORDS = (  # what stands in an SMS, and what it is then; the first that fits
    ("merci", "thanks"), ("c'est bien", "thanks"), ("PLAINTE", "complaint_minor"), ("deux fois", "complaint_minor"),
    ("AVIS", "suggestion"), ("QUESTION", "question"), ("emission?", "question"), ("bidons", "assistance_request"),
)  # fmt: skip
ANSWERS = (
    ("moringa", "Sechez les feuilles de moringa a l'ombre, puis gardez-les dans un pot bien ferme."),
    ("emission", "L'emission passe chaque semaine, le soir; la rediffusion est le samedi a 16h30."),
    ("deux fois", "Merci de l'avoir dit. Le message ne vient plus deux fois."),
)
PHONED = "Rappelé : le club va en parler à la prochaine séance."


def morning(session: Session, seed: str, now: datetime, until: datetime) -> list[Writes]:
    """Sort and answer what waits since yesterday; gives what the complainants say of it in the hours after."""
    officer = session.scalar(
        sa.select(StaffRole.staff_id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.role == Role.OFFICER, Staff.demonstration)
        .order_by(Staff.id)
        .limit(1)
    )
    if officer is None or now > until - LEFT:
        return []
    said = []
    for inbound, programme in _waiting(session, now):
        dice = Random(f"{seed}|desk|{inbound.id}")
        if dice.random() < SORTED:
            kind = kind_of(inbound)
            sorting.sort(session, {inbound.id: kind}, {inbound.id: ""}, officer, programme.id, now)
            case = session.scalar(sa.select(Feedback).where(Feedback.inbound_id == inbound.id))
            if case is not None and kind in ("question", "complaint_minor", "assistance_request"):
                said += _work(session, dice, inbound, programme, officer, now)
    return said


def kind_of(inbound: Inbound) -> str:
    """What an SMS of the invented people is, as a person would see it."""
    if inbound.intent != "feedback":
        return "noise"  # a report with its note: nothing to follow up
    return next((kind for word, kind in WORDS if word.lower() in inbound.text.lower()), "noise")


def _waiting(session: Session, now: datetime) -> Sequence[tuple[Inbound, Programme]]:
    query = (
        sa.select(Inbound, Programme)
        .join(Feedback, Feedback.inbound_id == Inbound.id)
        .join(Programme, Programme.id == Feedback.programme_id)
        .where(sorting.boxed("waiting", "doubtful"), Inbound.received_at < now - timedelta(hours=12))
        .where(Inbound.received_at > now - timedelta(days=3), Inbound.phone_id.is_not(None))
        .order_by(Inbound.id)
        .limit(MOST)
    )
    return [(inbound, programme) for inbound, programme in session.execute(query)]


def _work(
    session: Session, dice: Random, inbound: Inbound, programme: Programme, officer: int, now: datetime
) -> list[Writes]:
    """Answer a case, if the dice say so; the answer to « satisfied? » comes in the afternoon."""
    case = cases.locked(session, session.scalars(sa.select(Feedback.id).where(Feedback.inbound_id == inbound.id)).one())
    if dice.random() > ANSWERED or case.closed_at is not None:
        return []
    words = next((words for word, words in ANSWERS if word in inbound.text), None)
    if words is None:
        cases.phoned(session, case, PHONED, officer, now)
        cases.close(session, case, officer, now)
        return []
    try:
        asked = cases.answer(session, case, answering.spelt(session, words, "fr"), "fr", programme, officer, now)
    except RefusedError:  # a STOP since: nothing may be written to her
        return []
    if not asked:
        return []
    text = dice.choice(("OUI", "oui", "Oui merci")) if dice.random() < CONTENT else "NON"
    return [Writes(now + timedelta(minutes=dice.randint(60, 400)), f"sim-case-{case.id}", case.phone_id, text)]
