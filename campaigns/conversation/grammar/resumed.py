"""Answers to what we asked about a report: its club, its other half, whether it is right; pure.

Source: the page on incoming SMS, section 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from campaigns.conversation.grammar import chunks, clubs, openings, written
from campaigns.conversation.grammar.checks import decide, find_unclear, settle
from campaigns.conversation.grammar.counts import M_ASKS, Body
from campaigns.conversation.grammar.labels import FIELDS, HEADS, NUMBERED, SEXES
from campaigns.conversation.grammar.pieces import CANCELLED
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.tally import UNREAD, Tally, weigh

JOINED = "joined_two_sms"
NOTES = ("note", "question")
BESIDE = ("cancelled", "problem", "replaces")  # given back as they were kept


def read(sms: Sms) -> Reading | None:
    """The reading that an answer makes of what was kept; None when the SMS is no answer."""
    answer = _ANSWERS.get(str(sms.pending.get("type")))
    return answer(sms) if answer else None


def _club(sms: Sms) -> Reading | None:
    """A message that is four digits."""
    said = [*chunks.each(sms.cased_body, 0, written.end_of(sms))]
    found = clubs.code_at(said[0].text) if [len(chunk.text) for chunk in said] == [clubs.LENGTH] else None
    if found is None:
        return None
    code, repairs = found
    report = replace(_kept(sms), club=code, repairs=repairs)
    refused = clubs.refuse_code(code, sms.clubs)
    if refused:
        return Reading(report.intent, "error", refused[1], refused[0])
    return decide(sms, report, CANCELLED if sms.pending.get("cancelled") else sms.pending.get("problem"))


def _other_half(sms: Sms) -> Reading | None:
    """The count of the missing sex, with its label; beside it only the total, the keyword and the same code."""
    report = _kept(sms)
    body = _counts(sms, report)
    known = [name for name in SEXES if name in report.values]
    if body is None or (body.bare and not body.decimal) or len(known) != 1:
        return None
    return _join(sms, report, body)


def _both(sms: Sms) -> Reading | None:
    """The counts of both sexes, with their labels or as two bare numbers."""
    report = _kept(sms)
    body = _counts(sms, report)
    if body is None or body.bare not in (0, 2):
        return None
    return _join(sms, report, body)


def _confirmed(sms: Sms) -> Reading | None:
    """A yes: all that was kept; a no: nothing is recorded."""
    granted = sms.agrees()
    if granted is None:
        return None
    report = _kept(sms)
    if not granted:
        return Reading(report.intent, "ignored", report.who)
    counts = report.given(*HEADS)
    if counts:
        counts["total"] = report.heads
    beside = {key: sms.pending[key] for key in BESIDE if sms.pending.get(key)}
    fields = {**report.who, **counts, **report.given("FE", "FA", *NUMBERED), **report.note, **beside}
    return Reading(report.intent, "ok", fields, repairs=("confirmed",))


_ANSWERS: Mapping[str, Callable[[Sms], Reading | None]] = {
    "attendance_club": _club,
    "attendance_partial": _other_half,
    "report_total": _both,
    "attendance_confirm": _confirmed,
}


def _kept(sms: Sms) -> Tally:
    """What the pending state carries."""
    pending = sms.pending
    values = {name: int(pending[field]) for name, field in FIELDS.items() if pending.get(field) is not None}
    return Tally(
        str(pending.get("intent") or "attendance"), str(pending.get("club") or ""), _day(sms, pending), values,
        correction=bool(pending.get("correction")), note={key: pending[key] for key in NOTES if pending.get(key)},
        mistyped=frozenset(name for name in NUMBERED if values.get(name, 0) >= 100), asks=bool(pending.get("unsure")),
    )  # fmt: skip


def _day(sms: Sms, pending: Mapping[str, Any]) -> date:
    return date.fromisoformat(str(pending["date"])) if pending.get("date") else sms.today


def _counts(sms: Sms, report: Tally) -> Body | None:
    """The counts of the SMS, beside them only the keyword and the same code; None when something else is there."""
    opening = openings.exact(sms.cased_body)
    if opening and (opening.correction or opening.intent not in ("attendance", report.intent)):
        return None
    body = written.whole(sms, opening.body if opening else 0)
    strange = body.note is not None or body.days or body.flag or body.named & {*NUMBERED}
    left = body.left and not body.decimal
    changed = any({*body.values.get(name, ())} - {value} for name, value in report.values.items() if name != "T")
    return None if strange or left or changed or body.code not in (None, report.club) else body


def _join(sms: Sms, report: Tally, body: Body) -> Reading | None:
    """The kept values and those of the SMS together; None when a sex is still missing."""
    values = {**{name: (value,) for name, value in report.values.items()}, **body.values}
    whole = replace(body, values=values, code=report.club)
    unclear = find_unclear(whole)
    if unclear:
        return Reading(report.intent, "error", {"club": report.club, **unclear[1]}, unclear[0])
    settled, meant = settle(whole)
    if not {*SEXES} <= settled.keys() or {*SEXES} <= report.values.keys():
        return None
    unread = (UNREAD,) if body.idle else ()
    joined = replace(
        report, values=settled, asks=report.asks or body.asks or body.idle or M_ASKS in meant,
        repairs=(*body.repairs, *(("positional",) if body.positional else ()), *meant, *unread, JOINED),
    )  # fmt: skip
    return weigh(_with_wrong_total(joined, report), sms)


def _with_wrong_total(joined: Tally, kept: Tally) -> Tally:
    """Of a total given now and one kept, the one that is not the sum, if any."""
    if joined.values.get("T") == joined.heads and "T" in kept.values:
        return replace(joined, values={**joined.values, "T": kept.values["T"]})
    return joined
