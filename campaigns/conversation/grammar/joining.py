"""Asking to join a club: by its code, or by the name of a village; pure, knows no table of places.

Names are never corrected in silence: one that is near is asked about. Source: the page on incoming SMS, section 8.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.conversation.grammar import edits, leading, lookalikes, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from messaging import codes, fold

MISSPELT = 2  # edits between a name as it was typed and the one that was meant
FILLERS = frozenset(
    {"a", "au", "le", "la", "les", "de", "du", "l", "d", "club", "groupe", "code", "village", "moi", "svp"}
)
LONGEST = 12  # words of a name
REPLIES = {
    "consent_needed": "join.consent", "club_missing": "join.which_club", "club_code_invalid": "join.club_invalid",
    "village_fuzzy": "join.village?", "village_ambiguous": "join.which_commune", None: "join.already",
}  # fmt: skip
_CHUNK = re.compile(r"(?:[^\W_]|[|'])+")


def read_join(sms: Sms) -> Result | None:
    """Read who wants to join what; None when the keyword does not lead."""
    rest = leading.after(sms, words.JOIN, doubled=True)
    if rest is None:
        return None
    given = [found for chunk in _CHUNK.findall(rest) if (found := _code(chunk)) is not None]
    if given:
        return (
            _club(sms, *given[0]) if len({code for code, _ in given}) == 1 else _result("pending", {}, "club_missing")
        )
    return _village(sms, rest)


def read_commune(sms: Sms) -> Result | None:
    """Read in which of several communes the village lies; None when no such commune is named."""
    said = _name(words.THANKS.sub("", sms.body))
    commune = next(
        (one for one in sms.pending.get("communes") or () if said and _name(fold.plain(str(one))) == said), None
    )
    if commune is None:
        return None
    return _result("pending", {"village": sms.pending.get("village"), "commune": commune}, "consent_needed")


def _code(chunk: str) -> tuple[str, tuple[str, ...]] | None:
    """Four digits, letters typed for some of them put right."""
    if len(chunk) != 4:
        return None
    return lookalikes.repair(chunk)


def _club(sms: Sms, code: str, repairs: tuple[str, ...]) -> Result:
    if not codes.is_valid(code):
        return _result("error", {"code_given": code}, "club_code_invalid")
    if code in [str(own) for own in sms.context.get("member_clubs") or ()]:
        return _result("ok", {"club": code, "already": True}, None, repairs)
    return _result("pending", {"club": code}, "consent_needed", repairs)


def _village(sms: Sms, rest: str) -> Result:
    """Read the name of a village: as it is, within a sentence, or the only one that is near."""
    villages = {_name(name): name for name in sms.context.get("villages") or {}}
    said = _spoken(rest, villages)
    if not said:
        return _result("pending", {}, "club_missing")
    exact = _named(said, villages)
    if exact is not None:
        key = villages[exact]
        communes = [str(commune) for commune in sms.context["villages"][key] or ()]
        if len(communes) > 1:
            return _result("error", {"village": _titled(key), "communes": communes}, "village_ambiguous")
        return _result("pending", {"village": _titled(key)}, "consent_needed")
    near = edits.nearest(" ".join(said), villages, MISSPELT)
    if near is None:
        return _result("pending", {}, "club_missing")
    return _result("confirm", {"village": _titled(villages[near])}, "village_fuzzy")


def _named(said: Sequence[str], villages: Mapping[str, str]) -> str | None:
    """The village whose name is what was said, else the one longest name that stands in it."""
    runs = [" ".join(said[start:end]) for end in range(len(said), 0, -1) for start in range(end)]
    found = {run for run in runs if run in villages}
    if not found or " ".join(said) in found:
        return " ".join(said) if found else None
    longest = max(found, key=len)
    return longest if all(f" {one} " in f" {longest} " for one in found) else None


def _spoken(rest: str, villages: Mapping[str, str]) -> list[str]:
    """The words that may be a name, without fillers before them and thanks behind."""
    said = _name(words.THANKS.sub("", rest)).split()[:LONGEST]
    while said and said[0] in FILLERS and " ".join(said) not in villages:
        said.pop(0)
    return said


def _name(text: str) -> str:
    """A folded name with single blanks for its signs."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def _titled(key: str) -> str:
    return key[:1].upper() + key[1:]


def _result(status: Any, fields: dict[str, Any], error: str | None, repairs: tuple[str, ...] = ()) -> Result:
    return Result((Reading("join", status, fields, error, repairs),), REPLIES[error])
