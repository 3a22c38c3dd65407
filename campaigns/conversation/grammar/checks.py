"""What is wrong with a report before its numbers are weighed: sender, club, date, labels; pure.

Rows 1 to 12, in their order; the first failure decides. Source: the page on incoming SMS, section 6.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from campaigns.conversation.grammar import clubs, edits
from campaigns.conversation.grammar.clubs import Refusal
from campaigns.conversation.grammar.counts import M_ASKS, Body, resolve_m
from campaigns.conversation.grammar.labels import FIELDS, HEADS, NUMBERED
from campaigns.conversation.grammar.pieces import CANCELLED, NO_SIGNAL
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.tally import UNREAD, Tally, keep, weigh

HIGHEST = 999
FLAGGED: Mapping[str | None, Mapping[str, Any]] = {CANCELLED: {"cancelled": True}, NO_SIGNAL: {"problem": NO_SIGNAL}}


@dataclass(frozen=True)
class Claim:
    """One report as it was read, not yet checked.

    `repairs` are those of the keyword, `whole` those of the whole report; `note` is the note under its field;
    `asks`: it is never taken without asking.
    """

    intent: str
    body: Body
    correction: bool = False
    repairs: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    note: Mapping[str, str] = field(default_factory=dict)
    asks: bool = False


def check(sms: Sms, claim: Claim) -> Reading:
    """What becomes of a report: the first check that fails decides, else its numbers."""
    refused = _refuse_sender(sms, claim) or clubs.refuse_code(claim.body.code, sms.clubs)
    if refused:
        return Reading(claim.intent, "error", refused[1], refused[0])
    club = clubs.which(claim.body.code, sms.clubs)
    unclear = find_unclear(claim.body)
    if unclear:
        return Reading(claim.intent, "error", {**({"club": club} if club else {}), **unclear[1]}, unclear[0])
    report = _put_together(sms, claim, club)
    if club:
        return decide(sms, report, claim.body.flag)
    fields = {"clubs": sms.clubs, **report.given(*HEADS)}
    kept = {"date": report.day.isoformat(), **report.given(*FIELDS), **report.note, **FLAGGED.get(claim.body.flag, {})}
    return Reading(claim.intent, "error", fields, "club_missing", report.repairs, {**kept, **keep(report)})


def decide(sms: Sms, report: Tally, flag: str | None) -> Reading:
    """Rows 11 to 19: what did not take place, or could not be heard, is taken at once; else the numbers decide."""
    if report.day > sms.today and flag != CANCELLED:
        return Reading(report.intent, "error", report.who, "date_future")
    if flag is None:
        return weigh(report, sms)
    fields = {**report.who, **FLAGGED[flag], **report.given(*NUMBERED)}
    return Reading(report.intent, "ok", fields, repairs=report.repairs)


def find_unclear(body: Body) -> Refusal | None:
    """Rows 4 to 9: a date or numbers that cannot be taken as they stand."""
    if None in body.days:
        return "date_invalid", {}
    if body.decimal:
        return "not_whole_number", {}
    if any(max(values) > HIGHEST for name, values in body.values.items() if body.code or name not in NUMBERED):
        return "number_too_big", {}
    twice = next((name for name in FIELDS if len(set(body.values.get(name, ()))) > 1), None)
    if twice:
        return "label_twice", {"label": twice}
    if "M" in body.values and (len(set(body.values["M"])) > 1 or not resolve_m(body.values, by_c=body.by_c)):
        return "label_ambiguous", {"label": "M", "value": body.values["M"][0]}
    return ("extra_number", {}) if body.left else None


def settle(body: Body) -> tuple[dict[str, int], tuple[str, ...]]:
    """The one value of each label, M under the sex it stands for, and the repair of that."""
    values = {name: given[0] for name, given in body.values.items()}
    meant = resolve_m(values, by_c=body.by_c) if "M" in values else None
    if meant is None:
        return values, ()
    values[meant[0]] = values.pop("M")
    return values, meant[1]


def _refuse_sender(sms: Sms, claim: Claim) -> Refusal | None:
    if sms.is_reporter:
        return None
    given = {"code_given": claim.body.code} if claim.body.code else {}
    return "unknown_number" if sms.role == "unknown" else "not_facilitator", given


def _put_together(sms: Sms, claim: Claim, club: str | None) -> Tally:
    body = claim.body
    values, meant = settle(body)
    positional = ("positional",) if body.positional else ()
    unread = (UNREAD,) if body.idle or len(set(body.days)) > 1 or _is_mistyped_code(sms, body) else ()
    whole = (*claim.whole, *unread)
    return Tally(
        claim.intent, club or "", next((day for day in body.days if day), sms.today), values,
        coded=body.code is not None, mistyped=frozenset() if body.code else body.long & {*NUMBERED},
        correction=claim.correction, note=claim.note,
        repairs=(*claim.repairs, *body.repairs, *positional, *meant, *whole),
        asks=claim.asks or body.asks or M_ASKS in meant or UNREAD in whole,
    )  # fmt: skip


def _is_mistyped_code(sms: Sms, body: Body) -> bool:
    """Whether the only four signs that may be a code were read as a day: `28/2` for 2852."""
    return body.code is None and any(edits.within(day, code, 1) for day in body.dated for code in sms.clubs)
