"""MES INFOS and EFFACER: what is held of who writes, in one SMS that anyone may read, and the wish to erase it.

Nothing on pregnancy or children, no name; of a shared phone only how many are registered on it.
Source: the safeguarding rules, sections 6 and 10.
"""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import questions
from campaigns.conversation.consent import has_stopped
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, SILENT, Done
from messaging import audit, inbox
from messaging.clock import local
from messaging.models import Club, ClubMember, Language, Member, MemberPhone
from messaging.models.people import Ownership, Route, Sex

LISTED = 8  # codes of clubs
SEXES = {Sex.F: "F", Sex.M: "H"}
BANDS = {"under18": "-18", "50plus": "50+", "18plus": "18+"}  # the others are said as they are stored
NOT_HELD = "?"


def tell(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Say group, language, sex and age band; of a phone that others may hold only how many."""
    if sender.members:
        alone = _alone(session, sender)
        if alone is None:
            return Done(key="data.shared", slots={"people": str(len(sender.members))})
        return Done(slots=_held(session, sender, alone, now))
    if sender.clubs:
        return Done(key="data.reporter", slots={"clubs": _listed([club.code for club in sender.clubs])})
    return Done(key="data.station" if sender.station else "data.none")


def erase(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Ask once; after a yes the phone is closed at once, and the next night erases what is held."""
    if reading.status == "pending":
        questions.put(session, sender, "erase", now)
        people = len(sender.members)
        return DONE if people < 2 else Done(key="data.erase_shared?", slots={"people": str(people)})
    if has_stopped(sender):
        return SILENT
    questions.clear(session, sender)
    if reading.status == "ok":
        sender.phone.erase_asked_at = now
        inbox.opt_out(session, sender.phone, "sms", sender.inbound.received_at)
        audit.note(session, "phone:sms", "erase_asked", "phone", sender.phone.id, now)
    return DONE


def band(member: Member, today: date) -> str:
    """The age band as an SMS says it, from the year of birth when no band was told; pure."""
    if member.age_band:
        return BANDS.get(member.age_band, member.age_band)
    if member.birth_year is None:
        return NOT_HELD
    age = today.year - member.birth_year
    return "-18" if age < 18 else "18-24" if age < 25 else "25-49" if age < 50 else "50+"


def _alone(session: Session, sender: Sender) -> Member | None:
    """The only person of a phone; not one who chose her club and is only linked to the phone of somebody else."""
    if len(sender.members) != 1:
        return None
    link = session.get_one(MemberPhone, (sender.members[0].id, sender.phone.id))
    is_reached = sender.members[0].route is Route.PHONE or link.ownership is Ownership.OWN
    return sender.members[0] if is_reached else None


def _held(session: Session, sender: Sender, member: Member, now: datetime) -> dict[str, str]:
    assert sender.programme is not None
    codes = sa.select(Club.code).join(ClubMember).where(ClubMember.member_id == member.id).order_by(Club.code)
    return {
        "clubs": _listed(list(session.scalars(codes))),
        "lang": session.get_one(Language, member.language).name_fr,
        "sex": SEXES.get(member.sex, NOT_HELD),
        "age": band(member, local(now, sender.programme.zone).date()),
    }


def _listed(codes: list[str]) -> str:
    shown = ", ".join(codes[:LISTED]) or NOT_HELD
    return f"{shown}, etc" if len(codes) > LISTED else shown
