"""A programme of one's own: an empty one with its rules as rows; knows no place, no person and no campaign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, budget, rhythm, risk
from messaging.database import insert_ignore
from messaging.errors import DataError
from messaging.hours import parse_spans
from messaging.letters import is_gsm7
from messaging.models import Budget, Cap, Chain, Hours, Language, Mark, Programme, RiskRule
from messaging.models.place import RiskLevel
from messaging.models.post import Kind
from messaging.models.rule import Decision

CODE = re.compile(r"[a-z0-9](?:-?[a-z0-9]){1,39}")
LONGEST_CODE = 40
CAPS = {Kind.SERVICE: (2, 6, None), Kind.CAMPAIGN: (1, 3, 16)}  # a day, a week and a month, on one phone
CAPPED = tuple(CAPS)
CAPS_TAKEN = "caps"  # the mark of installations whose caps were given their numbers
LAW_TAKEN = "risk_rules"  # the mark of installations whose risk rules are those of the law


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
    town: str | None = None,
) -> Programme:
    """Start an empty programme: the rhythm of its town, the caps and the risk rules of the law, no fallback.

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
        town: whose fixed hours it takes, of `rhythm.towns()`; None: those that are open in all of them.

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
    rhythm.seed(session, programme, town)
    session.add_all(Chain(programme_id=programme.id, language=language, falls_to=[]) for language in languages)
    add_rules(session)
    _limit_phones(session)
    audit.note(session, audit.COMMAND, "added", "programme", programme.id, now)
    return programme


