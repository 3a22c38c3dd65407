"""Where the reports of an SMS begin: their keywords, exact, glued to digits, mistyped or broken; pure.

Source: the page on incoming SMS, sections 4.3 and 6.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from campaigns.conversation.grammar import chunks, edits, lookalikes, pieces
from campaigns.conversation.grammar.chunks import Chunk

INTENTS = {
    **dict.fromkeys(("pres", "presence", "presences", "present", "presents", "seance", "session"), "attendance"),
    "ecoute": "listening",
    "visite": "visit",
}
CORRECTIONS = ("corr", "correction", "erreur")
OURS = ("pres", "presence", "seance", "ecoute", "visite")  # that are read with one edit too
OTHERS = ("caisse", "pepiniere", "ravageur")  # of single values: who is as near to them is not ours
FUZZY = ("keyword_fuzzy",)

_FOUR = re.compile(r"[0-9OoIl|]{4}(?![0-9OoIl|])")
_LAST_FOUR = re.compile(r"(?<![0-9])[0-9]{4}$")


@dataclass(frozen=True)
class Opening:
    """A keyword: what it opens, where it stands, where the body begins, and what was put right in it."""

    intent: str
    start: int
    body: int
    correction: bool = False
    repairs: tuple[str, ...] = ()
    spoilt: bool = False  # digits of a mistyped keyword were dropped


def exact(text: str) -> Opening | None:
    """The keyword that leads a folded text, as it stands or glued to digits."""
    chunk = chunks.first(text, 0, len(text))
    return _exact(text, chunk) if chunk else None


def leading(text: str, start: int = 0) -> Opening | None:
    """The keyword that leads from here on, also a mistyped one, if the text holds a digit."""
    chunk = chunks.first(text, start, len(text))
    if chunk is None:
        return None
    found = _exact(text, chunk)
    if found or not re.search("[0-9]", text):
        return found
    return _one_edit(chunk) or _broken(text, chunk) or _with_digits(chunk)


def further(text: str, start: int) -> list[Opening]:
    """The keywords behind this place that a four-digit code follows: each opens a report of its own."""
    found: list[Opening] = []
    for chunk in chunks.each(text, start, len(text)):
        opening = _exact(text, chunk) if not found or chunk.start >= found[-1].body else None
        if opening and _code_follows(text, opening.body):
            found.append(opening)
    return found


def merge(one: Opening, other: Opening) -> Opening:
    """Of two keywords with nothing between them (`PRES ECOUTE 1041`) the second says what it is."""
    return replace(
        other, start=one.start, correction=one.correction or other.correction,
        repairs=one.repairs + other.repairs, spoilt=one.spoilt or other.spoilt,
    )  # fmt: skip


def _exact(text: str, chunk: Chunk) -> Opening | None:
    if chunk.head in INTENTS:
        return _opening(chunk)
    if chunk.head not in CORRECTIONS:
        return None
    following = chunks.first(text, chunk.start + len(chunk.head), len(text))
    named = following if following and following.head in INTENTS else chunk
    return replace(_opening(named), start=chunk.start, correction=True)


def _opening(chunk: Chunk) -> Opening:
    return Opening(INTENTS.get(chunk.head, "attendance"), chunk.start, chunk.start + len(chunk.head))


def _one_edit(chunk: Chunk) -> Opening | None:
    """One edit away, alone or glued to digits: these are dropped, unless they are a code, maybe with its counts."""
    keyword = _near(chunk.head, (*OURS, *OTHERS))
    if keyword is None:
        return None
    glued = Chunk(chunk.text[len(chunk.head) :], chunk.start + len(chunk.head))
    lost = chunk.has_digit and not _is_code_with_counts(glued)
    return Opening(INTENTS[keyword], chunk.start, chunk.end if lost else glued.start, repairs=FUZZY, spoilt=lost)


def _broken(text: str, chunk: Chunk) -> Opening | None:
    """A keyword that one separator breaks: `PR ES`, `P-RES`."""
    other = chunks.first(text, chunk.end, len(text))
    if chunk.has_digit or other is None or other.start != chunk.end + 1 or chunk.head + other.head not in OURS:
        return None
    return Opening(INTENTS[chunk.head + other.head], chunk.start, other.start + len(other.head), repairs=FUZZY)


def _with_digits(chunk: Chunk) -> Opening | None:
    """Digits inside the keyword: `PR2S`, `2PRES`; they are dropped, but for a code at the end."""
    letters = re.sub("[0-9]", "", chunk.word)
    keyword = letters if letters in OURS else _near(letters, OURS)
    if not chunk.is_mixed or keyword is None:
        return None
    code = _LAST_FOUR.search(chunk.text)
    body = chunk.start + code.start() if code else chunk.end
    return Opening(INTENTS[keyword], chunk.start, body, repairs=FUZZY, spoilt=True)


def _near(word: str, keywords: tuple[str, ...]) -> str | None:
    """The one of our keywords that is one edit away, when no other is as near."""
    keyword = edits.nearest(word, keywords, 1) if len(word) >= 3 else None
    return keyword if keyword in OURS else None


def _is_code_with_counts(chunk: Chunk) -> bool:
    parts = pieces.cut(chunk)
    if not parts or not isinstance(parts[0], pieces.Number) or len(parts[0].digits) != 4:
        return False
    return all(isinstance(part, pieces.Pair) for part in pieces.pair(parts)[1:])


def _code_follows(text: str, start: int) -> bool:
    chunk = chunks.first(text, start, len(text))
    four = _FOUR.match(text, chunk.start) if chunk else None
    return bool(four and lookalikes.repair(four[0]))
