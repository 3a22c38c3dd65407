"""Whether an episode went on the air, by its station: RAD; pure.

Source: the page on incoming SMS, section 8.6.
"""

from __future__ import annotations

import re
from typing import Any

from campaigns.conversation.catalogue import Row
from campaigns.conversation.grammar import leading, notes, tail, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms

LABELS = frozenset({"e", "ep", "episode", "emission"})
_EPISODE = re.compile(r"(?<![^\W_])(?:e|ep|episode|emission)[\s,;:.\-/#=]*(\d{1,3})(?!\d)")
_TIME = re.compile(r"(?<![^\W_])(\d{1,2}) ?(?:h ?(\d{2})?|:(\d{2}))(?![^\W_])")
_SAID = re.compile(r"[^\W\d_]+")


def read_airing(sms: Sms, row: Row, rest: str, repairs: tuple[str, ...]) -> Result | None:
    """Read `E12 OK`, `E12 20H30` or `E12 NON panne`; None when the episode is not clear, or what became of it."""
    said = [*_SAID.finditer(rest)]
    denied = next((word for word in said if word[0].lower() in words.NO), None)
    agreed = any(word[0].lower() in words.YES for word in said)
    before = rest[: denied.start()] if denied else rest
    text, mended = tail.plain(before, LABELS)
    dated = tail.dated(text, sms.today)
    episode = _EPISODE.search(dated[0]) if dated else None
    if dated is None or episode is None or (agreed and denied):
        return None
    left = f"{dated[0][: episode.start()]} {dated[0][episode.end() :]}"
    time = _TIME.search(left)
    left = f"{left[: time.start()]} {left[time.end() :]}" if time else left
    if not _is_clear(left, agreed):
        return None
    fields: dict[str, Any] = {"station": sms.context["station"]} if sms.context.get("station") else {}
    fields |= {"episode": int(episode[1]), "aired": denied is None, "date": dated[1].isoformat()}
    if time:
        hour, minute = int(time[1]), int(time[2] or time[3] or 0)
        if hour > 23 or minute > 59:
            return None
        fields["time"] = f"{hour:02}:{minute:02}"
    if denied is None:
        return Result((Reading(row.kind, "ok", fields, repairs=mended),), "radio.ok")
    note, redacted = notes.kept(sms.typed(leading.separated(rest[denied.end() :])))
    fields |= {"note": note} if note else {}
    mended += ("phone_redacted",) if redacted else ()
    return Result((Reading(row.kind, "ok", fields, repairs=mended),), "radio.not_aired")


def _is_clear(left: str, agreed: bool) -> bool:
    """No number is left over; words are, only after an OK: without one they may say that something went wrong."""
    tokens = tail.tokens(left)
    return not any(token[0].isdigit() for token in tokens) and (agreed or not tokens)
