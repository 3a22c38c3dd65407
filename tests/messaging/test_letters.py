"""What a text costs: the agreed vectors, and what must hold for any text."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import letters

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "segments_vectors.json").read_text("utf-8"))["vectors"]

ANY_LETTERS = st.text(st.characters(exclude_categories=["Cs"]))
# Short alphabets repeated: texts of several segments with pairs at the borders.
LONG = st.lists(st.sampled_from(["a", "é", "€", "|", "aaaaaaa", "b" * 60, "\r\n"]), max_size=120).map("".join)
LONG_DEAR = st.lists(st.sampled_from(["a", "ɛ", "😀", "👩🏿", "b" * 31, "€"]), max_size=90).map("".join)
TEXTS = st.one_of(ANY_LETTERS, LONG, LONG_DEAR)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_agreed_vector(vector):
    text = vector["text"]

    assert letters.measure(text) == letters.Size(
        vector["encoding"], vector["units"], vector["segments"], tuple(vector["segment_units"])
    )
    assert letters.encoding(text) == vector["encoding"]
    assert letters.units(text) == vector["units"]
    assert letters.segments(text) == vector["segments"]
    assert letters.segment_units(text) == vector["segment_units"]


def test_all_vectors_are_there():
    assert len(VECTORS) == 104


@given(TEXTS)
def test_segments_add_up_and_each_fits(text):
    size = letters.measure(text)
    room = letters.ALONE if size.segments == 1 else letters.JOINED

    assert sum(size.segment_units) == size.units
    assert len(size.segment_units) == size.segments >= 1
    assert max(size.segment_units) <= room[size.encoding]


@given(TEXTS)
def test_parts_joined_are_the_text_and_fill_the_segments(text):
    parts = letters.split(text)

    assert "".join(parts) == text
    weights = [sum(weight(char, letters.encoding(text)) for char in part) for part in parts]
    assert weights == letters.segment_units(text)


def weight(char, encoding):
    return 1 + (char in letters.EXTENSION if encoding == "GSM-7" else char > "\uffff")


@given(TEXTS)
def test_a_segment_ends_only_where_the_next_letter_does_not_fit(text):
    parts, kind = letters.split(text), letters.encoding(text)
    for part, following in pairwise(parts):
        used = sum(weight(char, kind) for char in part)
        assert used + weight(following[0], kind) > letters.JOINED[kind]


@given(TEXTS)
def test_dear_letters_are_why_a_text_is_ucs2(text):
    found = letters.dear(text)

    assert bool(found) == (letters.encoding(text) == "UCS-2") == (not letters.is_gsm7(text))
    assert all(text[one.index] == one.char for one in found)
    cheap = "".join(char for index, char in enumerate(text) if index not in {one.index for one in found})
    assert letters.is_gsm7(cheap)


def test_dear_letters_carry_place_and_code():
    assert letters.dear("être à ɲ 😀") == [
        letters.Dear(0, "ê", "U+00EA"),
        letters.Dear(7, "ɲ", "U+0272"),
        letters.Dear(9, "😀", "U+1F600"),
    ]


def test_the_table_has_each_code_once():
    assert len(letters.BASIC) == len(set(letters.BASIC)) == 128
    assert letters.BASIC.index("\n") == 0x0A
    assert letters.BASIC.index("\x1b") == 0x1B
    assert letters.BASIC.index("A") == 0x41
    assert not set(letters.EXTENSION) & set(letters.BASIC)


VALUES = [
    ("French circumflex", "Bê", "Be"),
    ("letters of GSM-7 stay", "Kendié à Ségué Çà", "Kendié à Ségué Çà"),
    ("small cedilla", "Français", "Francais"),
    ("accented capitals", "À Êtes ÎLE Ô ÙÛ", "A Etes ILE O UU"),
    ("NFD", "Pre\u0301parez", "Préparez"),
    ("mark behind an invisible sign", "Pre\u200b\u0301parez", "Préparez"),
    ("official letters", "safunɛ, tɔrɔ", "safunè, tòrò"),
    ("nasals", "ɲininkali saŋge", "nyininkali sangge"),
    ("one capital nasal", "Ɲininkali Ŋa", "Nyininkali Nga"),
    ("capital nasal among capitals", "ƝININKALI BAŊ", "NYININKALI BANG"),
    ("capital open vowels are lowered", "DƐMƐ Ɔwɔ", "DèMè òwò"),
    ("apostrophe", "K’a", "K'a"),
    ("guillemets", "« Dandoli »", '"Dandoli"'),
    ("curly quotes", "“Radio” ‘Kita’", "\"Radio\" 'Kita'"),
    ("dashes and dots", "Bara–Sara… − •", "Bara-Sara... - -"),
    ("ligatures", "l’œuf Œuf ŒUF", "l'oeuf Oeuf OEUF"),
    ("fraction after a digit", "1½ tasse", "1 1/2 tasse"),
    ("fraction alone", "½ tasse", "1/2 tasse"),
    ("number sign", "club nº 4, N° 5", "club no 4, No 5"),
    ("degrees are no number sign", "38 °C", "38 °C"),
    ("odd blanks", "\u00a0Pignari\u202f\tBana ", "Pignari Bana"),
    ("invisible signs", "So\u00adro\u200bly\ufeff", "Soroly"),
    ("times", "3×4", "3x4"),
    ("line ends", "a \r\n b\rc", "a\nb\nc"),
    ("another script is left", "ߛߌ", "ߛߌ"),
    ("empty", "", ""),
]


@pytest.mark.parametrize(("value", "spelt"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_value_of_a_slot(value, spelt):
    assert letters.sms_value(value) == spelt


@given(st.text("aàâçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛŸŒɛɔɲŋƐƆƝŊ’«» \u00a0-–…½0123456789"))
def test_value_in_french_and_official_letters_is_always_cheap(value):
    assert letters.is_gsm7(letters.sms_value(value))
    assert letters.sms_value(letters.sms_value(value)) == letters.sms_value(value)
