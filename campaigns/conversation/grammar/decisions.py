"""What a club decided: DECISION, and whether it was kept; pure, knows no database.

Source: the page on incoming SMS, section 8.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.conversation.grammar import clubs, dates, leading, notes, said
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms

REPLIES = {
    "club_code_invalid": "att.club_invalid", "club_not_yours": "att.club_not_yours",
    "club_missing": "decision.which_club",
}  # fmt: skip
KEPT = {"1": "yes", "2": "partly", "3": "no"}


def read_decision(sms: Sms) -> Result | None:
    """Read a decision; None when the keyword does not lead."""
    body = leading.after(sms, ("decision", "decisions"))
    if body is None or not sms.is_reporter:
        return None
    code = clubs.code_at(body)
    given, rest = (code[0], leading.separated(body[clubs.LENGTH :])) if code else (None, body)
    refusal = clubs.refuse_code(given, sms.clubs)
    if refusal:
        return _error(*refusal)
    club = clubs.which(given, sms.clubs)
    if club is None:
        return _error("club_missing", {"clubs": sms.clubs})
    found = dates.at(rest.lower(), 0, sms.today) if code else None
    rest = leading.separated(rest[found.end :]) if found else rest
    day = found.day if found else sms.today
    if day is None:
        return _error("date_invalid", {"club": club})
    if day > sms.today:
        return _error("date_future", {"club": club, "date": day.isoformat()})
    text, redacted = notes.kept(sms.typed(rest))
    if not text:
        return _error("text_missing", {"club": club})
    fields = {"club": club, "text": text, "date": day.isoformat()}
    repairs = (*(code[1] if code else ()), *(("phone_redacted",) if redacted else ()))
    return Result((Reading("decision", "ok", fields, repairs=repairs),), "decision.ok")


def read_pending(sms: Sms) -> Result | None:
    """Read the answer to whether a decision was kept; None when it is no answer."""
    if sms.pending.get("type") != "decision_kept":
        return None
    kept = KEPT.get(said.of(sms)[0].plain)
    if kept is None:
        return None
    fields = {"club": sms.pending.get("club"), "decision": sms.pending.get("decision"), "kept": kept}
    return Result((Reading("decision", "ok", fields),), "decision.thanks")


def _error(error: str, fields: Mapping[str, Any]) -> Result:
    return Result((Reading("decision", "error", fields, error),), REPLIES.get(error, "decision.unclear"))
