"""The words of an answer to a case: in which language, how they are spelt for the air, and what they must not say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import Finding, wording
from campaigns.models import Campaign
from messaging import languages, letters, profile
from messaging.models import Member, MemberPhone, Phone, Programme


def spelt(session: Session, words: str, language: str) -> str:
    """An answer in the letters of an SMS, without those that would make it dear."""
    said = profile.spell(" ".join(words.split()), languages.profile_of(session, language))
    return said.suggested or said.sms


def refusals(words: str, own: Iterable[str]) -> Iterator[str]:
    """Why these words cannot answer, each in French and English: not one plain SMS, or what no SMS may say.

    `own` names agencies and donors.
    """
    if not words.strip():
        yield "Écrivez la réponse. / Write the answer."
    size = letters.measure(words)
    if size.encoding != "GSM-7":
        dear = ", ".join(dict.fromkeys(one.char for one in letters.dear(words)))
        yield f"Ces signes ne passent pas en SMS simple : {dear}. / These signs do not fit a plain SMS: {dear}."
    elif size.segments > 1:
        over = size.units - letters.ALONE[size.encoding]
        yield f"Trop long de {over} signes pour un SMS. / Too long for one SMS by {over} characters."
    for key, values in (*wording.words(words, own), *wording.requests(words)):
        found = Finding(("sms",), key, values)
        yield f"{found.say('fr')} / {found.say('en')}"


def agencies(session: Session, programme: Programme) -> list[str]:
    """The agencies and donors that a programme and its campaigns name; an SMS never does."""
    rows = session.scalars(sa.select(Campaign.definition).where(Campaign.programme_id == programme.id))
    named = {row.get("agency") or "" for row in rows}
    for key in ("donors", "agencies"):
        own = programme.details.get(key) or ()
        named |= {own} if isinstance(own, str) else {one for one in own if isinstance(one, str)}
    return sorted(named - {""})


def language_of(session: Session, phone: Phone, programme: Programme) -> str:
    """The language in which a phone is answered: its own, else of its first member, else the programme's."""
    first = sa.select(Member.language).join(MemberPhone).where(MemberPhone.phone_id == phone.id).order_by(Member.id)
    return phone.language or session.scalar(first.limit(1)) or programme.language
