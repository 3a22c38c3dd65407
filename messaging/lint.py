"""The rules that look through a text for what is dear, hard to read or wrongly spelt on a phone; one rule a finding.

Source: the page on languages, 2.4, 5.4, 5.6 and 8.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from messaging import letters
from messaging.findings import LEVELS, Finding, Place, level
from messaging.spelling import (
    BLANKS,
    FRENCH,
    GONE,
    OLD,
    PHONETIC,
    SIGNS,
    TONES,
    Traced,
    compose,
    pattern,
    start,
    take,
    toneless,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules look at: a text tidied but in its own letters (`typed`), and as it leaves (`sms`).

    `suggested` is the SMS form with the French letters taken, or the SMS form itself. `profile` is None for a text
    that takes no profile; `longest` gives the most characters of a value in braces, by its name.
    """

    typed: Traced
    sms: Traced
    suggested: str
    profile: str | None
    kind: str
    longest: Mapping[str, int]


Spot = tuple[int, int, str | None]  # first place and the one behind the last, and what to write instead
Rule = Callable[[str, Reading], Iterator[Spot]]

MANDING = "manding-dogon"
SLOT = r"\{[A-Za-z0-9_]+\}"
OLD_VOWELS = {"è": "ɛ", "ò": "ɔ", "È": "Ɛ", "Ò": "Ɔ"}
FOREIGN = "àìùéÀÌÙÉ"
NASAL = "\u0303"
MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20e2\u20e4-\u20ff\ufe20-\ufe2f"  # U+20E3 belongs to emoji
# Another French word stands there once the accent is gone. The plural and the feminine too.
CONFUSABLE = {
    "maïs": "mais (céréale)",
    "sûr": "certain",
    "mûr": "bon à manger",
    "dû": "à payer",
    "jeûne": "sans manger",
    "pêche": "poisson",
    "tâche": "travail",
    "forêt": "brousse",
    "côte": "bord",
}
# French, and Bambara as Unicode's CLDR 47 has them; the names of the other months are in GSM-7.
MONTHS = {"août": "08", "mɛ": "05", "zuwɛn": "06", "sɛtanburu": "09", "ɔkutɔburu": "10"}
EXTENSION = {
    **dict(zip("[]{}\\|^\f", ["(", ")", "(", ")", "/", "/", "", " "], strict=True)),
    "~": "environ ",
    "€": " euros",
}
REWORDED = {"°": "degres", "µ": "mc", "≤": "<=", "≥": ">=", "→": "->", "·": ".", "\u2028": "\n", "\u2029": "\n"}
NO_UNIT = "(?i:et|ou|ni|par|à|a)"  # what follows a figure such as 1/2 without saying half of what
LATIN = ("LATIN", "MODIFIER", "FULLWIDTH", "MATHEMATICAL", "MASCULINE", "FEMININE", "MICRO", "SUPERSCRIPT")
_PICTURE = (
    "(?:[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|[^\\s\\w]\ufe0f"
    "|[\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23fa\u25fd\u25fe\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55])"
    "[\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
)
EMOJI = f"{_PICTURE}(?:\u200d{_PICTURE})*"


def look(reading: Reading) -> tuple[Finding, ...]:
    """The findings of a text, the gravest first; empty when there is nothing to mend."""
    values = _values(reading)
    found = (_finding(code, reading, values) for code in RULES)
    return tuple(sorted((one for one in found if one.places), key=lambda one: LEVELS.index(one.level)))


def _finding(code: str, reading: Reading, values: Mapping[str, object]) -> Finding:
    traced = reading.sms if code in ON_AIR else reading.typed
    # What stands in braces is no word of the text: its place is kept, its letters are not looked at.
    words = re.sub(SLOT, lambda hit: "_" * len(hit[0]), traced.text)
    spots = list(RULES[code](words, reading))
    mended = _mended(traced.text, spots) if code in MENDED else None
    return Finding(code, level(code), tuple(_place(traced, *spot) for spot in spots), mended, values)


