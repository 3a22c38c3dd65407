"""A programme of one's own: an empty one with its rules as rows; knows no place, no person and no campaign."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit
from messaging.database import insert_ignore
from messaging.errors import DataError
from messaging.letters import is_gsm7
from messaging.models import Cap, Chain, Hours, Language, Programme, RiskRule
from messaging.models.place import RiskLevel
from messaging.models.post import Kind
from messaging.models.rule import Decision

CODE = re.compile(r"[a-z0-9](?:-?[a-z0-9]){1,39}")
LONGEST_CODE = 40
CAPPED = (Kind.SERVICE, Kind.CAMPAIGN)
TAGS = ("distribution", "cash", "agency", "meeting", "srh", "security", "warning")

# Open at both documented places (Bandiagara and Kita) all year, 20 minutes clear of every prayer; calls and prompts to
# facilitators have the wider row. Each row may only narrow those above it.
HOURS: tuple[dict[str, Any], ...] = (
    {
        "kind": Kind.CAMPAIGN,
        "open_spans": "08:00-11:30 16:35-17:20 20:50-21:00",
        "reason": "Toute l'année : à 20 minutes de chaque prière",
    },
    {"kind": Kind.SERVICE, "open_spans": "06:30-21:00", "reason": "Appels et rappels aux animateurs"},
    {"kind": "both", "weekday": 4, "closed_spans": "12:30-15:00", "reason": "Prière du vendredi"},
)


def by_code(session: Session, code: str) -> Programme:
    """The programme of a code.

    Raises:
        DataError: there is none.
    """
    programme = session.scalar(sa.select(Programme).where(Programme.code == code))
    if programme is None:
        raise DataError(f"There is no programme « {code} ». Make one: jekulu programme new CODE")
    return programme


def only(session: Session, code: str | None) -> Programme:
    """The programme of a code, or the only one when no code is given.

    Raises:
        DataError: there is none, or there are several and none was named.
    """
    if code is not None:
        return by_code(session, code)
    rows = session.scalars(sa.select(Programme).order_by(Programme.id)).all()
    if len(rows) == 1:
        return rows[0]
    known = ", ".join(row.code for row in rows)
    raise DataError(
        f"Which programme? Add --programme CODE ({known})."
        if rows
        else "There is no programme yet. Make one: jekulu programme new CODE"
    )


def new_programme(
    session: Session,
    code: str,
    now: datetime,
    *,
    name_fr: str | None = None,
    name_en: str | None = None,
    service_name: str = "Jekulu",
    zone: str = "Africa/Bamako",
    languages: Sequence[str] = ("fr", "bm"),
    details: dict[str, Any] | None = None,
    demonstration: bool = False,
) -> Programme:
    """Start an empty programme: open hours, no limit of messages, all risk tags allowed, no fallback of languages.

    Args:
        session: a writing session.
        code: what commands call it: small letters, digits and single hyphens, 2 to 40.
        now: when it was made.
        name_fr: shown on French pages; the code when left out.
        name_en: shown on English pages; the French name when left out.
        service_name: the neutral name that an SMS may carry.
        zone: its time zone, by the name of the tz database.
        languages: codes of the language table; the first one is the language of last resort for replies.
        details: targets, phases, pillars and the like.
        demonstration: never meets a real gateway, and has no closed hours.

    Raises:
        DataError: the code is taken, or a value cannot be; nothing is stored then.
    """
    _check(session, code, service_name, zone, languages)
    programme = Programme(
        code=code,
        name_fr=name_fr or code,
        name_en=name_en or name_fr or code,
        service_name=service_name,
        zone=zone,
        language=languages[0],
        languages=list(languages),
        details=details or {},
        demonstration=demonstration,
        always_open=demonstration,
        created_at=now,
    )
    session.add(programme)
    session.flush()
    session.add_all(Hours(programme_id=programme.id, position=place, **row) for place, row in enumerate(HOURS))
    session.add_all(Chain(programme_id=programme.id, language=language, falls_to=[]) for language in languages)
    add_rules(session)
    audit.note(session, audit.COMMAND, "added", "programme", programme.id, now)
    return programme


def add_rules(session: Session) -> None:
    """Add the caps and risk rules that are not there, allowing everything; what staff changed stays."""
    session.execute(insert_ignore(session, Cap, ["kind"]), [{"kind": kind} for kind in CAPPED])
    rules = [{"level": level, "tag": tag, "decision": Decision.ALLOW} for level in RiskLevel for tag in TAGS]
    session.execute(insert_ignore(session, RiskRule, ["level", "tag"]), rules)


def _check(session: Session, code: str, service_name: str, zone: str, languages: Sequence[str]) -> None:
    if not CODE.fullmatch(code) or len(code) > LONGEST_CODE:
        raise DataError(
            f"« {code} » cannot be the code of a programme. "
            "Write 2 to 40 small letters, digits and single hyphens, such as sikasso-2027."
        )
    if session.scalar(sa.select(Programme.id).where(Programme.code == code)) is not None:
        raise DataError(f"There is a programme « {code} » already. Choose another code.")
    if not service_name or len(service_name) > 40 or not is_gsm7(service_name):
        raise DataError("The service name stands in SMS: write 1 to 40 plain letters.")
    _check_zone(zone)
    known = set(session.scalars(sa.select(Language.code)))
    unknown = [language for language in languages if language not in known]
    if unknown or not languages:
        listed = ", ".join(unknown) or "–"
        raise DataError(f"No such language: {listed}. Known: {', '.join(sorted(known))}.")


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        raise DataError(f"« {zone} » is no time zone. Write one such as Africa/Bamako.") from None
