"""The steps that spell a text for the air, one by one; each remembers where its letters stood in the text as given.

Source: the page on languages, 5.1 to 5.5. A change of a table makes a new version of the letter profile.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce


@dataclass(frozen=True, slots=True)
class Traced:
    """A text on its way to the air; `origin` gives for each character its place in the text as given, from 0."""

    text: str
    origin: tuple[int, ...]


Step = Callable[[Traced], Traced]

# --- the tables

BLANKS = dict.fromkeys("\t\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))), " ")
# U+200D stays: it occurs in emoji, which no profile can make cheap.
GONE = dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", "")
SIGNS = {
    **dict.fromkeys("’‘‚‛ʼʹ′´`‹›", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−•", "-"),
    "…": "...",
    "×": "x",
    "½": "1/2",
    "¼": "1/4",
    "¾": "3/4",
    "œ": "oe",
    "Œ": "Oe",
}
# Bambara and Dogon as they were written before 1982, all in GSM-7. È and Ò are not: a capital open vowel is lowered.
OLD = {"ɛ": "è", "ɔ": "ò", "ɲ": "ny", "ŋ": "ng", "Ɛ": "è", "Ɔ": "ò", "Ɲ": "Ny", "Ŋ": "Ng"}
# é è à ù É Ç are in GSM-7 and stay.
FRENCH = {
    **dict(zip("çâêëîïôûÿ", "caeeiiouy", strict=True)),
    **dict(zip("ÀÂÈÊËÎÏÔÙÛŸ", "AAEEEIIOUUY", strict=True)),
}
TONES = "\u0300\u0301\u0302\u030c\u0304"
PHONETIC = {"ⁿ": "n", "ʔ": "'", "ɣ": "g", "ñ": "ɲ", "Ñ": "Ɲ"}

# Among capitals a letter of two signs is written NY, not Ny; before a small letter Ny.
_UPPER = "[A-ZÀ-ÖØ-ÞŒŸƐƆƝŊ]"


# --- what a step is made of


def start(text: str) -> Traced:
    """A text as given, before the first step."""
    return Traced(text, tuple(range(len(text))))


def take(traced: Traced, *steps: Step) -> Traced:
    """Take the steps in this order."""
    return reduce(lambda so_far, step: step(so_far), steps, traced)


def pattern(regex: str, put: str | Callable[[re.Match[str]], str]) -> Step:
    """A step that puts something else (`\\1` is a group) where a pattern stands."""
    search = re.compile(regex).finditer
    new = put if callable(put) else lambda hit: hit.expand(put)

    return lambda traced: _rewrite(traced, ((*hit.span(), new(hit)) for hit in search(traced.text)))


def table(rows: dict[str, str]) -> Step:
    """A step that puts one sign for another."""
    return pattern(f"[{re.escape(''.join(rows))}]", lambda hit: rows[hit[0]])


def clusters(change: Callable[[str], str]) -> Step:
    """A step that changes letters together with the marks that stand on them."""

    def step(traced: Traced) -> Traced:
        text = traced.text
        if change(text) == text:
            return traced
        starts = [index for index, char in enumerate(text) if not _joins(char)]
        spans = zip([0, *starts], [*starts, len(text)], strict=True)
        changed = ((first, last, change(text[first:last])) for first, last in spans)
        return _rewrite(traced, (cut for cut in changed if cut[2] != text[cut[0] : cut[1]]))

    return step


def _rewrite(traced: Traced, cuts: Iterable[tuple[int, int, str]]) -> Traced:
    parts: list[str] = []
    origin: list[int] = []
    at = 0
    for first, last, new in cuts:
        parts += traced.text[at:first], new
        origin += [*traced.origin[at:first], *[traced.origin[first]] * len(new)]
        at = last
    if not parts:
        return traced
    return Traced("".join([*parts, traced.text[at:]]), (*origin, *traced.origin[at:]))


def _joins(char: str) -> bool:
    """Whether a character may melt into the one before it: marks, and the later letters of a Korean syllable."""
    return char > "\u02ff" and (unicodedata.category(char) in ("Mn", "Mc") or "\u1161" <= char <= "\u11c2")


def compose(text: str) -> str:
    """NFC: a letter and its marks as one character where there is one."""
    return unicodedata.normalize("NFC", text)


def toneless(text: str) -> str:
    """The letters without tone marks; é is e, ɛ́ stays ɛ."""
    bare = unicodedata.normalize("NFD", text)
    return compose("".join(char for char in bare if char not in TONES))


# --- the steps, in their order

# Word lists only. Tones come off before any letter is mapped: è here is a low e, not the old ɛ.
OFFICIAL: tuple[Step, ...] = (clusters(toneless), pattern("([aeiouɛɔAEIOUƐƆ])[:ː]", r"\1\1"), table(PHONETIC))
TYPOGRAPHY: tuple[Step, ...] = (
    table(GONE),  # before NFC: an invisible sign may stand between a letter and its mark
    clusters(compose),
    pattern("\r\n?", "\n"),
    table(BLANKS),
    pattern("« *", '"'),
    pattern("(?<! ) *»", '"'),
    pattern("(?<=[0-9])(?=[½¼¾])", " "),
    pattern(r"\b([nN])[º°]", r"\1o"),
    pattern(f"Œ(?={_UPPER})", "OE"),
    table(SIGNS),
)
OLD_LETTERS: tuple[Step, ...] = (
    pattern(f"(?<={_UPPER})[ƝŊ]|[ƝŊ](?={_UPPER})", lambda hit: OLD[hit[0]].upper()),
    table(OLD),
)
BARE_LETTERS: tuple[Step, ...] = (table(FRENCH),)
# A run of blanks is looked at from its first one only: from each, a long run would take minutes.
TIDY: tuple[Step, ...] = (
    pattern("(?<! ) *\n *", "\n"),
    pattern(" {2,}", " "),
    pattern(r"\A[ \n]+|(?<![ \n])[ \n]+\Z", ""),
)
