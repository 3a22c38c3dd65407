"""What a word alone asks of us: help, to begin again, one's data, their erasure, a tip sheet; pure.

Source: the page on incoming SMS, sections 8.2, 8.4 and 8.6.
"""

from __future__ import annotations

import re

from campaigns.conversation.grammar import leading, lookalikes, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from messaging import fold

HELP_BY_ROLE = {"facilitator": "facilitator", "advisor": "facilitator", "radio": "radio", "member": "member"}
_NUMBER = re.compile(r"(?<![\w|])[\dOoIl|]{1,3}(?![\w|])")


def read_help(sms: Sms) -> Result | None:
    """Read AIDE, with or without what it is about; None when it does not lead."""
    rest = leading.after(sms, words.HELP, doubled=True)
    if rest is None:
        return None
    if any(word.startswith("pres") for word in fold.words(rest.lower())):
        return Result((Reading("help", "ok", {"topic": "attendance"}),), "help.attendance")
    return _help(sms)


def read_bare_help(sms: Sms) -> Result | None:
    """Read a message that is nothing but a word for help, or a question mark; None for any other."""
    known = words.HELP_BARE | (words.HELP_DOGON if sms.dogon else frozenset())
    said = " ".join(re.findall(r"[^\W_]+", sms.plain)) or ("" if sms.plain.strip("? ") else "?")
    return _help(sms) if fold.undouble(said) in {fold.undouble(word) for word in known} else None


def read_start(sms: Sms) -> Result | None:
    """Read the wish to get messages again; consent is asked anew."""
    return _led(sms, words.START, Reading("start", "ok"), "start.done")


def read_my_data(sms: Sms) -> Result | None:
    """Read the question what we know about somebody."""
    return _led(sms, words.MY_DATA, Reading("my_data", "ok"), "data.summary")


def read_erase(sms: Sms) -> Result | None:
    """Read the wish that we forget somebody; it is asked once more."""
    return _led(sms, words.ERASE, Reading("erase", "pending", {}, "confirm_needed"), "data.erase?")


def read_tip_sheet(sms: Sms) -> Result | None:
    """Read the number of a paper sheet; None when the keyword does not lead or no number follows."""
    rest = leading.after(sms, words.TIP_SHEET, doubled=True)
    found = next((found for typed in _NUMBER.findall(rest or "") if (found := lookalikes.repair(typed))), None)
    if found is None:
        return None
    digits, repairs = found
    return Result((Reading("tip_sheet", "ok", {"number": int(digits)}, repairs=repairs),), f"tip.{int(digits)}")


def _led(sms: Sms, keywords: frozenset[str] | tuple[str, ...], reading: Reading, reply: str) -> Result | None:
    return None if leading.after(sms, keywords, doubled=True) is None else Result((reading,), reply)


def _help(sms: Sms) -> Result:
    return Result((Reading("help", "ok"),), f"help.{HELP_BY_ROLE.get(sms.role, 'who_we_are')}")
