"""Reports of who came: PRES, ECOUTE, VISITE, CORR; pure, knows no database.

Source: the page on incoming SMS, sections 4.3, 4.4, 6 and 9.4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from campaigns.conversation.grammar import bare, openings, resumed
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from campaigns.conversation.grammar.written import Report, in_order

OK = {"attendance": "att.ok", "listening": "listen.ok", "visit": "visit.ok"}
RENAMED = {"club_code_invalid": "att.club_invalid", "club_missing": "att.which_club"}


def leads(sms: Sms) -> bool:
    """Whether a keyword of this family leads, as it stands or glued to digits, in a text that holds a digit.

    Then it is no STOP and no sensitive text; without a digit the keyword protects nothing.
    """
    return _has_digit(sms) and openings.exact(sms.cased_body) is not None


def read_report(sms: Sms) -> Result | None:
    """Read what a keyword of this family leads, also a mistyped one; None when none does."""
    opening = openings.leading(sms.cased_body) if sms.is_reporter else openings.exact(sms.cased_body)
    if opening is None or not (sms.is_reporter or _has_digit(sms)):
        return None
    reports = in_order(sms, opening)
    # What only looks like a keyword, with nothing behind it that can be read, is free text.
    if opening.repairs and all(report.body.is_blank for report in reports):
        return None
    return _result(sms, reports)


def read_bare(sms: Sms) -> Result | None:
    """Read a report without a keyword; None when it is none."""
    reports = bare.find(sms) if sms.is_reporter else None
    return _result(sms, reports) if reports else None


def read_pending(sms: Sms) -> Result | None:
    """Read the answer to what we asked about a report: its club, its other half, a yes; None when it is no answer."""
    reading = resumed.read(sms)
    return None if reading is None else _answer([reading])


def _has_digit(sms: Sms) -> bool:
    return re.search("[0-9]", sms.cased_body) is not None


def _result(sms: Sms, reports: Sequence[Report]) -> Result:
    return _answer([report.check(sms) for report in reports])


def _answer(readings: Sequence[Reading]) -> Result:
    once = tuple(replace(reading, repairs=tuple(dict.fromkeys(reading.repairs))) for reading in readings)
    unclear = next((reading for reading in once if reading.status != "ok"), None)
    if len(once) > 1 and unclear is None:
        return Result(once, "att.ok_many")
    return Result(once, _reply(unclear or once[0]))


def _reply(reading: Reading) -> str:
    if reading.status == "ok":
        return _reply_to_ok(reading)
    if reading.status == "ignored":
        return "att.not_recorded"
    if reading.status == "confirm":
        return "att.replace?" if reading.error == "already_reported" else "att.confirm"
    return RENAMED.get(reading.error or "", f"att.{reading.error}")


def _reply_to_ok(reading: Reading) -> str:
    if "cancelled" in reading.fields:
        return "att.cancelled"
    if "problem" in reading.fields:
        return "listen.problem"
    if "duplicate_ignored" in reading.repairs:
        return "att.already"
    return "att.corrected" if "replaces" in reading.fields else OK[reading.intent]