def _place(traced: Traced, first: int, last: int, suggest: str | None) -> Place:
    char = traced.text[first:last]
    named = char if len(char) == 1 else "".join(one.char for one in letters.dear(char))
    code = " ".join(f"U+{ord(one):04X}" for one in named)
    return Place(traced.origin[first], char, code, unicodedata.name(named[0], "") if named else "", suggest)


def _mended(text: str, spots: Sequence[Spot]) -> str:
    parts: list[str] = []
    at = 0
    for first, last, suggest in spots:
        parts += text[at:first], suggest or ""
        at = last
    return "".join([*parts, text[at:]])


def _values(reading: Reading) -> dict[str, object]:
    size = letters.measure(_stretched(reading.sms.text, reading).text)
    bare = letters.measure(_stretched(reading.suggested, reading).text)
    return {
        "encoding": size.encoding,
        "units": size.units,
        "segments": size.segments,
        "over": size.units - letters.ALONE[size.encoding],
        "bare_encoding": bare.encoding,
        "bare_units": bare.units,
        "bare_segments": bare.segments,
    }


def _stretched(text: str, reading: Reading) -> Traced:
    """A text whose braces hold as many letters x as their longest value."""
    return take(start(text), pattern(SLOT, lambda hit: "x" * reading.longest.get(hit[0][1:-1], len(hit[0]))))


# --- what a rule is made of


def _where(regex: str, suggest: Callable[[re.Match[str]], str | None], profile: str | None = None) -> Rule:
    """A rule that finds each place of a pattern, in the texts of one profile or in all."""
    search = re.compile(regex).finditer

    def rule(text: str, reading: Reading) -> Iterator[Spot]:
        if profile in (None, reading.profile):
            yield from ((*hit.span(), suggest(hit)) for hit in search(text))

    return rule


def _each(is_meant: Callable[[str], bool], suggest: Callable[[str], str | None], profile: str | None = None) -> Rule:
    """A rule that finds each letter of a sort, never a plain one."""

    def rule(text: str, reading: Reading) -> Iterator[Spot]:
        if profile in (None, reading.profile):
            yield from ((at, at + 1, suggest(c)) for at, c in enumerate(text) if not c.isascii() and is_meant(c))

    return rule


def _word(words: Mapping[str, str], ending: str = "") -> str:
    """The pattern of whole words, in small letters or capitals; `\\b` would cut a word at a detached mark."""
    return rf"(?<![\w{MARKS}])((?i:{'|'.join(words)})){ending}(?![\w{MARKS}])"


def _parts(char: str) -> str:
    return unicodedata.normalize("NFD", char)


# --- what a phone cannot show, or dearly


def _outside(text: str, reading: Reading) -> Iterator[Spot]:
    for one in letters.dear(text):
        is_old_capital = reading.profile == MANDING and one.char in OLD_VOWELS
        yield one.index, one.index + 1, one.char.lower() if is_old_capital else _cheap(one.char)


def _cheap(char: str) -> str | None:
    """What to write for a sign outside GSM-7: by the tables, else its letters without marks; a picture goes."""
    for rows in (FRENCH, OLD, PHONETIC, SIGNS, BLANKS, GONE, REWORDED):
        if char in rows:
            return rows[char]
    if unicodedata.category(char)[0] in "MC" or re.fullmatch(EMOJI, char):
        return ""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return plain if letters.is_gsm7(plain) else None


def _has_no_profile(char: str) -> bool:
    return char.isalpha() and not letters.is_gsm7(char) and not unicodedata.name(char, "").startswith(LATIN)


def _over(_: str, reading: Reading) -> Iterator[Spot]:
    """The first letter of the second segment, with each value in braces at its longest."""
    wide = _stretched(reading.sms.text, reading)
    if letters.segments(wide.text) > 1:
        first = wide.origin[len(letters.split(wide.text)[0])]
        yield first, first + 1, None


# --- Bambara and Dogon: which spelling, and what only linguists write

_OLD = _where("[èòÈÒ]", lambda hit: OLD_VOWELS[hit[0]], MANDING)
_NEW = _where("[ɛɔƐƆ]", lambda hit: OLD[hit[0]], MANDING)


