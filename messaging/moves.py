"""What staff change about one member: village, clubs, situation, language, way to be reached, consent withdrawn.

Every change is audited by the ids and words before and after it. It holds for the messages that are planned later:
those that are planned already keep their place and text, and the sender asks again before each of them leaves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, people
from messaging.database import change
from messaging.errors import RefusedError, StaleError
from messaging.imports.protection import is_minor
from messaging.models import Club, ClubMember, Consent, Household, Language, Member, MemberPhone, ProgrammeVillage
from messaging.models.people import ContentLevel, LifeStage, MemberStatus, Purpose, Route
from messaging.phones import redact
from messaging.search import Within

LONGEST = 60  # signs of the safe hours
STALE = (
    "Quelqu'un d'autre a changé cette fiche entre-temps. Relisez ce qui est noté, puis recommencez : vos choix sont "
    "encore ici. / Somebody else changed this record in the meantime. Read what stands there, then try again: your "
    "choices are still here."
)


@dataclass(frozen=True)
class Author:
    """Who changes something, and when."""

    staff_id: int | None
    now: datetime


def find(session: Session, member_id: int, seen: str) -> Member:
    """The member, locked for a change.

    Args:
        session: a writing session.
        member_id: of the member.
        seen: the `mark` of what the person who changes something had before her.

    Raises:
        StaleError: somebody else was quicker.
    """
    member = session.get_one(Member, member_id, with_for_update=True, populate_existing=True)
    if mark(session, member) != seen:
        raise StaleError(STALE)
    return member


def mark(session: Session, member: Member) -> str:
    """16 signs that stand for all that can be changed here: they differ once any of it does."""
    stood = json.dumps(_values(member) | {"clubs": _clubs(session, member.id), "open": _open(session, member.id)})
    return hashlib.sha256(stood.encode()).hexdigest()[:16]


def move(
    session: Session, member: Member, village_id: int, household: Household | None, clubs: Iterable[Club], by: Author
) -> None:
    """Move a member to another village of the programme, into a household of it or none.

    She leaves the clubs of the old village and joins those named; clubs elsewhere, such as a cooperative, stay hers.

    Raises:
        RefusedError: the village is no other one of the programme, or the household lies elsewhere.
    """
    if village_id == member.village_id:
        raise RefusedError("La personne habite déjà ce village. / The person lives in this village already.")
    if session.get(ProgrammeVillage, (member.programme_id, village_id)) is None:
        raise RefusedError("Ce village n'est pas du programme. / This village is not in the programme.")
    if household and (household.programme_id, household.village_id) != (member.programme_id, village_id):
        raise RefusedError("Ce ménage n'habite pas ce village. / This household does not live in that village.")
    before = _place(session, member)
    left = sa.select(Club.id).where(Club.village_id == member.village_id)
    change(session, sa.delete(ClubMember).where(ClubMember.member_id == member.id, ClubMember.club_id.in_(left)))
    member.village_id, member.household_id = village_id, household.id if household else None
    for club in clubs:
        _add(session, member, club)
    _note(session, "moved", member, by, before, _place(session, member))


def set_status(session: Session, member: Member, status: MemberStatus, by: Author) -> None:
    """Note that a member left, is displaced, or is active (again)."""
    before, member.status = member.status, status
    _note(session, "status_changed", member, by, {"status": before}, {"status": status})


def set_language(session: Session, member: Member, language: str, falls_to: Sequence[str] | None, by: Author) -> None:
    """Change the language of a member, and what may replace it: None as in the programme, empty nothing.

    Raises:
        RefusedError: a language is not known.
    """
    own = None if falls_to is None else [code for code in dict.fromkeys(falls_to) if code != language]
    known = set(session.scalars(sa.select(Language.code)))
    if unknown := [code for code in (language, *(own or ())) if code not in known]:
        raise RefusedError(f"Langue inconnue : « {unknown[0]} ». / There is no language “{unknown[0]}”.")
    before = _spoken(member)
    member.language, member.falls_to = language, own
    _note(session, "language_changed", member, by, before, _spoken(member))


def set_route(session: Session, member: Member, route: Route, safe_hours: str, by: Author, today: date) -> None:
    """Change how a member is reached, and the hours at which she reads alone.

    Raises:
        RefusedError: under 18 or without a phone it is by the club; personal content needs safe hours.
    """
    hours = " ".join(safe_hours.split())
    if route is Route.PHONE and (refusal := _no_phone(session, member, today)):
        raise RefusedError(refusal)
    if member.content_level is ContentLevel.PERSON and not hours:
        raise RefusedError(
            "Un contenu personnel demande les heures où la personne lit seule. / "
            "Personal content needs the hours at which the person reads alone."
        )
    if len(hours) > LONGEST:
        raise RefusedError(f"Trop long : {LONGEST} signes pour les heures. / Too long: {LONGEST} signs for the hours.")
    before = _reached(member)
    member.route, member.safe_hours = route, hours or None
    _note(session, "route_changed", member, by, before, _reached(member))


def join(session: Session, member: Member, club: Club, by: Author) -> None:
    """Add a member to a club.

    Raises:
        RefusedError: she is in it already.
    """
    if not _add(session, member, club):
        raise RefusedError(f"La personne est déjà du club {club.code}. / The person is in club {club.code} already.")
    _note(session, "joined", member, by, None, {"club": club.id})


def leave(session: Session, member: Member, club_id: int, by: Author) -> None:
    """Take a member out of a club.

    Raises:
        RefusedError: she is not in it.
    """
    mine = sa.delete(ClubMember).where(ClubMember.member_id == member.id, ClubMember.club_id == club_id)
    if not change(session, mine):
        raise RefusedError("La personne n'est plus de ce club. / The person is not in this club any more.")
    _note(session, "left", member, by, {"club": club_id}, None)


def withdraw(session: Session, member: Member, purpose: Purpose, by: Author) -> None:
    """End a consent; without the one to note it, the stage of life and the child's month are erased at once.

    Raises:
        RefusedError: there is none to end.
    """
    if not people.withdraw(session, by.now, purpose=purpose, member_id=member.id):
        raise RefusedError("Cet accord est déjà retiré. / This consent is withdrawn already.")
    if purpose is Purpose.LIFE_STAGE:
        member.life_stage, member.life_stage_until, member.child_birth_month = LifeStage.NONE, None, None
    _note(session, "consent_withdrawn", member, by, {"purpose": purpose}, None)


def club_of(session: Session, programme_id: int, code: str, within: Within) -> Club:
    """The open club of a code, in the villages that may be seen.

    Raises:
        RefusedError: there is none, or the code stands for several.
    """
    query = sa.select(Club).where(Club.programme_id == programme_id, Club.code == code.strip(), within(Club.village_id))
    found = session.scalars(query.where(Club.closed_on.is_(None))).all()
    if len(found) != 1:
        given = redact(code.strip())[:20]
        raise RefusedError(
            f"Aucun club ouvert n'a le code « {given} ». Vérifiez les quatre chiffres. / "
            f"No open club has the code “{given}”. Check the four digits."
        )
    return found[0]


def _no_phone(session: Session, member: Member, today: date) -> str | None:
    """Why nothing may go to a phone of hers."""
    if is_minor({"age_band": member.age_band, "birth_year": member.birth_year}, today):
        return "Moins de 18 ans, ou peut-être : par le club seulement. / Under 18, or perhaps: by the club only."
    if not session.scalar(sa.select(sa.exists().where(MemberPhone.member_id == member.id))):
        return "Aucun téléphone n'est noté : par le club seulement. / No phone is on record: by the club only."
    return None


def _add(session: Session, member: Member, club: Club) -> bool:
    """Whether she is new in the club."""
    if session.get(ClubMember, (club.id, member.id)):
        return False
    session.add(ClubMember(club_id=club.id, member_id=member.id))
    session.flush()
    return True


def _values(member: Member) -> dict[str, Any]:
    return {
        "village": member.village_id, "household": member.household_id, "status": member.status,
        **_spoken(member), **_reached(member),
    }  # fmt: skip


def _place(session: Session, member: Member) -> dict[str, Any]:
    return {
        "village": member.village_id, "household": member.household_id,
        "clubs": " ".join(map(str, _clubs(session, member.id))),
    }  # fmt: skip


def _spoken(member: Member) -> dict[str, Any]:
    return {"language": member.language, "falls_to": None if member.falls_to is None else " ".join(member.falls_to)}


def _reached(member: Member) -> dict[str, Any]:
    return {"route": member.route, "safe_hours": member.safe_hours}


def _clubs(session: Session, member_id: int) -> list[int]:
    return sorted(session.scalars(sa.select(ClubMember.club_id).where(ClubMember.member_id == member_id)))


def _open(session: Session, member_id: int) -> list[str]:
    """The purposes agreed to and not withdrawn."""
    query = sa.select(Consent.purpose).where(
        Consent.member_id == member_id, Consent.granted.is_(True), Consent.withdrawn_at.is_(None)
    )
    return sorted(session.scalars(query.distinct()))


def _note(
    session: Session, action: str, member: Member, by: Author, before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:  # fmt: skip
    if before != after:
        audit.note(session, audit.actor(by.staff_id), action, "member", member.id, by.now, before=before, after=after)
