"""Reports of who came: PRES, ECOUTE and VISITE end as one club session with one report that counts.

A correction is a further row; none is changed or taken away. The club and its session are locked before the report is
looked at, so that of two who report one meeting at once the second is asked, as if the first had long been there. What
a report says changes what later meetings count for (`clubs.listening`), and ends the silence of its club.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.clubs import meetings, reports
from campaigns.conversation import asking, screening, slots
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from campaigns.conversation.reporting import club_of, day_of, not_yours
from campaigns.models import Airing, Attendance, ClubSession, Episode
from messaging import calls, fold

COUNTED = ("women", "men", "girls", "boys", "total")
BESIDE = ("pregnant", "lactating", "episode", "problem")
WORDS = ("note", "question")  # they stay with their own SMS, where masking and erasing find them
REASONS = (
    ("rain", re.compile(r"\b(?:pluies?|pleu\w+|inondations?|orages?)\b")),
    ("market", re.compile(r"\b(?:marches?|foires?)\b")),
    ("funeral", re.compile(r"\b(?:deces|funerailles?|enterrements?|obseques|deuil|morte?|saraka)\b")),
)  # why there was no meeting
BEHIND = re.compile(r"\bannule\w*\W+[a-z]{3,}")


def store(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Store what is certain; keep what must be asked for a day; put a number that nobody knows on the call list."""
    screening.flag(session, sender, reading, now)
    if reading.error == "unknown_number":
        programme_id = sender.programme.id if sender.programme else None
        calls.ask(session, programme_id, sender.phone.id, "unknown_number", sender.inbound.id, now)
    if reading.status == "ok":
        return _record(session, sender, reading, now)
    if reading.status == "ignored":
        asking.settle(session, sender, reading)
    asking.ask(session, sender, reading, now)
    return DONE


def _record(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    club = club_of(sender, reading)
    if club is None:
        return not_yours(reading)
    meeting = meetings.meeting_of(session, club, day_of(reading), reading.intent)
    meetings.teach(session, meeting, reading.fields.get("session"))
    counted = reports.counted(session, meeting)
    done = _stored(session, sender, meeting, counted, reading)
    if done is None:
        assert counted is not None
        return _ask_again(session, sender, counted, reading, now)
    asking.settle(session, sender, reading)
    reports.follow(session, [meeting], now)
    return replace(done, slots=_echo(session, meeting, done.reading or reading))


def _stored(
    session: Session, sender: Sender, meeting: ClubSession, counted: Attendance | None, reading: Reading
) -> Done | None:
    """Store what is new in a report; None when its sender must be asked which numbers hold."""
    if reading.fields.get("cancelled"):
        reports.cancel(meeting, counted, called_off(sender.inbound.text))
    elif reading.fields.get("problem") and counted is not None and not _adds(counted, reading):
        pass  # said before
    elif (
        reading.fields.get("problem")
        or counted is None
        or not reports.has_people(counted)
        or _is_told(counted, reading)
    ):
        _report(session, sender, meeting, counted, reading)
    elif not _is_same(counted, reading):
        return None
    else:
        return _already(session, sender, meeting, counted, reading)
    return DONE


def _already(session: Session, sender: Sender, meeting: ClubSession, counted: Attendance, reading: Reading) -> Done:
    """The same numbers again change nothing; what comes with them, such as the episode of ECOUTE after PRES, does."""
    if _adds(counted, reading):
        _report(session, sender, meeting, counted, reading)
    if "duplicate_ignored" in reading.repairs:
        return DONE
    told = replace(reading, repairs=(*reading.repairs, "duplicate_ignored"))
    return Done(key="att.already", reading=told)


def _echo(session: Session, meeting: ClubSession, reading: Reading) -> dict[str, str]:
    """For the reply, the episode that a meeting counts for, where nobody wrote it."""
    if reading.fields.get("episode") is not None or reading.fields.get("cancelled"):
        return {}
    query = sa.select(Episode.number).join(Airing).join(ClubSession, ClubSession.airing_id == Airing.id)
    number = session.scalar(query.where(ClubSession.id == meeting.id, ClubSession.heard.is_not(None)))
    if number is None:
        return {}
    return {"counts": slots.counts({**reading.fields, "episode": number}), "e": str(number)}


def called_off(text: str) -> str | None:
    """The code of the reason why there was no meeting: `rain`, `market`, `funeral`, `insecurity` or `other`; pure.

    None when nothing was said. Insecurity is its focal point's alone; others see `other`.
    """
    plain = fold.plain(text)
    if screening.category(plain, "attendance") == "security":
        return "insecurity"
    found = next((code for code, pattern in REASONS if pattern.search(plain)), None)
    return found or ("other" if BEHIND.search(plain) else None)


def _report(
    session: Session, sender: Sender, meeting: ClubSession, counted: Attendance | None, reading: Reading
) -> None:
    """Add the report in the place of the one that counted, which it supersedes."""
    source = asking.origin(session, sender, reading)
    row = Attendance(
        club_session_id=meeting.id, intent=reading.intent, phone_id=sender.phone.id, inbound_id=source.id,
        received_at=source.received_at, repairs=list(reading.repairs), **_said(sender, reading, counted),
    )  # fmt: skip
    reports.supersede(session, meeting, counted, row)


def _said(sender: Sender, reading: Reading, counted: Attendance | None) -> dict[str, Any]:
    """The values of a report; what comes beside the counts of a meeting in another SMS joins them."""
    said, before = reading.fields, {"episode": counted.episode} if counted else dict[str, Any]()
    if counted is not None and (said.get("problem") or not reports.has_people(counted) or _is_same(counted, reading)):
        before = {name: getattr(counted, name) for name in (*COUNTED, *BESIDE)}
    values = before | {name: said[name] for name in (*COUNTED, *BESIDE, *WORDS) if name in said}
    is_hidden = any(screening.is_sensitive(sender, said.get(name), reading.intent) for name in WORDS)
    return values | {"total": values.get("total") or 0, "sensitive": is_hidden}


def _adds(counted: Attendance, reading: Reading) -> bool:
    """Whether a report says something beside the counts that is not known yet."""
    if reading.intent == "listening" and counted.intent == "attendance":
        return True  # that they listened
    return any(reading.fields.get(name) not in (None, getattr(counted, name)) for name in (*BESIDE, *WORDS))


def _is_same(counted: Attendance, reading: Reading) -> bool:
    now_said = (reading.fields.get("women"), reading.fields.get("men"), reading.fields.get("total"))
    return (counted.women, counted.men, counted.total) == now_said


def _is_told(counted: Attendance, reading: Reading) -> bool:
    """Whether the sender knows which numbers hers replace."""
    replaces: Mapping[str, int | None] | None = reading.fields.get("replaces")
    return replaces is not None and replaces == _replaced(counted)


def _replaced(counted: Attendance) -> dict[str, int | None]:
    return {"women": counted.women, "men": counted.men}


def _ask_again(session: Session, sender: Sender, counted: Attendance, reading: Reading, now: datetime) -> Done:
    """Read it as it would have been, had the other report been known: the sender is asked which one holds."""
    fields = {**reading.fields, "replaces": _replaced(counted)}
    repairs = tuple(one for one in reading.repairs if one not in ("duplicate_ignored", "correction", "confirmed"))
    asked = replace(reading, status="confirm", error="already_reported", fields=fields, repairs=repairs)
    asking.ask(session, sender, asked, now, asking.origin(session, sender, reading))
    return Done(key="att.replace?", reading=asked)