def _mixed(text: str, reading: Reading) -> Iterator[Spot]:
    """In an official text the old vowels are the wrong ones, in an old text the official ones."""
    if re.search("[èòÈÒ]", text) and re.search("[ɛɔƐƆ]", text):
        yield from (_NEW if reading.kind == "old" else _OLD)(text, reading)


def _old_in_official(text: str, reading: Reading) -> Iterator[Spot]:
    if reading.kind == "official" and not re.search("[ɛɔɲŋƐƆƝŊ]", text):
        yield from _OLD(text, reading)


def _has_tone(char: str) -> bool:
    return char not in OLD_VOWELS and char not in FOREIGN and any(part in TONES for part in _parts(char))


def _without_tilde(char: str) -> str:
    return PHONETIC.get(char) or compose(_parts(char).replace(NASAL, "")) + "n"


def _length(hit: re.Match[str]) -> str:
    """A long vowel is written twice; behind a consonant the colon is a colon."""
    before = toneless(hit.string[hit.start() - 1 : hit.start()])
    return before if before and before in "aeiouɛɔAEIOUƐƆ" else ": "


_LINGUIST = (
    _where("[ⁿʔɣ]", lambda hit: PHONETIC[hit[0]]),
    _where("ː", _length),
    _where(r"(?<=[^\W\d_]):(?=[^\W\d_])", _length, MANDING),
    _each(lambda char: NASAL in _parts(char), _without_tilde, MANDING),
)


def _linguist(text: str, reading: Reading) -> Iterator[Spot]:
    yield from sorted(spot for rule in _LINGUIST for spot in rule(text, reading))


# --- figures and dates


def _digits(hit: re.Match[str]) -> str:
    return re.sub(r"\D", "", hit[0])


def _date(hit: re.Match[str]) -> str:
    return (f"{int(hit[1]):02d}/" if hit[1] else "") + MONTHS[hit[2].lower()]


RULES: dict[str, Rule] = {
    "not_gsm7": _outside,
    "emoji": _where(EMOJI, lambda _: ""),
    "no_sms_profile": _each(_has_no_profile, lambda _: None),
    "combining_mark": _where(f"[{MARKS}]", lambda _: ""),
    "mixed_orthography": _mixed,
    "old_letters_in_official": _old_in_official,
    "tone_mark": _each(_has_tone, toneless, MANDING),
    "linguist_sign": _linguist,
    "accent_suggested": _where(f"[{''.join(FRENCH)}]", lambda hit: FRENCH[hit[0]], "french"),
    "confusable_word": _where(_word(CONFUSABLE, "(?i:e?s?)"), lambda hit: CONFUSABLE[hit[1].lower()], "french"),
    "capital_open_vowel": _where("[ƐƆ]", lambda hit: hit[0].lower(), MANDING),
    "foreign_accent": _where(f"[{FOREIGN}]", lambda hit: toneless(hit[0]), MANDING),
    # Two digits on both sides are a date as an SMS writes it, 09/08.
    "fraction": _where(
        rf"(?<![\d/.,])(?!\d\d/\d\d)\d{{1,2}}/\d{{1,2}}(?![\d/])(?! ?(?!{NO_UNIT}\b)[^\W\d])", lambda _: None
    ),
    "number_grouping": _where(r"(?<![\w/.,:+])[1-9]\d{0,2}(?:[ .,]\d{3})+(?!\d)", _digits),
    "month_name": _where(rf"(?:(?<!\d)(\d{{1,2}})(?:er)? )?{_word(MONTHS)}", _date),
    "too_long": _over,
    "extension_character": _where(f"[{re.escape(''.join(EXTENSION))}]", lambda hit: EXTENSION[hit[0]]),
}
ON_AIR = {"not_gsm7", "too_long"}  # the others look at the text in its own letters
# Where the suggestions need no second thought; elsewhere a person chooses, letter by letter.
MENDED = {
    "accent_suggested",
    "combining_mark",
    "mixed_orthography",
    "number_grouping",
    "old_letters_in_official",
    "tone_mark",
}
