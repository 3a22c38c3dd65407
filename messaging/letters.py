"""What a text costs on the air: alphabet, units and segments; knows nothing of languages, prices and members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038 v18, 6.2.1: the place in this string is the code, 0x00 to 0x7F. 0x1B, the escape, is no letter.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038 v18, 6.2.1.1: sent as the escape and this code, so each takes two septets.
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
# 3GPP TS 23.040, 9.2.3.24.1: a segment of a longer text loses 6 octets to the header that joins the segments.
ALONE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
JOINED: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}

_DEAR = re.compile("[^" + re.escape(BASIC.replace("\x1b", "") + "".join(EXTENSION)) + "]")
_WIDE: dict[Encoding, re.Pattern[str]] = {
    "GSM-7": re.compile("[" + re.escape("".join(EXTENSION)) + "]"),
    "UCS-2": re.compile("[\U00010000-\U0010ffff]"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a text takes: units are septets (GSM-7) or UTF-16 code units (UCS-2), in all and in each segment."""

    encoding: Encoding
    units: int
    segments: int
    segment_units: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dear:
    """One character that makes a text UCS-2: its place (in characters, from 0) and its code such as `U+00EA`."""

    index: int
    char: str
    code: str


def is_gsm7(text: str) -> bool:
    """Tell whether every character is in the GSM 7-bit alphabet or its extension; a bare ESC is not.

    Source: 3GPP TS 23.038.
    """
    return _DEAR.search(text) is None


def encoding(text: str) -> Encoding:
    """Give the cheapest encoding that keeps each character; one character outside GSM-7 makes the whole text UCS-2."""
    return "GSM-7" if is_gsm7(text) else "UCS-2"


def units(text: str) -> int:
    """Count septets (GSM-7, an extension character is 2) or UTF-16 code units (UCS-2, above U+FFFF 2); empty is 0."""
    return _units(text, encoding(text))


def segments(text: str) -> int:
    """Count the SMS segments that the text costs as it stands: 1 or more (the empty text counts as 1).

    One segment holds 160 GSM-7 septets or 70 UTF-16 units; each of several segments holds 153 or 67.
    An escape pair or a surrogate pair is never cut. The text is not normalised.

    Source: 3GPP TS 23.038 (alphabet), TS 23.040 (concatenation).
    """
    return measure(text).segments


def segment_units(text: str) -> list[int]:
    """Give the units of each segment, in order; their sum is `units(text)`; the empty text gives `[0]`."""
    return list(measure(text).segment_units)


def split(text: str) -> list[str]:
    """Cut the text where the segments end; joined again the parts are the text; the empty text gives one empty part."""
    kind = encoding(text)
    return [text] if _units(text, kind) <= ALONE[kind] else _parts(text, kind)


def measure(text: str) -> Size:
    """Give encoding, units and segments in one go; the text is counted exactly as it stands, without NFC."""
    kind = encoding(text)
    total = _units(text, kind)
    filled = _filled(text, kind, total)
    return Size(kind, total, len(filled), filled)


def dear(text: str) -> list[Dear]:
    """List each character outside GSM-7, in the order of the text; empty when the text is GSM-7."""
    return [Dear(hit.start(), hit[0], f"U+{ord(hit[0]):04X}") for hit in _DEAR.finditer(text)]


def _units(text: str, kind: Encoding) -> int:
    return len(text) + len(_WIDE[kind].findall(text))


def _filled(text: str, kind: Encoding, total: int) -> tuple[int, ...]:
    if total <= ALONE[kind]:
        return (total,)
    if total > len(text):
        return tuple(_units(part, kind) for part in _parts(text, kind))
    # Without a pair nothing can straddle a border, so plain division is right and much faster.
    whole, rest = divmod(total, JOINED[kind])
    return (JOINED[kind],) * whole + ((rest,) if rest else ())


def _parts(text: str, kind: Encoding) -> list[str]:
    room, is_wide = JOINED[kind], _WIDE[kind].match
    parts, start, used = [], 0, 0
    for index, char in enumerate(text):
        weight = 2 if is_wide(char) else 1
        if used + weight > room:
            parts.append(text[start:index])
            start, used = index, 0
        used += weight
    return [*parts, text[start:]]
