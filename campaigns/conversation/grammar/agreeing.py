"""Questions of ours that a yes or a no answers: consent, a closed case, a price, …; pure, knows no database.

Only consent swallows every message; to the others what is neither yes nor no is read as ever.
Source: the page on incoming SMS, sections 4.4 and 8.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms

Kept = Mapping[str, Any]


def read_consent(sms: Sms) -> Result:
    """Read whether somebody agrees to get messages; anything unclear is asked again."""
    kept, granted = sms.pending, sms.agrees()
    if granted is None:
        return _one(Reading("consent", "pending", {"club": kept.get("club")}, "consent_unclear"), "join.who_we_are")
    fields = {"granted": granted, "club": kept.get("club"), "text_version": kept.get("text_version")}
    return _one(Reading("consent", "ok", fields), "join.welcome" if granted else "join.declined")


def read_pending(sms: Sms) -> Result | None:
    """Read the yes or no to the question that waits; None when it is neither."""
    answer, agrees = ANSWERS.get(str(sms.pending.get("type"))), sms.agrees()
    return answer(sms.pending, agrees) if answer and agrees is not None else None


def _village(kept: Kept, agrees: bool) -> Result:
    """Whether the village we guessed from a misspelt name is the one that was meant."""
    if not agrees:
        return _one(Reading("join", "pending", {}, "club_missing"), "join.which_club")
    return _one(Reading("join", "pending", {"village": kept.get("village")}, "consent_needed"), "join.consent")


def _erase(kept: Kept, agrees: bool) -> Result:
    return _one(Reading("erase", "ok"), "data.erased") if agrees else _one(Reading("erase", "ignored"), "data.kept")


def _case(kept: Kept, agrees: bool) -> Result:
    fields = {"case": kept.get("case"), "satisfied": agrees}
    return _one(Reading("case_answer", "ok", fields), "case.thanks" if agrees else "case.reopened")


def _number(kept: Kept, agrees: bool) -> Result:
    fields = {"request": kept.get("request"), "confirmed": agrees}
    return _one(Reading("new_number", "ok", fields), "number.ok" if agrees else "number.no")


def _quorum(kept: Kept, agrees: bool) -> Result:
    fields = {"club": kept.get("club"), "date": kept.get("date"), "quorum": agrees}
    return _one(Reading("quorum", "ok", fields), "quorum.thanks")


def _price(kept: Kept, agrees: bool) -> Result:
    known = ("market", "prices", "unit", "date") if agrees else ("market", "date")
    fields = {key: kept[key] for key in known if key in kept}
    if agrees:
        return _one(Reading("price", "ok", fields, repairs=("confirmed",)), "price.ok")
    return _one(Reading("price", "ignored", fields), "price.not_recorded")


def _new_sim(kept: Kept, agrees: bool) -> Result:
    """Whether this SIM replaces the one we know."""
    fields = {"granted": agrees, "old": kept.get("old")}
    return _one(Reading("new_sim", "ok", fields), "sim.moved" if agrees else "sim.kept")


def _one(reading: Reading, reply: str) -> Result:
    return Result((reading,), reply)


ANSWERS: Mapping[str, Callable[[Kept, bool], Result]] = {
    "join_village": _village,
    "erase": _erase,
    "case_closed": _case,
    "new_number": _number,
    "quorum": _quorum,
    "price_confirm": _price,
    "new_sim": _new_sim,
}
