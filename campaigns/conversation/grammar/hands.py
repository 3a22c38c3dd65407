"""Shows of hands: MAINS; pure, knows no database.

Source: the page on incoming SMS, section 8.7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from campaigns.conversation.grammar import clubs, dates, leading, lookalikes, words
from campaigns.conversation.grammar.options import LETTERS
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms

GAP = re.compile(r"[ ,;.!?]+")
QUESTION = re.compile(r"q ?(\d{1,2})(?!\w)(?: ?:)?", re.IGNORECASE)
PAIR = re.compile(r"(?:([1-9]) ?[=:-]|([a-h]) ?[=:-]?) ?([0-9OoIl|]+)(?![\w|])", re.IGNORECASE)
CHUNK = re.compile(r"[^ ,;]+")
# `1/12` is the first of December before the question; behind it, as much a mistyped `1=12`.
SHORT_DAY = re.compile(r"[1-9]/\d{1,2}(?![\d/])")
MOST = 999
LONGEST = 18  # digits of a count that are looked at; so many are too many in any case
REPLIES = {"club_code_invalid": "att.club_invalid", "club_not_yours": "att.club_not_yours"}
KEPT = ("club", "quiz", "question", "counts", "date")


@dataclass
class _Shown:
    """The parts of a message, as far as they were found."""

    code: str | None = None
    question: int | None = None
    day: dates.Found | None = None
    pairs: list[tuple[str, int]] = field(default_factory=list)
    longest: int = 0  # digits of a count
    repairs: list[str] = field(default_factory=list)
    unclear: bool = False  # something was left over


def read_hands(sms: Sms) -> Result | None:
    """Read a show of hands; None when the keyword does not lead, or nothing of it can be read."""
    body = leading.after(sms, ("mains",))
    quiz = leading.after(sms, ("quiz",))
    if body is None and quiz is not None and clubs.code_at(quiz):
        body = quiz
    if body is None or not sms.is_reporter:
        return None
    shown = _parts(words.THANKS.sub("", body), sms)
    return _checked(shown, sms) if shown.code or shown.pairs else None


def read_pending(sms: Sms) -> Result | None:
    """Read the yes or no to a show of hands that did not fit; None when it is no answer."""
    kept, agrees = sms.pending, sms.agrees()
    if kept.get("type") != "hands_confirm" or agrees is None:
        return None
    if not agrees:
        fields = {key: kept.get(key) for key in ("club", "date")}
        return Result((Reading("hands", "ignored", fields),), "hands.not_recorded")
    fields = {key: kept[key] for key in KEPT if key in kept}
    return Result((Reading("hands", "ok", fields, repairs=("confirmed",)),), "hands.ok")


def _parts(text: str, sms: Sms) -> _Shown:
    """Code, question, date and pairs, in any order."""
    shown, small, at = _Shown(), text.lower(), 0
    while at < len(text):
        if gap := GAP.match(text, at):
            at = gap.end()
        elif shown.day is None and (day := dates.at(small, at, sms.today)):
            shown.unclear |= bool(SHORT_DAY.match(text, at)) and not QUESTION.search(text, day.end)
            shown.day, at = day, day.end
        else:
            at = (
                _code(shown, text, at) or _question(shown, text, at) or _pair(shown, text, at) or _lost(shown, text, at)
            )
    return shown


def _code(shown: _Shown, text: str, at: int) -> int:
    """Take a club code; gives where it ends, 0 when none begins here."""
    found = clubs.code_at(text, at)
    if found is None or shown.code:
        return 0
    shown.code = found[0]
    shown.repairs += found[1]
    return at + clubs.LENGTH


def _question(shown: _Shown, text: str, at: int) -> int:
    """Take the number of the question."""
    hit = QUESTION.match(text, at)
    if hit is None or shown.question is not None:
        return 0
    shown.question = int(hit[1])
    return hit.end()


def _pair(shown: _Shown, text: str, at: int) -> int:
    """Take an option and its hands."""
    hit = PAIR.match(text, at)
    count = lookalikes.repair(hit[3]) if hit else None
    if hit is None or count is None:
        return 0
    if hit[2]:
        shown.repairs.append("letter_for_number")
    shown.repairs += count[1]
    shown.longest = max(shown.longest, len(count[0]))
    option = hit[1] or str(LETTERS.index(hit[2].lower()) + 1)
    shown.pairs.append((option, int(count[0][:LONGEST])))
    return hit.end()


def _lost(shown: _Shown, text: str, at: int) -> int:
    """Pass over what fits nothing; the code and the date are still looked for behind it."""
    shown.unclear = True
    hit = CHUNK.match(text, at)
    return hit.end() if hit else at + 1


def _checked(shown: _Shown, sms: Sms) -> Result:
    """The code first, then the date, then the pairs; the first fault decides."""
    refusal = clubs.refuse_code(shown.code, sms.clubs)
    if refusal:
        return _error(*refusal)
    club = clubs.which(shown.code, sms.clubs)
    if club is None:
        return _error("club_missing", {"clubs": sms.clubs})
    day = shown.day.day if shown.day else sms.today
    if day is None:
        return _error("date_invalid", {"club": club})
    if day > sms.today:
        return _error("date_future", {"club": club, "date": day.isoformat()})
    quiz = sms.context.get("quiz") or {}
    question = shown.question if shown.question is not None else _only(quiz.get("questions") or ())
    if shown.unclear or _is_spoilt(shown) or not shown.pairs or question is None:
        return _error("pairs_unclear", {"club": club})
    counts = dict(shown.pairs)
    twice = next((option for option, count in shown.pairs if counts[option] != count), None)
    if twice:
        return _error("label_twice", {"club": club, "label": twice})
    if max(counts.values()) > MOST:
        return _error("number_too_big", {"club": club})
    fields = {"club": club, **({"quiz": quiz["id"]} if quiz else {}), "question": question, "counts": counts}
    return _compared({**fields, "date": day.isoformat()}, tuple(dict.fromkeys(shown.repairs)), sms)


def _is_spoilt(shown: _Shown) -> bool:
    """No code was written, and what may be a mistyped one (`C041`) reads as hands for an option."""
    return shown.code is None and shown.longest > 2


def _only(questions: Sequence[Mapping[str, Any]]) -> int | None:
    return int(questions[0]["n"]) if len(questions) == 1 else None


def _compared(fields: Mapping[str, Any], repairs: tuple[str, ...], sms: Sms) -> Result:
    """With the report of that club and day: everybody who is there raises a hand once."""
    present = _present(sms, str(fields["club"]), str(fields["date"]))
    if present is not None and present != sum(fields["counts"].values()):
        reading = Reading("hands", "confirm", {**fields, "present": present}, "hands_mismatch", repairs)
        return Result((reading,), "hands.confirm")
    if date.fromisoformat(str(fields["date"])) < sms.today - dates.OLD:
        return Result((Reading("hands", "confirm", fields, "date_old", repairs),), "hands.confirm")
    return Result((Reading("hands", "ok", fields, repairs=repairs),), "hands.ok")


def _present(sms: Sms, club: str, day: str) -> int | None:
    here = [report for report in sms.existing if str(report["club"]) == club and str(report["date"]) == day]
    return sum(int(here[-1].get(sex) or 0) for sex in ("women", "men")) if here else None


def _error(error: str, fields: Mapping[str, Any]) -> Result:
    reply = "hands.which_club" if error == "club_missing" else REPLIES.get(error, "hands.unclear")
    return Result((Reading("hands", "error", fields, error),), reply)
