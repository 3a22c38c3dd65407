"""How a text is folded so that spellings meet, for matching only; knows no keyword and changes nothing stored."""

from __future__ import annotations

import re
import unicodedata

# U+034F, U+061C and U+180E are invisible too; phones and contact lists leave such signs inside numbers and words.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# NFKC would tear the acute accent typed for an apostrophe into a blank and a mark: it is saved before.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("’‘‚‛ʼʹ′´`‹›", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys(map(chr, [*range(0x2010, 0x2016), 0x2212]), "-"),
    }
)
_LETTERS = str.maketrans(
    {"ɛ": "e", "ɔ": "o", "ɲ": "n", "ŋ": "n", "œ": "oe", "Ɛ": "E", "Ɔ": "O", "Ɲ": "N", "Ŋ": "N", "Œ": "OE"}
)
_DOUBLED = re.compile(r"([^\W\d_])\1+")
_WORD = re.compile(r"[^\W\d_]+")


def plain(text: str, lower: bool = True) -> str:
    """Fold a text: plain letters, digits 0 to 9, straight quotes, `-` for each dash, single blanks, no accents.

    With `lower=False` capitals stay, for the reader of numbers that must tell I from i. One line without blanks at
    its ends; empty when nothing is left. Folding twice gives the same.

    Source: the grammar of incoming SMS, normalisation, rules 1 to 7.
    """
    text = unicodedata.normalize("NFKC", text.translate(_SIGNS))
    text = _INVISIBLE.sub("", text).translate(_SIGNS)
    text = _without_marks(_digits(text)).translate(_LETTERS)
    text = " ".join(text.split())
    return text.lower() if lower else text


def undouble(text: str) -> str:
    """Write doubled letters once (`sttop` is `stop`), digits stay; for stop, help and language words only.

    Source: the grammar of incoming SMS, normalisation, rule 9.
    """
    return _DOUBLED.sub(r"\1", text)


def words(text: str) -> list[str]:
    """Give the runs of letters of a folded text, in order; all else counts as a blank."""
    return _WORD.findall(text)


def _digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def _without_marks(text: str) -> str:
    """Take away combining marks, the ring of a keycap emoji too."""
    if text.isascii():
        return text
    bare = (char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) not in ("Mn", "Me"))
    return unicodedata.normalize("NFC", "".join(bare))
