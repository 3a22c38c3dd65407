"""The body of a report cut into pieces: numbers, labels, days, a flag, and where the note begins; pure.

Which number belongs to which label is decided in `counts`. Source: the page on incoming SMS, sections 6.1, 6.3, 6.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from campaigns.conversation.grammar import chunks, dates, lookalikes, numbers
from campaigns.conversation.grammar.chunks import Chunk
from campaigns.conversation.grammar.labels import FILLERS, LABELS, SPARE, SPELLED

LONG = 7  # digits: a phone number, never a count
CANCELLED = "cancelled"
NO_SIGNAL = "no_signal"
FLAGS = {"annule": CANCELLED, "annulee": CANCELLED, "annuler": CANCELLED}
NOUGHT = ("aucun", "aucune")
LETTERS = "OoIl|"

_NOT_DIGITS = re.compile(r"[^0-9]*")
_NUMBER = re.compile(r"[0-9OoIl|]+")
_PLACES = re.compile(r"[ -]*")
_I_FIVE = re.compile(r"I[0-9]")  # behind F: 15 women, or 5 girls (filles)


@dataclass(frozen=True)
class Number:
    """A number of the text: its value, where it stands, the digits that were typed, and what was put right in them."""

    value: int
    start: int
    end: int
    digits: str = ""
    repairs: tuple[str, ...] = ()
    asks: bool = False  # never taken without asking
    girls: Number | None = None  # of `FI5`: what it is if F has a value already


@dataclass(frozen=True)
class Label:
    """A label that stands alone; a spare one is skipped when no number belongs to it."""

    name: str
    spare: bool = False


@dataclass(frozen=True)
class Pair:
    """A number with the label that it belongs to."""

    name: str
    number: Number


@dataclass(frozen=True)
class Gap:
    """What stands between two pieces and is neither: a day, a flag, the club code."""


Piece = Number | Label | Pair | Gap


@dataclass
class Pieces:
    """What was found from the start of a body to its note."""

    text: str
    end: int
    today: date
    bambara: bool
    plain: str
    found: list[Piece] = field(default_factory=list)
    days: list[date | None] = field(default_factory=list)
    dated: list[str] = field(default_factory=list)  # the days as they were written
    flag: str | None = None
    note: int | None = None


def scan(text: str, start: int, end: int, today: date, *, bambara: bool) -> Pieces:
    """Cut the body of a report that stands from `start` to `end` in a folded text with its capitals."""
    pieces = Pieces(text, end, today, bambara, text.lower())
    while (chunk := chunks.first(text, start, end)) is not None:
        after = next((after for read in _READERS if (after := read(pieces, chunk)) is not None), None)
        if after is None:
            pieces.note = chunk.start
            break
        start = after
    return pieces


def cut(chunk: Chunk) -> list[Number | Label] | None:
    """The numbers and labels of a chunk that holds digits, in their order; None when something else stands in it."""
    parts: list[Number | Label] = []
    at, text = 0, chunk.text
    while at < len(text):
        word = _word_at(text, at)
        if word is None:
            return None
        if word.lower() in LABELS:
            parts.append(_label(word))
        at += len(word)
        if at < len(text):
            number = _number(text, at, chunk.start, after=word)
            if number is None:
                return None
            parts.append(number)
            at = number.end - chunk.start
    return parts


def pair(parts: list[Number | Label]) -> list[Number | Label | Pair]:
    """Each label of one chunk with its number: the one after it if a label leads, else the one before it.

    Four digits that lead are left aside: a club code. What finds no partner stays alone.
    """
    has_code = bool(parts) and isinstance(parts[0], Number) and len(parts[0].digits) == 4
    found: list[Number | Label | Pair] = [*parts[:has_code]]
    rest = parts[has_code:]
    leads = type(rest[0]) if rest else Number
    for part in rest:
        last = found[-1] if len(found) > has_code else None
        if isinstance(last, Label) and isinstance(part, Number) and leads is Label:
            found[-1] = Pair(last.name, part)
        elif isinstance(last, Number) and isinstance(part, Label) and leads is Number:
            found[-1] = Pair(part.name, last)
        else:
            found.append(part)
    return found


def _day(pieces: Pieces, chunk: Chunk) -> int | None:
    found = dates.at(pieces.plain, chunk.start, pieces.today)
    if found is None or found.end > pieces.end:
        return None
    pieces.days.append(found.day)
    pieces.dated.append(pieces.plain[chunk.start : found.end])
    pieces.found.append(Gap())
    return found.end


def _flag(pieces: Pieces, chunk: Chunk) -> int | None:
    flag, end = FLAGS.get(chunk.word), chunk.end
    if chunk.word == "pas":
        verb = chunks.first(pieces.text, chunk.end, pieces.end)
        if verb and verb.word in ("capte", "capter"):
            flag, end = NO_SIGNAL, verb.end
    if flag is None:
        return None
    pieces.flag = pieces.flag or flag
    pieces.found.append(Gap())
    return end


def _with_digits(pieces: Pieces, chunk: Chunk) -> int | None:
    parts = cut(chunk) if chunk.has_digit else None
    if parts is None:
        return None
    pieces.found += pair(parts)
    return chunk.end


def _word(pieces: Pieces, chunk: Chunk) -> int | None:
    if chunk.word in LABELS:
        pieces.found.append(_label(chunk.text))
    elif chunk.word in NOUGHT:
        pieces.found.append(Number(0, chunk.start, chunk.end))
    elif chunk.word not in FILLERS:
        return None
    return chunk.end


def _spelled(pieces: Pieces, chunk: Chunk) -> int | None:
    words = _run(pieces, chunk)
    found = numbers.spelled([word.word for word in words], bambara=pieces.bambara)
    if found is None:
        return None
    end = words[found.used - 1].end
    repair = "number_words_fuzzy" if found.fuzzy else "number_words"
    pieces.found.append(Number(found.value, chunk.start, end, repairs=(repair,), asks=found.fuzzy))
    return end


def _letters(pieces: Pieces, chunk: Chunk) -> int | None:
    """A value made of letters alone: `FO`, or a lone `O` after a label."""
    bare = chunk.text.rstrip(LETTERS)
    typed = chunk.text[len(bare) :]
    follows = not bare and len(typed) == 1 and bool(pieces.found) and isinstance(pieces.found[-1], Label)
    if not typed or not (follows or bare.lower() in SPELLED):
        return None
    if _is_phone(typed):
        return None
    number = replace(_plain_number(typed, chunk.end - len(typed), chunk.end), asks=True)
    pieces.found.append(Pair(LABELS[bare.lower()], number) if bare else number)
    return chunk.end


_READERS: tuple[Callable[[Pieces, Chunk], int | None], ...] = (_day, _flag, _with_digits, _word, _spelled, _letters)


def _run(pieces: Pieces, chunk: Chunk) -> list[Chunk]:
    """The words from this one on that only blanks or hyphens part: `dix-huit`, but not `dix, huit`."""
    run: list[Chunk] = []
    following: Chunk | None = chunk
    while following and following.word.isalpha() and len(run) < numbers.LONGEST:
        run.append(following)
        after = _PLACES.match(pieces.text, following.end, pieces.end)
        start = after.end() if after else following.end
        following = chunks.first(pieces.text, start, pieces.end)
        if following and following.start != start:
            break
    return run


def _number(text: str, at: int, offset: int, *, after: str) -> Number | None:
    """The number that begins here in a chunk, with the letters typed for its digits; None for a phone number."""
    end = _end(_NUMBER, text, at)
    typed = text[at:end]
    if _is_phone(typed):
        return None
    begin, stop = offset + at, offset + end
    girls = _plain_number(typed[1:], begin + 1, stop) if after.lower() == "f" and _I_FIVE.match(typed) else None
    return replace(_plain_number(typed, begin, stop), asks=girls is not None, girls=girls)


def _plain_number(typed: str, start: int, end: int) -> Number:
    digits = lookalikes.value(typed)
    return Number(int(digits), start, end, digits, lookalikes.names(typed))


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    hit = pattern.match(text, at)
    return hit.end() if hit else at


def _is_phone(typed: str) -> bool:
    return len(typed) >= LONG


def _word_at(text: str, at: int) -> str | None:
    """The label or filler that stands here, empty where a number begins; None for anything else.

    Letters typed for digits go to the number behind them when what remains is a label or nothing.
    """
    stop = _end(_NOT_DIGITS, text, at)
    word = text[at:stop]
    if not word or word.lower() in LABELS or word.lower() in FILLERS:
        return word
    bare = word.rstrip(LETTERS)
    return bare if stop < len(text) and (not bare or bare.lower() in LABELS) else None


def _label(word: str) -> Label:
    return Label(LABELS[word.lower()], spare=word.lower() in SPARE)