def change(
    session: Session,
    programme: Programme,
    now: datetime,
    *,
    budgets: Sequence[str] = (),
    chains: Sequence[str] = (),
    languages: Sequence[str] = (),
    open_hours: str | None = None,
    always_open: bool | None = None,
    caps: Sequence[str] = (),
    staff_id: int | None = None,
) -> dict[str, Any]:
    """Change rules of a programme, all that is given or nothing.

    Args:
        session: a writing session.
        programme: whose rules.
        now: the time.
        budgets: `2026-12=500000` in XOF, `2026-12=` for no limit.
        chains: `dds=ffm,bm,fr`, `dds=` for this language or nothing.
        languages: codes to add to the programme's own.
        open_hours: local spans of campaigns, in place of the programme's first row of hours for them.
        always_open: whether open hours count.
        caps: `campaign=1,3,16`, messages a phone may get in a day, a week and a month, of all programmes together;
            a number left out is no limit: `service=2,6,`.
        staff_id: who changes it; None: the command line.

    Returns:
        What was changed, as it is now.

    Raises:
        DataError: a value cannot be read, or names a language that is not known.
    """
    known = set(session.scalars(sa.select(Language.code)))
    before: dict[str, Any] = {}
    done: dict[str, Any] = {}
    if languages:
        _check_languages(languages, known)
        before["languages"] = programme.languages
        programme.languages = done["languages"] = list(dict.fromkeys([*programme.languages, *languages]))
    for name, parts in (
        ("fallback", [_fall_back(session, programme, words, known) for words in chains]),
        ("budget", [_limit(session, programme, words) for words in budgets]),
        ("caps", [_cap(session, words) for words in caps]),
    ):
        if parts:
            before[name], done[name] = ({key: pair[place] for key, *pair in parts} for place in (0, 1))
    if open_hours is not None:
        _open(session, programme, open_hours)
        done["open_hours"] = open_hours
    if always_open is not None:
        before["always_open"] = programme.always_open
        programme.always_open = done["always_open"] = always_open
    who = audit.actor(staff_id)
    audit.note(session, who, "changed", "programme", programme.id, now, before=_flat(before) or None, after=_flat(done))
    return done


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """One line a value, so that a sum of money stays a number and is not taken for that of a phone."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= {f"{key} {name}": one for name, one in value.items()} if isinstance(value, dict) else {key: value}
    return found


def _fall_back(session: Session, programme: Programme, words: str, known: set[str]) -> tuple[str, list[str], list[str]]:
    """The language, what it fell back to and what it falls back to now."""
    language, falls_to = _parse_chain(words)
    _check_languages([language, *falls_to], known)
    row = session.get(Chain, (programme.id, language))
    before = row.falls_to if row else []
    session.merge(Chain(programme_id=programme.id, language=language, falls_to=falls_to))
    return language, before, falls_to


def _limit(session: Session, programme: Programme, words: str) -> tuple[str, int | None, int | None]:
    """The month, its limit before and its limit now, in XOF."""
    month, xof = _parse_budget(words)
    row = session.get(Budget, (programme.id, month))
    before = None if row is None or row.limit_micros is None else row.limit_micros // 1_000_000
    budget.set_limit(session, programme.id, month, None if xof is None else xof * 1_000_000)
    return f"{month:%Y-%m}", before, xof


def _cap(session: Session, words: str) -> tuple[str, list[int | None], list[int | None]]:
    """The kind, its numbers for day, week and month before, and those of now."""
    kind, most = _parse_cap(words)
    row = session.get(Cap, kind)
    before: list[int | None] = [row.per_day, row.per_week, row.per_month] if row else [None, None, None]
    session.merge(Cap(kind=kind, per_day=most[0], per_week=most[1], per_month=most[2]))
    return kind, before, most


def _open(session: Session, programme: Programme, spans: str) -> None:
    if len(spans) > 120:
        raise DataError("These are too many spans: write 120 signs at most, such as 08:00-11:30 20:30-21:00.")
    if not parse_spans(spans):
        raise DataError("Write at least one span of hours, such as 20:30-21:00.")
    query = sa.select(Hours).where(Hours.programme_id == programme.id, Hours.kind == Kind.CAMPAIGN.value)
    row = session.scalars(query.order_by(Hours.position, Hours.id)).first()
    if row is None:
        row = Hours(programme_id=programme.id, position=0, kind=Kind.CAMPAIGN.value, reason="")
        session.add(row)
    row.open_spans, row.reason = spans, row.reason or "Heures choisies par le programme"


def _parse_chain(words: str) -> tuple[str, list[str]]:
    language, is_given, rest = words.partition("=")
    if not is_given or not language.strip():
        raise DataError(
            f"« {words} » n'est pas une suite de langues. Écrivez dds=ffm,bm,fr (dds= : cette langue ou rien). / "
            f"« {words} » is no fallback. Write it like dds=ffm,bm,fr (dds= : this language or nothing)."
        )
    falls_to = [code.strip() for code in rest.split(",") if code.strip()]
    return language.strip(), [code for code in dict.fromkeys(falls_to) if code != language.strip()]


def _parse_cap(words: str) -> tuple[str, list[int | None]]:
    kind, _is, rest = words.partition("=")
    numbers = [number.strip() for number in rest.split(",")]
    if kind.strip() not in CAPPED or len(numbers) != 3 or not all(one.isdecimal() or not one for one in numbers):
        raise DataError(
            f"« {words} » is no cap. Write it like campaign=1,3,16: messages in a day, a week and a month. "
            "A number left out is no limit, such as service=2,6,"
        )
    return kind.strip(), [int(one) if one else None for one in numbers]


def _parse_budget(words: str) -> tuple[date, int | None]:
    month, is_given, rest = words.partition("=")
    try:
        first = date.fromisoformat(f"{month.strip()}-01")
        xof = int(rest.replace(" ", "")) if rest.strip() else None
    except ValueError:
        is_given = ""
    if not is_given or (xof is not None and not 0 <= xof <= 10**12):
        raise DataError(
            f"« {words} » n'est pas le budget d'un mois. Écrivez 2026-12=500000 (en XOF, sans décimales). / "
            f"« {words} » is no budget of a month. Write it like 2026-12=500000 (in XOF, no decimals)."
        )
    return first, xof


def _check_languages(codes: Sequence[str], known: set[str]) -> None:
    unknown = [code for code in codes if code not in known]
    if unknown:
        which, all_known = ", ".join(unknown), ", ".join(sorted(known))
        raise DataError(
            f"Langue inconnue : {which}. Connues : {all_known}. / No such language: {which}. Known: {all_known}."
        )


def add_rules(session: Session) -> None:
    """Add the caps that are not there, without a limit, and the risk rules as the law has them; changed ones stay."""
    session.execute(insert_ignore(session, Cap, ["kind"]), [{"kind": kind} for kind in CAPPED])
    rules = [
        {"level": level, "tag": tag, "decision": Decision.BLOCK if tag in risk.LAW[level] else Decision.ALLOW}
        for level in RiskLevel
        for tag in risk.TAGS
    ]
    session.execute(insert_ignore(session, RiskRule, ["level", "tag"]), rules)


def obey(session: Session) -> None:
    """Give what an older version seeded the values of today, each once: dated hours, caps, the rules of the law."""
    rhythm.obey(session)
    _limit_phones(session)
    if session.get(Mark, LAW_TAKEN) is not None:
        return
    for level, tags in risk.LAW.items():
        rows = sa.update(RiskRule).where(RiskRule.level == level, RiskRule.tag.in_(tags))
        session.execute(rows.values(decision=Decision.BLOCK))
    session.add(Mark(name=LAW_TAKEN, value="5.1"))


def _limit_phones(session: Session) -> None:
    """Give the caps their numbers, once, with the first programme of real people; a number that staff set stays.

    Invented people have none: a newcomer is to see something leave.
    """
    is_real = session.scalar(sa.select(sa.exists().where(Programme.demonstration.is_(False))))
    if not is_real or session.get(Mark, CAPS_TAKEN) is not None:
        return
    for kind, (day, week, month) in CAPS.items():
        bare = (Cap.kind == kind, Cap.per_day.is_(None), Cap.per_week.is_(None), Cap.per_month.is_(None))
        session.execute(sa.update(Cap).where(*bare).values(per_day=day, per_week=week, per_month=month))
    session.add(Mark(name=CAPS_TAKEN, value="4.5"))


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
    _check_languages(languages or ("–",), known)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        raise DataError(f"« {zone} » is no time zone. Write one such as Africa/Bamako.") from None
